/** When something that failed is started again: a pure policy. */
import { backOff } from './back-off.js';

/** Milliseconds. */
export interface RestartTimes {
  /** The wait before it is started again: doubles from the first to the longest; well for so long, it begins anew. */
  readonly firstRestart: number;
  readonly longestRestart: number;
  readonly settled: number;
}

export interface Restart {
  /** Failures in a row, this one included: the count to hand in next time. */
  failures: number;
  /** Milliseconds to wait. */
  delay: number;
}

/**
 * @param failures failures in a row before this one
 * @param ranFor milliseconds it had run when it failed; 0 when it never started
 */
export function planRestart(
  failures: number,
  ranFor: number,
  { firstRestart, longestRestart, settled }: RestartTimes,
): Restart {
  const count = ranFor >= settled ? 1 : failures + 1;
  return { failures: count, delay: backOff(count - 1, { first: firstRestart, longest: longestRestart }) };
}
