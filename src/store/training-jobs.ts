/** Training jobs: what waits, what runs, what came of it. */
import type { EncoderCapacity, PrismaClient } from './generated/client.js';
import type { FeatureDigests } from './generations.js';
import { lockMember, TRAINING_VERDICT_LIST } from './ledger.js';
import { type Page, type PageRequest, pageOf } from './page.js';
import type { TrainingQueue } from './queue.js';
import type { SqlEngine } from './sql.js';
import {
  addTraining,
  JOB_COLUMNS,
  JOB_SELECTION,
  type JobRow,
  jobOf,
  type TrainingJobRecord,
} from './training-rows.js';
import {
  beatTraining,
  type Claim,
  cancelTraining,
  claimTraining,
  failTraining,
  openTrainings,
  recoverTrainings,
  SilentTrainings,
} from './training-work.js';

export type { TrainingJobRecord } from './training-rows.js';

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
  /** Of one member, of everybody on one platform, or of everybody. */
  latest(memberId: string | undefined, platform?: string): Promise<TrainingJobRecord | null>;
  /** Newest first. */
  list(memberId: string | undefined, page: PageRequest, platform?: string): Promise<Page<TrainingJobRecord>>;
  /** Queues a training of the member, or joins the one that waits; null for an unknown member. */
  queue(memberId: string): Promise<TrainingJobRecord | null>;
  /** Takes the job that has waited longest, of anybody or of one member; null when none is due. One of a member is in work at a time. */
  claim(memberId?: string): Promise<Claim | null>;
  /** Says that the job is still in work. */
  extend(job: TrainingJobRecord): Promise<void>;
  /** Stores the new version and ends the job in one transaction: SUCCEEDED, or REJECTED where it was not accepted. Null: the job is another's now. */
  complete(job: TrainingJobRecord, encoder: TrainedEncoder): Promise<TrainingJobRecord | null>;
  /** Ends the attempt; the job waits for `retryAfterMs`, or is FAILED where that is null. Null: the job is another's now. */
  fail(
    job: TrainingJobRecord,
    failure: { error: string; durationMs: number; retryAfterMs: number | null },
  ): Promise<TrainingJobRecord | null>;
  /** Ends a job that waits or is in work; null for any other. */
  cancel(id: string): Promise<TrainingJobRecord | null>;
  /** Everything that waits or is in work, in any process. */
  open(): Promise<TrainingJobRecord[]>;
  /** Takes up the jobs of ended processes: those this process has watched being silent for long enough, or all that are in work. Returns what changed. */
  recover(options: { all: boolean; maximumAttempts: number }): Promise<TrainingJobRecord[]>;
  /** Queues every member whose newest version was not made of its active verdicts and taste with these digests. Returns the jobs. */
  queueOutdated(digests: FeatureDigests): Promise<TrainingJobRecord[]>;
}

function jobsOf(memberId: string | undefined, platform: string | undefined) {
  return { memberId, ...(platform !== undefined && { member: { platform } }) };
}

export function trainingJobRepository(
  prisma: PrismaClient,
  engine: SqlEngine,
  queue: TrainingQueue,
): TrainingJobRepository {
  const silent = new SilentTrainings(queue.silentMs);
  return {
    byId: (id) => prisma.trainingJob.findUnique({ where: { id }, select: JOB_SELECTION }),
    latest: (memberId, platform) =>
      prisma.trainingJob.findFirst({
        where: jobsOf(memberId, platform),
        select: JOB_SELECTION,
        orderBy: { position: 'desc' },
      }),
    list: async (memberId, page, platform) => {
      const jobs = jobsOf(memberId, platform);
      const [rows, total] = await Promise.all([
        prisma.trainingJob.findMany({
          where: { ...jobs, position: page.below === undefined ? undefined : { lt: page.below } },
          select: JOB_SELECTION,
          orderBy: { position: 'desc' },
          take: page.first + 1,
        }),
        prisma.trainingJob.count({ where: jobs }),
      ]);
      return pageOf(rows, total, page);
    },
    queue: async (memberId) => {
      const job = await queueTraining(engine, memberId);
      queue.wake();
      return job;
    },
    claim: (memberId) => claimTraining(engine, memberId),
    extend: (job) => beatTraining(engine, job),
    complete: async (job, encoder) => {
      const row = await engine.transaction(async (session) => {
        if (!(await lockMember(session, job.memberId))) return undefined;
        return (await session.query<JobRow>(COMPLETE, completeValues(job, encoder)))[0];
      });
      return row ? jobOf(row) : null;
    },
    fail: (job, failure) => failTraining(engine, job, failure),
    cancel: (id) => cancelTraining(engine, id),
    open: () => openTrainings(engine),
    recover: async ({ all, maximumAttempts }) =>
      recoverTrainings(engine, all ? 'ALL' : await silent.find(engine), maximumAttempts),
    queueOutdated: (digests) => queueOutdated(engine, queue, digests),
  };
}

function queueTraining(engine: SqlEngine, memberId: string): Promise<TrainingJobRecord | null> {
  return engine.transaction(async (session) =>
    (await lockMember(session, memberId)) ? addTraining(session, memberId) : null,
  );
}

const COMPLETE = `
  WITH stored AS (
    INSERT INTO encoder_versions (member_id, version, capacity, bytes, digest, model_digest, checkpoint_digest, accepted, reason,
      positions, ledger_position, pair_count, loss, accuracy, taste_digest)
    SELECT $2, COALESCE((SELECT max(version) FROM encoder_versions WHERE member_id = $2), 0) + 1,
      $3::"EncoderCapacity", $4::bytea, $5, $6, $7, $8, $9, $10::bigint[],
      (SELECT COALESCE(max(position), 0) FROM feedback WHERE member_id = $2), $11, $12, $13, $16
    FROM training_jobs WHERE id = $1 AND status = 'RUNNING' AND attempts = $17
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
    job.attempts,
  ];
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
       WHERE f.member_id = m.id AND f.state = 'ACTIVE' AND f.verdict IN (${TRAINING_VERDICT_LIST})) active
     CROSS JOIN LATERAL (SELECT COALESCE((SELECT t.digest FROM imported_tastes t WHERE t.member_id = m.id AND t.digest = m.taste_digest
       AND (t.model_digest, t.checkpoint_digest) = ($1, $2)), '') AS digest) taste
     WHERE active.positions IS DISTINCT FROM COALESCE(v.positions, '{}') OR taste.digest <> COALESCE(v.taste_digest, '')
       OR ((active.positions <> '{}' OR taste.digest <> '') AND (v.model_digest, v.checkpoint_digest) IS DISTINCT FROM ($1, $2))`,
    [digests.model, digests.checkpoint],
  );
  const jobs: TrainingJobRecord[] = [];
  for (const { memberId } of outdated) {
    const job = await queueTraining(engine, memberId);
    if (job) jobs.push(job);
  }
  if (jobs.length > 0) queue.wake();
  return jobs;
}
