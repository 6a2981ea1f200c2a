/**
 * The training queue: pg-boss on the store's own database. A message only says "this member's training waits"; what waits is a row
 * of training_jobs, so a message that comes twice, late or not at all (recovery sends it again) does no harm.
 */
import PgBoss from 'pg-boss';
import type { Lifecycle } from '../common/lifecycle.js';
import type { Log } from '../common/log.js';
import type { SqlEngine, SqlSession } from './sql.js';

const TRAINING = 'training';

export interface QueueOptions {
  /** Members trained at the same time in this process. */
  concurrency?: number;
  /** Seconds between looks for messages of other processes; those of this process are woken at once. */
  pollingSeconds?: number;
}

export interface TrainingQueue extends Lifecycle {
  /** Puts a member's message into the transaction of `session`; one that already waits is enough. */
  enqueue(session: SqlSession, memberId: string): Promise<void>;
  /** Call after the commit: this process's workers look at once. */
  wake(): void;
  /** Hands each message to `handler` from now on; call after start(). A handler that throws gets the message again. */
  consume(handler: (memberId: string) => Promise<void>): Promise<void>;
}

/** stop() waits for the handlers in flight; the engine stays open. */
export function createTrainingQueue(engine: SqlEngine, log: Log, options: QueueOptions = {}): TrainingQueue {
  const { concurrency = 2, pollingSeconds = 5 } = options;
  const guard = new StatementGuard();
  const workers: string[] = [];
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const boss = new PgBoss({
    db: { executeSql: (text, values) => guard.run(() => tolerantly(log, text, () => execute(engine, text, values))) },
    schedule: false,
  });
  boss.on('error', (error) => log.error({ err: error }, 'The training queue met an error'));

  const start = async () => {
    await boss.start();
    // short: at most one message a member waits; any number may be in work, which the training_jobs row decides on.
    await boss.createQueue(TRAINING, {
      name: TRAINING,
      policy: 'short',
      retryLimit: 5,
      retryDelay: 5,
      expireInSeconds: 600,
    });
  };

  const stop = async () => {
    await starting?.catch(() => undefined);
    if (starting) await boss.stop({ graceful: true, timeout: 30_000 });
    await guard.close();
  };

  return {
    start: () => {
      starting ??= start();
      return starting;
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    enqueue: async (session, memberId) => {
      const db = { executeSql: (text: string, values: unknown[]) => execute(session, text, values) };
      await boss.send(TRAINING, { memberId }, { singletonKey: memberId, db });
    },
    wake: () => {
      for (const id of workers) boss.notifyWorker(id);
    },
    consume: async (handler) => {
      for (let i = 0; i < concurrency; i++) {
        const work = async ([message]: PgBoss.Job<{ memberId: string }>[]) => {
          await handler(message.data.memberId);
          // Others may wait behind this one: look again at once instead of after the polling interval.
          boss.notifyWorker(id);
        };
        const id = await boss.work(TRAINING, { pollingIntervalSeconds: pollingSeconds, batchSize: 1 }, work);
        workers.push(id);
      }
    },
  };
}

/** pg-boss sends several statements as one text where it has no values. */
async function execute(
  session: SqlSession,
  text: string,
  values?: unknown[],
): Promise<{ rows: Record<string, unknown>[] }> {
  return { rows: values?.length ? await session.query(text, values) : await session.script(text) };
}

/**
 * Nobody awaits pg-boss when it marks a message done or failed, so an error there would end the process. The message then only
 * expires and comes again, which the training_jobs row makes harmless.
 */
async function tolerantly(
  log: Log,
  text: string,
  statement: () => Promise<{ rows: Record<string, unknown>[] }>,
): Promise<{ rows: Record<string, unknown>[] }> {
  if (!/^\s*WITH (results|deleted_jobs) AS/.test(text)) return statement();
  return statement().catch((err) => {
    log.error({ err }, 'A training message could not be marked as done');
    return { rows: [{ count: '0' }] };
  });
}

/**
 * pg-boss leaves statements behind (it does not await completing a message, and its loops end a moment after stop()). This waits for
 * those that run and lets later ones rest forever, so that none reaches a closed database.
 */
class StatementGuard {
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;

  run<T>(statement: () => Promise<T>): Promise<T> {
    if (this.closed) return new Promise<T>(() => undefined);
    const promise = statement();
    const settled = promise.then(
      () => undefined,
      () => undefined,
    );
    this.running.add(settled);
    settled.then(() => this.running.delete(settled));
    return promise;
  }

  async close(): Promise<void> {
    // Completing a message is sent just after its handler ends: give it the turn of the loop it needs.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.running.size > 0) await Promise.all(this.running);
    this.closed = true;
  }
}
