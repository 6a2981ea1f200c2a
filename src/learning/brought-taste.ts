/** A taste that was brought along, as the Gaussian that the posterior over tastes begins from. */
import { MEAN_BOUND } from './encoder.js';
import type { BroughtPrior } from './latent-dpo.js';
import { diagonalMatrix } from './linear-algebra.js';
import { evidenceOf, strengthOf } from './strength.js';
import { spectralPrior, type TasteGaussian } from './taste-posterior.js';

/** What a pair adds to the precision along a latent of unit variance: half of it in a choice between two, a fifth in one of four. */
const PAIR_PRECISION = 0.2;
/** The strength nearest to the greatest that is looked for: no finite evidence earns the whole. */
const STRENGTH_LIMIT = 0.98;
const HALVINGS = 40;

/**
 * The posterior that the taste came with; where it came with none, one made up for it: as sure as so many pairs make, and with a mean that
 * points the same way and is so long that it is served as strongly as it was.
 */
export function tasteGaussianOf({ mean, pairCount, posterior }: BroughtPrior): TasteGaussian {
  if (posterior) return posterior;
  const size = mean.length;
  const prior = spectralPrior(size).covariance;
  const variances = Array.from(
    { length: size },
    (_, k) => 1 / (1 / prior.data[k * (size + 1)] + PAIR_PRECISION * pairCount),
  );
  const covariance = diagonalMatrix(variances);
  const length = Math.hypot(...mean);
  if (length === 0) return { mean: new Float64Array(size), covariance };
  const scaled = (to: number) => Float64Array.from(mean, (value) => (to * value) / length);
  const wanted = Math.min(length / MEAN_BOUND, STRENGTH_LIMIT);
  let [low, high] = [0, 8];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (strengthOf(evidenceOf({ mean: scaled(middle), covariance })) < wanted) low = middle;
    else high = middle;
  }
  return { mean: scaled(high), covariance };
}
