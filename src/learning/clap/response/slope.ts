/**
 * How far replies go along with the latent they are written behind: the posterior mean's move per unit of z (docs/method.md 2, response).
 * Latents come in order of how much replies vary along them, so the k-th principal direction is the k-th number of a latent.
 */
import { PalateError } from '../../../common/errors.js';

/** What replies to one prompt say of themselves, one written behind `latent` and one behind its opposite. */
export interface OpposedReplies {
  /** Which prompt; replies to one prompt are not independent of each other. */
  prompt: number;
  latent: Float32Array;
  /** Posterior mean of the reply behind `latent`. */
  plus: Float32Array;
  /** Posterior mean of the reply behind -`latent`. */
  minus: Float32Array;
}

interface Estimate {
  /** Moved per unit of z: 0 where replies pay no heed, 1 where they say all that they were asked to. */
  slope: number;
  /** Standard error over prompts; Infinity where there is one. */
  error: number;
}

/** Principal directions `first` to `last`, from 0, both counted in. */
export interface DirectionSlope extends Estimate {
  first: number;
  last: number;
}

export interface ResponseSlope extends Estimate {
  byDirection: DirectionSlope[];
  prompts: number;
  pairs: number;
}

/**
 * The response slope along the drawn latents, and along groups of principal directions: the first four each, then groups that double.
 * A direction's slope is the regression of half the posterior means' difference on z, both taken along it: what other directions do to it
 * cancels out over drawn latents. Errors take prompts for independent, and not the pairs of one.
 * @throws PalateError MODEL_UNAVAILABLE where there is no pair
 */
export function responseSlope(pairs: readonly OpposedReplies[]): ResponseSlope {
  if (pairs.length === 0) {
    throw new PalateError(
      'MODEL_UNAVAILABLE',
      'The response cannot be measured: there is no prompt to which the model wrote both behind a latent and behind its opposite.',
    );
  }
  const size = pairs[0].latent.length;
  const prompts = new Set(pairs.map(({ prompt }) => prompt)).size;
  const byDirection = directionGroups(size).map(([first, last]) => ({
    first,
    last,
    ...slopeAlong(pairs, first, last),
  }));
  return { ...slopeAlong(pairs, 0, size - 1), byDirection, prompts, pairs: pairs.length };
}

function slopeAlong(pairs: readonly OpposedReplies[], first: number, last: number): Estimate {
  const products = pairs.map(({ prompt, latent, plus, minus }) => {
    let moved = 0;
    let asked = 0;
    for (let k = first; k <= last; k++) {
      moved += (latent[k] * (plus[k] - minus[k])) / 2;
      asked += latent[k] * latent[k];
    }
    return { prompt, moved, asked };
  });
  const asked = products.reduce((sum, pair) => sum + pair.asked, 0);
  const slope = products.reduce((sum, pair) => sum + pair.moved, 0) / asked;
  const residuals = new Map<number, number>();
  for (const pair of products) {
    residuals.set(pair.prompt, (residuals.get(pair.prompt) ?? 0) + pair.moved - slope * pair.asked);
  }
  const n = residuals.size;
  const square = [...residuals.values()].reduce((sum, residual) => sum + residual * residual, 0);
  return { slope, error: n < 2 ? Number.POSITIVE_INFINITY : Math.sqrt((square * n) / (n - 1)) / asked };
}

/** 0, 1, 2, 3, 4-7, 8-15, and so on up to `size` - 1. */
function directionGroups(size: number): [first: number, last: number][] {
  const groups: [number, number][] = [];
  for (let first = 0; first < size; first = groups[groups.length - 1][1] + 1) {
    groups.push([first, first < 4 ? first : Math.min(size, 2 * first) - 1]);
  }
  return groups;
}
