/** How often a training is tried, and how long one that failed waits. */

/** After so many attempts a job stays FAILED until somebody asks for another. */
export const MAXIMUM_ATTEMPTS = 5;

const FIRST_DELAY_MS = 1_000;
const GROWTH = 4;

/** Milliseconds until the next attempt, after `attempts` that failed: 1, 4, 16 and 64 seconds; null after the last. */
export function retryDelay(attempts: number): number | null {
  return attempts >= MAXIMUM_ATTEMPTS ? null : FIRST_DELAY_MS * GROWTH ** (attempts - 1);
}
