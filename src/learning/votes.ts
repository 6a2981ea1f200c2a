/** One verdict as the learning sees it: what there was to choose from, and what was chosen (docs/method.md 3). */
import type { PreferencePair } from './comparisons.js';
import { type Posterior, standardNormal } from './posterior.js';

export interface Vote {
  /** At least two. What stands for no reply in particular is N(0, I). */
  readonly options: readonly Posterior[];
  /** The index of the chosen one; null where all were equally liked. */
  readonly chosen: number | null;
  /** For each option, from 0 to 1, how much it counts as set against the chosen one; one that counts nothing was shown, but is not compared. */
  readonly factors: readonly number[];
}

/** One of several was preferred. */
export function choiceOf(options: readonly Posterior[], chosen: number, factors = inFull(options)): Vote {
  return { options, chosen, factors };
}

/** All were equally liked. */
export function tieOf(options: readonly Posterior[]): Vote {
  return { options, chosen: null, factors: inFull(options) };
}

/** The reply was liked: it was preferred to no reply in particular. */
export function likedOf(reply: Posterior, factor = 1): Vote {
  return { options: [reply, standardNormal(reply.mean.length)], chosen: 0, factors: [factor, factor] };
}

/** The reply was not liked: no reply in particular was preferred to it. */
export function dislikedOf(reply: Posterior, factor = 1): Vote {
  return { options: [standardNormal(reply.mean.length), reply], chosen: 0, factors: [factor, factor] };
}

/**
 * What one pair of a choice among so many options counts, a choice between two being 1. The best of many says more than the better of
 * two, but its pairs share a reply: n - 1 of them count as much as √(n - 1) choices would.
 */
export function pairWeight(options: number): number {
  return 1 / Math.sqrt(Math.max(1, options - 1));
}

/** The chosen option against each other one that counts; none of a tie. */
export function pairsOf({ options, chosen, factors }: Vote): PreferencePair[] {
  if (chosen === null) return [];
  const weight = pairWeight(options.length);
  return options.flatMap((rejected, i) =>
    i === chosen || factors[i] <= 0 ? [] : [{ chosen: options[chosen], rejected, weight: weight * factors[i] }],
  );
}

const inFull = (options: readonly Posterior[]): number[] => options.map(() => 1);
