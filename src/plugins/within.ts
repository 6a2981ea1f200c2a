/** Waiting that ends. */

/** What the work resolves with; rejects with `message` when that takes longer than `timeMs`. The work itself is not ended. */
export async function within<T>(timeMs: number, work: Promise<T> | T, message: string | (() => string)): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(typeof message === 'string' ? message : message())), timeMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is said of a start that took too long: the last thing the plugin said is where it got stuck. */
export function lateStart(timeMs: number, lastSaid: string | null): string {
  const stuck = lastSaid === null ? 'It has said nothing meanwhile.' : `The last it said: ${lastSaid}`;
  return `It had not started after ${Math.round(timeMs / 1_000)} seconds. ${stuck}`;
}

/** Resolves after `timeMs`, or at once when the signal aborts. */
export function pause(timeMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeMs);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}
