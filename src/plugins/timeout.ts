/** Waiting that ends. */
import { setTimeout as delay } from 'node:timers/promises';

/** What the work resolves with; rejects with `message` when that takes longer than `timeMs`. The work itself is not ended. */
export async function withTimeout<T>(
  timeMs: number,
  work: Promise<T> | T,
  message: string | (() => string),
): Promise<T> {
  const done = new AbortController();
  const late = delay(timeMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(typeof message === 'string' ? message : message());
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

/** What is said of a start that took too long: the last thing the plugin said is where it got stuck. */
export function lateStart(timeMs: number, lastSaid: string | null): string {
  const stuck = lastSaid === null ? 'It has said nothing meanwhile.' : `The last it said: ${lastSaid}`;
  return `It had not started after ${Math.round(timeMs / 1_000)} seconds. ${stuck}`;
}
