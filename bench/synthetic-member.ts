/** A member whose taste is a direction in latent space, and replies whose latents are known: the learning without a language model. */
import { Random } from '../src/common/random.js';
import { drawLatent, type PersonalEncoder } from '../src/learning/encoder.js';
import type { Posterior } from '../src/learning/posterior.js';

const LATENT_SIZE = 32;
/** How much of the latent behind which a reply is written is found in it. */
const STEERED = 0.3;
/** The share of a member's liking, squared, that is the taste; the rest is mood. */
const RELIABILITY = 0.8;

/** A reply as the learning sees it, and as the member does. */
export interface Liked {
  posterior: Posterior;
  /** Its latent along the taste. */
  along: number;
  liking: number;
}

export interface LatentTaste {
  /** Unit length. */
  direction: Float64Array;
  /** Writes a reply behind a draw from `source` that strays by `spread`; behind nothing when it is null. */
  reply(source: PersonalEncoder | null, spread?: number): Liked;
}

/** The latent of an unsteered reply is N(0, I); its posterior sees it with a deviation of 0.4 to 1, each dimension its own. */
export function latentTaste(seed: string): LatentTaste {
  const random = new Random(seed);
  const drawn = random.normals(LATENT_SIZE);
  const direction = Float64Array.from(drawn, (value) => value / Math.hypot(...drawn));
  const deviations = direction.map(() => 0.4 + 0.6 * random.uniform());
  const reply = (source: PersonalEncoder | null, spread = 0): Liked => {
    const steering = source && drawLatent(source, random, 1, spread);
    const mean = new Float32Array(LATENT_SIZE);
    let along = 0;
    for (let i = 0; i < LATENT_SIZE; i++) {
      mean[i] = (steering ? STEERED * steering[i] : 0) + Math.sqrt(1 - deviations[i] ** 2) * random.normal();
      along += direction[i] * (mean[i] + deviations[i] * random.normal());
    }
    const logVariance = Float32Array.from(deviations, (value) => 2 * Math.log(value));
    const liking = RELIABILITY * along + Math.sqrt(1 - RELIABILITY ** 2) * random.normal();
    return { posterior: { mean, logVariance }, along, liking };
  };
  return { direction, reply };
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const inner = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, i) => sum + value * y[i], 0);
  return inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));
}
