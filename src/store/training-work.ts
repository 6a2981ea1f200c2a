/**
 * Working off the rows that wait: taken by one worker of one process at a time, kept by counting in the row, given back when they fail
 * or when their process ends. Whether a process goes on is told by its count and the watcher's own time: clocks, which step, are not compared.
 */
import type { Row, SqlEngine, SqlSession } from './sql.js';
import { JOB_COLUMNS, type JobRow, jobOf, type TrainingJobRecord } from './training-rows.js';

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
    engine.query<JobRow & { more: boolean; tasteDigest: string | null }>(CLAIM, [memberId ?? null]),
  );
  if (!row) return null;
  const { more, ...job } = row;
  return { job: jobOf(job), more };
}

/** One that would wait for longer than it was told to is due as well: the clock was set back. */
const DUE = `status = 'QUEUED' AND (not_before IS NULL OR not_before <= now()
    OR not_before > now() + COALESCE(pause_ms, 0) * interval '1 millisecond')`;

const CLAIM = `
  WITH next AS (
    SELECT id FROM training_jobs q
    WHERE ${DUE} AND ($1::uuid IS NULL OR member_id = $1) AND NOT EXISTS (SELECT 1 FROM training_jobs r WHERE r.member_id = q.member_id AND r.status = 'RUNNING')
    ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED
  )
  UPDATE training_jobs SET status = 'RUNNING', attempts = attempts + 1, not_before = NULL, error = NULL, started_at = now(), beats = 0
  FROM next WHERE training_jobs.id = next.id
  RETURNING ${JOB_COLUMNS}, (SELECT taste_digest FROM members m WHERE m.id = training_jobs.member_id) AS "tasteDigest",
    EXISTS (SELECT 1 FROM training_jobs w WHERE w.id <> training_jobs.id AND w.${DUE}) AS more`;

/** Says that the job is still in work. */
export async function beatTraining(engine: SqlEngine, { id, attempts }: TrainingJobRecord): Promise<void> {
  await engine.query(
    `UPDATE training_jobs SET beats = beats + 1 WHERE id = $1 AND status = 'RUNNING' AND attempts = $2`,
    [id, attempts],
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
  UPDATE training_jobs SET error = $3, step = 0,
    status = CASE WHEN $5::float8 IS NULL THEN 'FAILED' WHEN ${ANOTHER_WAITS} THEN 'CANCELLED' ELSE 'QUEUED' END::"TrainingStatus",
    not_before = CASE WHEN $5::float8 IS NOT NULL AND NOT ${ANOTHER_WAITS} THEN now() + $5::float8 * interval '1 millisecond' END,
    pause_ms = CEIL($5::float8)::int,
    finished_at = CASE WHEN $5::float8 IS NULL OR ${ANOTHER_WAITS} THEN now() END,
    duration_ms = CASE WHEN $5::float8 IS NULL OR ${ANOTHER_WAITS} THEN $4::int END
  WHERE id = $1 AND status = 'RUNNING' AND attempts = $2
  RETURNING ${JOB_COLUMNS}`;

/** A job that waits or is in work is CANCELLED; null for any other. What it was to learn from waits for the next one. */
export async function cancelTraining(engine: SqlEngine, id: string): Promise<TrainingJobRecord | null> {
  const [row] = await engine.query<JobRow>(
    `UPDATE training_jobs SET status = 'CANCELLED', not_before = NULL, finished_at = now(), error = 'Cancelled on request.'
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

/** A job in work as a look finds it. */
interface Beat extends Row {
  id: string;
  attempts: number;
  beats: number;
}

/** Jobs in work whose count stays the same while this process watches: theirs has ended. */
export class SilentTrainings {
  private watched = new Map<string, { mark: string; since: number }>();

  /** `silentMs`: how long the count stays the same then. `clock` in milliseconds, never set back. */
  constructor(
    private readonly silentMs: number,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Looks again, and returns those that have been silent for long enough. */
  async find(session: SqlSession): Promise<Beat[]> {
    const running = await session.query<Beat>(`SELECT id, attempts, beats FROM training_jobs WHERE status = 'RUNNING'`);
    const now = this.clock();
    const before = this.watched;
    this.watched = new Map(
      running.map(({ id, attempts, beats }) => {
        const mark = `${attempts}/${beats}`;
        const known = before.get(id);
        return [id, known?.mark === mark ? known : { mark, since: now }];
      }),
    );
    return running.filter(({ id }) => now - (this.watched.get(id)?.since ?? now) >= this.silentMs);
  }
}

/**
 * Takes up what ended processes left: the jobs among `silent` that still are (with 'ALL' every one in work) wait again, are CANCELLED
 * where another of the member waits, and FAILED where they have been begun `maximumAttempts` times. Returns what changed.
 */
export async function recoverTrainings(
  engine: SqlEngine,
  silent: readonly Beat[] | 'ALL',
  maximumAttempts: number,
): Promise<TrainingJobRecord[]> {
  const some = silent === 'ALL' ? [] : silent;
  if (silent !== 'ALL' && some.length === 0) return [];
  const [ids, attempts, beats] = [
    some.map((job) => job.id),
    some.map((job) => job.attempts),
    some.map((job) => job.beats),
  ];
  const attempt = () => engine.query<JobRow>(RECOVER, [silent === 'ALL', maximumAttempts, ids, attempts, beats]);
  return (await once(attempt, attempt)).map(jobOf);
}

const RECOVER = `
  UPDATE training_jobs SET step = 0,
    status = CASE WHEN ${ANOTHER_WAITS} THEN 'CANCELLED' WHEN attempts >= $2 THEN 'FAILED' ELSE 'QUEUED' END::"TrainingStatus",
    finished_at = CASE WHEN ${ANOTHER_WAITS} OR attempts >= $2 THEN now() END,
    error = CASE WHEN ${ANOTHER_WAITS} THEN 'The process ended; a later training of the member took over.'
      WHEN attempts >= $2 THEN 'The process ended in every attempt.' END
  WHERE status = 'RUNNING' AND ($1 OR (id, attempts, beats) IN (SELECT * FROM unnest($3::uuid[], $4::int[], $5::int[])))
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
