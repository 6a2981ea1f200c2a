/**
 * What an exploring reply is drawn from: around what is known of the member, the nearer to it the more is known (docs/method.md 4).
 * A comparison between two replies that both lean the member's way teaches as much as one with a reply that leans anywhere, and the
 * member reads the better replies meanwhile.
 */
import { type PersonalEncoder, priorEncoder } from './encoder.js';

/** Of the personal mean, the largest part that an exploring reply leans by: its z stays about as long as a personal one. */
export const LEAN_LIMIT = 0.5;
/** Verdicts after which that part is reached. */
export const LEAN_VERDICTS = 10;

/** The part of the personal mean that exploring replies lean by: 0 without verdicts, then n / (n + 10), at most one half. */
export function explorationLean(verdicts: number): number {
  return Math.min(LEAN_LIMIT, verdicts / (verdicts + LEAN_VERDICTS));
}

/** N(lean · μ, I): draws from it are the exploring replies' latents. `encoder` is the member's, trained on so many verdicts. */
export function exploringEncoder(encoder: PersonalEncoder, verdicts: number): PersonalEncoder {
  const lean = explorationLean(verdicts);
  const prior = priorEncoder(encoder.mean.length);
  return { ...prior, mean: encoder.mean.map((value) => lean * value) };
}
