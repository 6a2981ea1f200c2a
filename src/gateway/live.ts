/** Event streams for readers who may be slower than the events: what is unread is merged, so memory stays bounded. */
import { PalateError } from '../common/errors.js';
import { Stream, type StreamOptions } from '../common/stream.js';

export interface LiveOptions<T> extends Pick<StreamOptions<T>, 'subject' | 'merge'> {
  /** Starts the source when the first event is asked for; aborting the signal ends it. */
  source: (signal: AbortSignal) => AsyncIterable<T>;
  /** Aborted when nothing more is read; a new one unless it is given. */
  stopped?: AbortController;
  /** Unread events after which a reader who does not read is given up. */
  limit: number;
}

/**
 * Reads the source as fast as it comes and hands events on as fast as they are taken. `return()` aborts the source at once, also while
 * a `next()` is waiting.
 * @throws PalateError LIMIT_EXCEEDED from `next()` when more than `limit` events are unread
 */
export function live<T>({ source, stopped = new AbortController(), ...options }: LiveOptions<T>) {
  const stream = new Stream<T>({
    ...options,
    overflow: () => new PalateError('LIMIT_EXCEEDED', 'Events were not read fast enough. Subscribe again.'),
    onEnd: () => stopped.abort(),
  });
  let started = false;
  async function read(): Promise<void> {
    try {
      for await (const event of source(stopped.signal)) {
        if (stream.ended) return;
        stream.push(event);
      }
      stream.end();
    } catch (error) {
      stream.end(error);
    }
  }
  return {
    next() {
      if (!started) void read();
      started = true;
      return stream.next();
    },
    return: () => stream.return(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
