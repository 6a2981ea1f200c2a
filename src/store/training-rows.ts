/** Rows of training_jobs, which are the training queue: how one is read, and how one comes to wait. */
import { randomUUID } from 'node:crypto';
import { type Columns, columnsAs, selectionOf } from './columns.js';
import type { TrainingJob } from './generated/client.js';
import type { SqlSession } from './sql.js';

/** What is read of a job, by its column. */
const COLUMNS = {
  id: 'training_jobs.id',
  memberId: 'training_jobs.member_id',
  position: 'position',
  status: 'status',
  step: 'step',
  totalSteps: 'total_steps',
  loss: 'loss',
  accuracy: 'accuracy',
  pairCount: 'pair_count',
  encoderVersion: 'encoder_version',
  durationMs: 'duration_ms',
  error: 'error',
  attempts: 'attempts',
  notBefore: 'not_before',
  createdAt: 'training_jobs.created_at',
} as const satisfies Columns<TrainingJob>;

export type TrainingJobRecord = Pick<TrainingJob, keyof typeof COLUMNS>;

/** Columns of a job under their record names. */
export const JOB_COLUMNS = columnsAs(COLUMNS);
export const JOB_SELECTION = selectionOf(COLUMNS);

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
