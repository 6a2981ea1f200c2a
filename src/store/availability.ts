/** Whether the database can be used: noticed by whoever uses it, told to whoever asks, and looked at until it is back. */
import { setTimeout as delay } from 'node:timers/promises';
import { isStoreUnavailable, type PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import type { SqlEngine } from './sql.js';
import { asStoreError, databaseAway } from './unavailable.js';

const PROBE_MS = 1_000;
const ANSWER_MS = 3_000;

export class Availability {
  private problem: PalateError | null = null;
  private asking: Promise<PalateError | null> | undefined;
  private readonly stopped = new AbortController();
  private probing: Promise<void> | undefined;

  /** @param onBack called when it can be used again */
  constructor(
    private readonly engine: Pick<SqlEngine, 'reach' | 'probe'>,
    private readonly log: Log,
    private readonly onBack: () => void,
  ) {}

  /** The same repository, whose errors are STORE_UNAVAILABLE where the database is away or takes no writes. */
  watch<T extends object>(repository: T): T {
    const watched = Object.entries(repository).map(([name, method]) => [
      name,
      typeof method === 'function' ? this.watched(method as (...given: unknown[]) => unknown) : method,
    ]);
    return Object.fromEntries(watched) as T;
  }

  /** Null where the database answers and nothing is known to be in the way of writing. */
  check(): Promise<PalateError | null> {
    if (this.problem) return Promise.resolve(this.problem);
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.probing;
  }

  private watched(method: (...given: unknown[]) => unknown) {
    return async (...given: unknown[]) => {
      try {
        return await method(...given);
      } catch (thrown) {
        const error = asStoreError(thrown);
        throw isStoreUnavailable(error) ? this.lost(error) : error;
      }
    };
  }

  private async ask(): Promise<PalateError | null> {
    const late = delay(ANSWER_MS, databaseAway(), { ref: false });
    const reached = this.engine.reach().then(
      () => null,
      (error: unknown) => asStoreError(error),
    );
    const error = await Promise.race([reached, late]);
    if (isStoreUnavailable(error)) this.lost(error);
    return this.problem;
  }

  /** Returns what is known to be wrong: of a database that gave up, the disk may tell more than the connections that it took along. */
  private lost(problem: PalateError): PalateError {
    if (this.problem) return this.problem;
    if (this.stopped.signal.aborted) return problem;
    this.problem = problem;
    this.log.error({ err: problem.cause ?? problem }, problem.message);
    this.probing = this.probe();
    return problem;
  }

  /** Tries to write until it is possible. */
  private async probe(): Promise<void> {
    const { signal } = this.stopped;
    while (this.problem) {
      await delay(PROBE_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      const error = await this.engine.probe().then(() => null, asStoreError);
      // Anything else than its absence is an answer of a database that is there.
      this.problem = isStoreUnavailable(error) ? error : null;
    }
    this.log.info('The database can be used again');
    this.onBack();
  }
}
