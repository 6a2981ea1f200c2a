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
