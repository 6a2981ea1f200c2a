/**
 * Working off the rows that wait: taken by one worker of one process at a time, kept by a lease, given back when they fail or when
 * their process ends. Times are the database's.
 */
import type { SqlEngine, SqlSession } from './sql.js';
import { JOB_COLUMNS, type JobRow, jobOf, type TrainingJobRecord } from './training-rows.js';

/** A job that is not heard of for so long was left behind by a process that ended. */
export const LEASE_MS = 60_000;

export interface ClaimedJob extends TrainingJobRecord {
  /** The imported taste that the member's encoder starts from; null where there is none. */
  tasteDigest: string | null;
}

export interface Claim {
  job: ClaimedJob;
  /** Others wait as well. */
  more: boolean;
}

/** Takes the job that has waited longest, of a member of whom none is in work (or of this member only); null when there is none. */
export async function claimTraining(engine: SqlEngine, memberId?: string): Promise<Claim | null> {
  const [row] = await once(() =>
    engine.query<JobRow & { more: boolean; tasteDigest: string | null }>(CLAIM, [LEASE_MS, memberId ?? null]),
  );
  if (!row) return null;
  const { more, ...job } = row;
  return { job: jobOf(job), more };
}

const DUE = `status = 'QUEUED' AND (not_before IS NULL OR not_before <= now())`;

const CLAIM = `
  WITH next AS (
    SELECT id FROM training_jobs q
    WHERE ${DUE} AND ($2::uuid IS NULL OR member_id = $2) AND NOT EXISTS (SELECT 1 FROM training_jobs r WHERE r.member_id = q.member_id AND r.status = 'RUNNING')
    ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED
  )
  UPDATE training_jobs SET status = 'RUNNING', attempts = attempts + 1, not_before = NULL, error = NULL, started_at = now(),
    lease_until = now() + $1 * interval '1 millisecond'
  FROM next WHERE training_jobs.id = next.id
  RETURNING ${JOB_COLUMNS}, (SELECT taste_digest FROM members m WHERE m.id = training_jobs.member_id) AS "tasteDigest",
    EXISTS (SELECT 1 FROM training_jobs w WHERE w.id <> training_jobs.id AND w.${DUE}) AS more`;

/** Says that the job is still in work. */
export async function extendLease(engine: SqlEngine, { id, attempts }: TrainingJobRecord): Promise<void> {
  await engine.query(
    `UPDATE training_jobs SET lease_until = now() + $3 * interval '1 millisecond' WHERE id = $1 AND status = 'RUNNING' AND attempts = $2`,
    [id, attempts, LEASE_MS],
  );
}

/**
 * Ends an attempt that failed: the job waits for `retryAfterMs`, is CANCELLED where another of the member waits anyway, or is
 * FAILED where `retryAfterMs` is null. Null when the job is no longer this attempt's.
 */
export async function failTraining(
  engine: SqlEngine,
  { id, attempts }: TrainingJobRecord,
  failure: { error: string; durationMs: number; retryAfterMs: number | null },
): Promise<TrainingJobRecord | null> {
  const { error, durationMs, retryAfterMs } = failure;
  const attempt = () => engine.query<JobRow>(FAIL, [id, attempts, error, durationMs, retryAfterMs]);
  // A vote may let another job wait just between the look and the change.
  const [row] = await once(attempt, attempt);
  return row ? jobOf(row) : null;
}

const ANOTHER_WAITS = `EXISTS (SELECT 1 FROM training_jobs q WHERE q.member_id = training_jobs.member_id AND q.status = 'QUEUED')`;

const FAIL = `
  UPDATE training_jobs SET error = $3, step = 0, lease_until = NULL,
    status = CASE WHEN $5::float8 IS NULL THEN 'FAILED' WHEN ${ANOTHER_WAITS} THEN 'CANCELLED' ELSE 'QUEUED' END::"TrainingStatus",
    not_before = CASE WHEN $5::float8 IS NOT NULL AND NOT ${ANOTHER_WAITS} THEN now() + $5::float8 * interval '1 millisecond' END,
    finished_at = CASE WHEN $5::float8 IS NULL OR ${ANOTHER_WAITS} THEN now() END,
    duration_ms = CASE WHEN $5::float8 IS NULL OR ${ANOTHER_WAITS} THEN $4::int END
  WHERE id = $1 AND status = 'RUNNING' AND attempts = $2
  RETURNING ${JOB_COLUMNS}`;

/** A job that waits or is in work is CANCELLED; null for any other. What it was to learn from waits for the next one. */
export async function cancelTraining(engine: SqlEngine, id: string): Promise<TrainingJobRecord | null> {
  const [row] = await engine.query<JobRow>(
    `UPDATE training_jobs SET status = 'CANCELLED', not_before = NULL, lease_until = NULL, finished_at = now(), error = 'Cancelled on request.'
     WHERE id = $1 AND status IN ('QUEUED', 'RUNNING') RETURNING ${JOB_COLUMNS}`,
    [id],
  );
  return row ? jobOf(row) : null;
}

/** Everything that waits or is in work, in any process. */
export async function openTrainings(session: SqlSession): Promise<TrainingJobRecord[]> {
  const rows = await session.query<JobRow>(
    `SELECT ${JOB_COLUMNS} FROM training_jobs WHERE status IN ('QUEUED', 'RUNNING') ORDER BY position`,
  );
  return rows.map(jobOf);
}

/**
 * Takes up what ended processes left: jobs whose lease has run out (or, with `all`, every one in work) wait again, are CANCELLED
 * where another of the member waits, and FAILED where they have been begun `maximumAttempts` times. Returns what changed.
 */
export async function recoverTrainings(
  engine: SqlEngine,
  { all, maximumAttempts }: { all: boolean; maximumAttempts: number },
): Promise<TrainingJobRecord[]> {
  const attempt = () => engine.query<JobRow>(RECOVER, [all, maximumAttempts]);
  return (await once(attempt, attempt)).map(jobOf);
}

const RECOVER = `
  UPDATE training_jobs SET step = 0, lease_until = NULL,
    status = CASE WHEN ${ANOTHER_WAITS} THEN 'CANCELLED' WHEN attempts >= $2 THEN 'FAILED' ELSE 'QUEUED' END::"TrainingStatus",
    finished_at = CASE WHEN ${ANOTHER_WAITS} OR attempts >= $2 THEN now() END,
    error = CASE WHEN ${ANOTHER_WAITS} THEN 'The process ended; a later training of the member took over.'
      WHEN attempts >= $2 THEN 'The process ended in every attempt.' END
  WHERE status = 'RUNNING' AND ($1 OR lease_until IS NULL OR lease_until <= now())
  RETURNING ${JOB_COLUMNS}`;

const UNIQUE_VIOLATION = '23505';

/** Runs the statement; where another process was quicker with the same member, `otherwise`, else nothing comes of it. */
async function once<T>(statement: () => Promise<T[]>, otherwise: () => Promise<T[]> = async () => []): Promise<T[]> {
  try {
    return await statement();
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    return otherwise();
  }
}
