/** What other processes on the same PostgreSQL server do; an embedded database has no others. */
import type { SqlEngine } from './sql.js';
import { JOB_COLUMNS, type JobRow, jobOf, type TrainingJobRecord } from './training-rows.js';

export interface OtherProcessesWatcher {
  /** A training job as it is after another process changed it. Changes come in order; a later state may be told twice. */
  trainingJob(job: TrainingJobRecord): void;
  /** Another process forgot the member. */
  forgotten(memberId: string): void;
  /** The connection was lost for a while: changes may have been missed. */
  missed(): void;
  /** Of a connection that is lost: once, until it is back. */
  failed(error: unknown): void;
}

export interface OtherProcesses {
  /** Tells of what others do from now on, until the returned function is called; it resolves when nothing more is told. */
  watch(watcher: OtherProcessesWatcher): Promise<() => Promise<void>>;
}

/** Told by triggers, with the name of the process that did it before the id. */
const TRAINING_JOBS = 'palate_training_jobs';
const FORGOTTEN = 'palate_forgotten';

export function otherProcesses(engine: SqlEngine): OtherProcesses {
  return {
    watch: async (watcher) => {
      const { notifications } = engine;
      if (!notifications) return async () => undefined;
      // One after the other, so that no older state of a job is told behind a newer one.
      let told: Promise<void> = Promise.resolve();
      const tell = (channel: string, id: string) => {
        told = told.then(() => tellOf(engine, watcher, channel, id)).catch((error) => watcher.failed(error));
      };
      const stop = await notifications.listen([TRAINING_JOBS, FORGOTTEN], {
        onMessage: (channel, payload) => {
          const [process, id] = payload.split(' ');
          if (process !== notifications.process) tell(channel, id);
        },
        onReconnect: () => watcher.missed(),
        onError: (error) => watcher.failed(error),
      });
      return async () => {
        await stop();
        await told;
      };
    },
  };
}

async function tellOf(engine: SqlEngine, watcher: OtherProcessesWatcher, channel: string, id: string): Promise<void> {
  if (channel === FORGOTTEN) return watcher.forgotten(id);
  const [row] = await engine.query<JobRow>(`SELECT ${JOB_COLUMNS} FROM training_jobs WHERE id = $1`, [id]);
  if (row) watcher.trainingJob(jobOf(row));
}
