/** Rows of training_jobs, which are the training queue: how one is read, and how one comes to wait. */
import { randomUUID } from 'node:crypto';
import type { TrainingStatus } from './generated/client.js';
import type { SqlSession } from './sql.js';

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
  /** How often it was begun. */
  attempts: number;
  /** A job that failed waits until then; null where it need not. */
  notBefore: Date | null;
  createdAt: Date;
}

/** Columns of a job under their record names. */
export const JOB_COLUMNS = `training_jobs.id, training_jobs.member_id AS "memberId", position, status, step, total_steps AS "totalSteps",
  loss, accuracy, pair_count AS "pairCount", encoder_version AS "encoderVersion", duration_ms AS "durationMs", error, attempts,
  not_before AS "notBefore", training_jobs.created_at AS "createdAt"`;

export type JobRow = Omit<TrainingJobRecord, 'position'> & { position: bigint | number | string };

/** Drivers disagree about bigint. */
export function jobOf<T extends JobRow>(row: T): Omit<T, 'position'> & { position: bigint } {
  return { ...row, position: BigInt(row.position) };
}

/**
 * Lets a training wait inside a running transaction. A waiting one of the member is joined, and need not wait for its next attempt
 * any longer: there is something new to learn from. Wake the queue after the commit.
 */
export async function addTraining(session: SqlSession, memberId: string): Promise<TrainingJobRecord> {
  const [row] = await session.query<JobRow>(
    `INSERT INTO training_jobs (id, member_id, status) VALUES ($1, $2, 'QUEUED')
     ON CONFLICT (member_id) WHERE status = 'QUEUED' DO UPDATE SET not_before = NULL RETURNING ${JOB_COLUMNS}`,
    [randomUUID(), memberId],
  );
  return jobOf(row);
}
