/** Waiting, and asking the service again where that may help. */
import { PalateClientError } from '../../src/client/index.js';
import { isPassing, retryDelay } from './problem.js';

const ATTEMPTS = 5;

/** Waits; rejects with the signal's reason when the bot is to end. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Asks up to six times, waiting as long as the service says: somebody who presses fast comes up against its limits. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt >= ATTEMPTS || !(error instanceof PalateClientError) || !isPassing(error.code)) throw error;
      await pause(retryDelay(attempt, error.retryAfterMs), signal);
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
  const over = new AbortController();
  const ended = () => over.abort(signal.reason);
  const timer = setTimeout(() => over.abort(new TooLate(why())), milliseconds);
  signal.addEventListener('abort', ended, { once: true });
  if (signal.aborted) ended();
  const late = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(over.signal.reason), { once: true });
    if (over.signal.aborted) reject(over.signal.reason);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', ended);
  }
}
