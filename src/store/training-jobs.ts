/** Training jobs: what waits, what runs, what came of it. */
import { randomUUID } from 'node:crypto';
import type { EncoderCapacity, PrismaClient, TrainingStatus } from './generated/client.js';
import type { FeatureDigests } from './generations.js';
import { type Page, type PageRequest, pageOf } from './page.js';
import type { TrainingQueue } from './queue.js';
import type { SqlEngine, SqlSession } from './sql.js';

export interface TrainingJobRecord {
  id: string;
  memberId: string;
  position: bigint;
  status: TrainingStatus;
  step: number;
  totalSteps: number;
  loss: number | null;
  accuracy: number | null;
  pairCount: number;
  encoderVersion: number | null;
  durationMs: number | null;
  error: string | null;
  createdAt: Date;
}

export interface TrainedEncoder {
  capacity: EncoderCapacity;
  bytes: Uint8Array;
  /** SHA-256 of `bytes`, hex. */
  digest: string;
  digests: FeatureDigests;
  /** The imported taste that it was made from; empty for the prior. */
  tasteDigest: string;
  accepted: boolean;
  reason: string | null;
  /** Ledger positions of the verdicts it was made of. */
  positions: readonly bigint[];
  pairCount: number;
  loss: number | null;
  accuracy: number | null;
  totalSteps: number;
  durationMs: number;
}

export interface TrainingJobRepository {
  byId(id: string): Promise<TrainingJobRecord | null>;
  latest(memberId: string | undefined): Promise<TrainingJobRecord | null>;
  /** Newest first. */
  list(memberId: string | undefined, page: PageRequest): Promise<Page<TrainingJobRecord>>;
  /** Queues a training of the member, or joins the one that waits; null for an unknown member. */
  queue(memberId: string): Promise<TrainingJobRecord | null>;
  /** Takes the member's waiting job; null when none waits or one runs. */
  claim(memberId: string): Promise<TrainingJobRecord | null>;
  /** Stores the new version and ends the job in one transaction: SUCCEEDED, or REJECTED where it was not accepted. */
  complete(job: TrainingJobRecord, encoder: TrainedEncoder): Promise<TrainingJobRecord | null>;
  fail(id: string, error: string, durationMs: number): Promise<TrainingJobRecord | null>;
  /**
   * After a crash: jobs that ran longer than `leaseMs` wait again (or are CANCELLED where another of the member waits), and
   * everything that waits gets its message again. Returns what waits.
   */
  recover(leaseMs: number): Promise<TrainingJobRecord[]>;
  /** Queues every member whose newest version was not made of its active verdicts and taste with these digests. Returns the jobs. */
  queueOutdated(digests: FeatureDigests): Promise<TrainingJobRecord[]>;
}

/** Columns of a job under their record names. */
const JOB_COLUMNS = `id, member_id AS "memberId", position, status, step, total_steps AS "totalSteps", loss, accuracy,
  pair_count AS "pairCount", encoder_version AS "encoderVersion", duration_ms AS "durationMs", error, created_at AS "createdAt"`;

type JobRow = Omit<TrainingJobRecord, 'position'> & { position: bigint | number | string };

/** Queues a training inside a running transaction; a waiting one of the member is joined. */
export async function queueTraining(
  session: SqlSession,
  queue: TrainingQueue,
  memberId: string,
): Promise<TrainingJobRecord> {
  const [row] = await session.query<JobRow>(
    `INSERT INTO training_jobs (id, member_id, status) VALUES ($1, $2, 'QUEUED')
     ON CONFLICT (member_id) WHERE status = 'QUEUED' DO UPDATE SET status = 'QUEUED' RETURNING ${JOB_COLUMNS}`,
    [randomUUID(), memberId],
  );
  await queue.enqueue(session, memberId);
  return recordOf(row);
}

export function trainingJobRepository(
  prisma: PrismaClient,
  engine: SqlEngine,
  queue: TrainingQueue,
): TrainingJobRepository {
  const one = async (sql: string, values: readonly unknown[]): Promise<TrainingJobRecord | null> => {
    const [row] = await engine.query<JobRow>(sql, values);
    return row ? recordOf(row) : null;
  };
  return {
    byId: (id) => prisma.trainingJob.findUnique({ where: { id } }),
    latest: (memberId) => prisma.trainingJob.findFirst({ where: { memberId }, orderBy: { position: 'desc' } }),
    list: async (memberId, page) => {
      const [rows, total] = await Promise.all([
        prisma.trainingJob.findMany({
          where: { memberId, position: page.below === undefined ? undefined : { lt: page.below } },
          orderBy: { position: 'desc' },
          take: page.first + 1,
        }),
        prisma.trainingJob.count({ where: { memberId } }),
      ]);
      return pageOf(rows, total, page);
    },
    queue: async (memberId) => {
      const job = await engine.transaction(async (session) => {
        const [member] = await session.query('SELECT 1 FROM members WHERE id = $1 FOR UPDATE', [memberId]);
        return member ? queueTraining(session, queue, memberId) : null;
      });
      queue.wake();
      return job;
    },
    claim: (memberId) =>
      one(
        `UPDATE training_jobs SET status = 'RUNNING', started_at = now()
         WHERE member_id = $1 AND status = 'QUEUED'
           AND NOT EXISTS (SELECT 1 FROM training_jobs r WHERE r.member_id = $1 AND r.status = 'RUNNING')
         RETURNING ${JOB_COLUMNS}`,
        [memberId],
      ),
    complete: (job, encoder) => one(COMPLETE, completeValues(job, encoder)),
    fail: (id, error, durationMs) =>
      one(
        `UPDATE training_jobs SET status = 'FAILED', error = $2, duration_ms = $3, finished_at = now()
         WHERE id = $1 AND status = 'RUNNING' RETURNING ${JOB_COLUMNS}`,
        [id, error, durationMs],
      ),
    recover: (leaseMs) => recoverJobs(engine, queue, leaseMs),
    queueOutdated: (digests) => queueOutdated(engine, queue, digests),
  };
}

