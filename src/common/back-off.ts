/** How long to wait before something that failed is tried again: a pure policy, and a leaf that every room may import. */

export interface BackOff {
  /** Milliseconds before the first try after a failure, and before any try at most. */
  readonly first: number;
  readonly longest?: number;
  /** What each wait is to the one before; 2 unless given. */
  readonly factor?: number;
  /** The share of each wait that is left to chance, so that many who failed together do not come back together; 0 unless given. */
  readonly spread?: number;
}

/**
 * Milliseconds to wait.
 * @param attempt failures before the one that is waited after: 0 gives the first wait
 * @param random uniform in [0, 1); asked where there is a spread, which only ever shortens a wait
 */
export function backOff(attempt: number, times: BackOff, random: () => number = Math.random): number {
  const { first, longest = Number.POSITIVE_INFINITY, factor = 2, spread = 0 } = times;
  const wait = Math.min(longest, first * factor ** attempt);
  return spread === 0 ? wait : wait * (1 - spread * random());
}
