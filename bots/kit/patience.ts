/** Waiting, and asking the service again where that may help. */
import { setTimeout as delay } from 'node:timers/promises';
import { PalateClientError } from '../../src/client/index.js';
import { isPassing, retryDelay } from './problem.js';

const ATTEMPTS = 5;

/** Asks up to six times, waiting as long as the service says: somebody who presses fast comes up against its limits. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt >= ATTEMPTS || !(error instanceof PalateClientError) || !isPassing(error.code)) throw error;
      await delay(retryDelay(attempt, error.retryAfterMs), undefined, { signal });
    }
  }
}

export class TooLate extends Error {}

/** What the work resolves with; rejects with the signal's reason, or after a while with TooLate that says `why`. The work itself is not ended. */
export async function inTime<T>(
  work: Promise<T>,
  milliseconds: number,
  signal: AbortSignal,
  why: () => string,
): Promise<T> {
  const done = new AbortController();
  const late = delay(milliseconds, undefined, { signal: AbortSignal.any([signal, done.signal]) }).then(
    () => {
      throw new TooLate(why());
    },
    () => {
      throw signal.reason;
    },
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
