/** Event streams for readers who may be slower than the events: pending events are merged, so memory stays bounded. */
import { PalateError } from '../common/errors.js';

export interface LiveOptions<T> {
  /** Starts the source when the first event is asked for; aborting the signal ends it. */
  source: (signal: AbortSignal) => AsyncIterable<T>;
  /**
   * The event that says the same as `pending` followed by `next`, where there is one. It is tried on pending events from the newest
   * backwards until it answers.
   */
  merge: (pending: T, next: T) => T | undefined;
  /** Pending events after which a reader who does not read is given up. */
  limit: number;
  /** Aborted when the reader stops reading; a new one unless it is given. */
  stopped?: AbortController;
}

/**
 * Reads the source as fast as it comes and hands events on as fast as they are taken. `return()` aborts the source at once, also while
 * a `next()` is waiting.
 * @throws PalateError LIMIT_EXCEEDED from `next()` when more than `limit` events are pending
 */
export function live<T>(options: LiveOptions<T>): AsyncGenerator<T, void, undefined> {
  const stopped = options.stopped ?? new AbortController();
  const pending: T[] = [];
  let failure: { error: unknown } | undefined;
  let ended = false;
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const resume of waiting.splice(0)) resume();
  };

  async function read(): Promise<void> {
    try {
      for await (const event of options.source(stopped.signal)) {
        if (stopped.signal.aborted) break;
        add(event);
      }
    } catch (error) {
      if (!stopped.signal.aborted) failure = { error };
    }
    ended = true;
    wake();
  }

  function add(event: T): void {
    for (let i = pending.length - 1; i >= 0; i--) {
      const merged = options.merge(pending[i], event);
      if (merged !== undefined) {
        pending[i] = merged;
        return;
      }
    }
    pending.push(event);
    if (pending.length > options.limit) {
      pending.length = 0;
      failure = { error: new PalateError('LIMIT_EXCEEDED', 'Events were not read fast enough. Subscribe again.') };
      ended = true;
      stopped.abort();
    }
    wake();
  }

  let started = false;
  const done = { done: true as const, value: undefined };
  return {
    async next() {
      if (!started) void read();
      started = true;
      while (pending.length === 0 && !ended) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      if (pending.length > 0) return { done: false, value: pending.shift() as T };
      if (failure) {
        const { error } = failure;
        failure = undefined;
        throw error;
      }
      return done;
    },
    async return() {
      stopped.abort();
      pending.length = 0;
      failure = undefined;
      ended = true;
      wake();
      return done;
    },
    async throw(error) {
      await this.return();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
