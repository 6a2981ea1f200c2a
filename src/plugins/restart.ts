/** When a plugin that failed is started again: a pure policy. */
import type { PluginTimes } from '../common/config.js';

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
  { firstRestart, longestRestart, settled }: Pick<PluginTimes, 'firstRestart' | 'longestRestart' | 'settled'>,
): Restart {
  const count = ranFor >= settled ? 1 : failures + 1;
  return { failures: count, delay: Math.min(longestRestart, firstRestart * 2 ** Math.min(count - 1, 30)) };
}
