/** How often a training is tried, and how long one that failed waits. */
import { backOff } from '../../common/back-off.js';

/** After so many attempts a job stays FAILED until somebody asks for another. */
export const MAXIMUM_ATTEMPTS = 5;

const WAITS = { first: 1_000, factor: 4 };

/** Milliseconds until the next attempt, after `attempts` that failed: 1, 4, 16 and 64 seconds; null after the last. */
export function retryDelay(attempts: number): number | null {
  return attempts >= MAXIMUM_ATTEMPTS ? null : backOff(attempts - 1, WAITS);
}
