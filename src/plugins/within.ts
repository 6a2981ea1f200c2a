/** Waiting that ends. */

/** What the work resolves with; rejects with `message` when that takes longer than `timeMs`. The work itself is not ended. */
export async function within<T>(timeMs: number, work: Promise<T> | T, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
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