const COMPLETE = `
  WITH stored AS (
    INSERT INTO encoder_versions (member_id, version, capacity, bytes, digest, model_digest, checkpoint_digest, accepted, reason,
      positions, pair_count, loss, accuracy, taste_digest)
    SELECT $2, COALESCE((SELECT max(version) FROM encoder_versions WHERE member_id = $2), 0) + 1,
      $3::"EncoderCapacity", $4::bytea, $5, $6, $7, $8, $9, $10::bigint[], $11, $12, $13, $16
    FROM training_jobs WHERE id = $1 AND status = 'RUNNING'
    RETURNING version
  )
  UPDATE training_jobs SET status = CASE WHEN $8 THEN 'SUCCEEDED' ELSE 'REJECTED' END::"TrainingStatus", encoder_version = stored.version,
    pair_count = $11, loss = $12, accuracy = $13, step = $14, total_steps = $14, duration_ms = $15, error = $9, finished_at = now()
  FROM stored WHERE id = $1
  RETURNING ${JOB_COLUMNS}`;

function completeValues(job: TrainingJobRecord, encoder: TrainedEncoder): unknown[] {
  return [
    job.id,
    job.memberId,
    encoder.capacity,
    encoder.bytes,
    encoder.digest,
    encoder.digests.model,
    encoder.digests.checkpoint,
    encoder.accepted,
    encoder.reason,
    encoder.positions.map(String),
    encoder.pairCount,
    encoder.loss,
    encoder.accuracy,
    encoder.totalSteps,
    encoder.durationMs,
    encoder.tasteDigest,
  ];
}

async function recoverJobs(engine: SqlEngine, queue: TrainingQueue, leaseMs: number): Promise<TrainingJobRecord[]> {
  const waiting = await engine.transaction(async (session) => {
    const stale = `status = 'RUNNING' AND started_at <= now() - $1 * interval '1 millisecond'`;
    await session.query(
      `UPDATE training_jobs SET status = 'CANCELLED', error = 'The process ended; a later training of the member took over.', finished_at = now()
       WHERE ${stale} AND EXISTS (SELECT 1 FROM training_jobs q WHERE q.member_id = training_jobs.member_id AND q.status = 'QUEUED')`,
      [leaseMs],
    );
    await session.query(`UPDATE training_jobs SET status = 'QUEUED', started_at = NULL, step = 0 WHERE ${stale}`, [
      leaseMs,
    ]);
    const rows = await session.query<JobRow>(
      `SELECT ${JOB_COLUMNS} FROM training_jobs WHERE status = 'QUEUED' ORDER BY position`,
    );
    for (const { memberId } of rows) await queue.enqueue(session, memberId);
    return rows.map(recordOf);
  });
  if (waiting.length > 0) queue.wake();
  return waiting;
}

async function queueOutdated(
  engine: SqlEngine,
  queue: TrainingQueue,
  digests: FeatureDigests,
): Promise<TrainingJobRecord[]> {
  const outdated = await engine.query<{ memberId: string }>(
    `SELECT m.id AS "memberId" FROM members m
     LEFT JOIN LATERAL (SELECT * FROM encoder_versions v WHERE v.member_id = m.id ORDER BY v.version DESC LIMIT 1) v ON true
     CROSS JOIN LATERAL (SELECT COALESCE(array_agg(f.position ORDER BY f.position), '{}') AS positions FROM feedback f
       WHERE f.member_id = m.id AND f.state = 'ACTIVE' AND f.verdict IN ('CHOSEN', 'GOOD', 'BAD')) active
     CROSS JOIN LATERAL (SELECT COALESCE((SELECT t.digest FROM imported_tastes t WHERE t.member_id = m.id AND t.digest = m.taste_digest
       AND (t.model_digest, t.checkpoint_digest) = ($1, $2)), '') AS digest) taste
     WHERE active.positions IS DISTINCT FROM COALESCE(v.positions, '{}') OR taste.digest <> COALESCE(v.taste_digest, '')
       OR ((active.positions <> '{}' OR taste.digest <> '') AND (v.model_digest, v.checkpoint_digest) IS DISTINCT FROM ($1, $2))`,
    [digests.model, digests.checkpoint],
  );
  const jobs: TrainingJobRecord[] = [];
  for (const { memberId } of outdated) {
    jobs.push(await engine.transaction((session) => queueTraining(session, queue, memberId)));
  }
  if (jobs.length > 0) queue.wake();
  return jobs;
}

/** Drivers disagree about bigint. */
function recordOf(row: JobRow): TrainingJobRecord {
  return { ...row, position: BigInt(row.position) };
}
