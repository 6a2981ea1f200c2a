/** Many things to look at, a few at a time. */

/** Calls `work` for each of them in order, at most `width` at once; what it throws ends the rest. */
export async function inParallel<T>(
  all: readonly T[],
  width: number,
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const walk = async () => {
    while (next < all.length) await work(all[next++]);
  };
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, walk));
}
