/** Members whose taste is a direction in latent space, and their votes on replies whose posteriors are known. */
import { Random } from '../../src/common/random.js';
import type { PreferencePair } from '../../src/learning/latent-dpo.js';
import { choiceOf, type Vote } from '../../src/learning/votes.js';

export const LATENT_SIZE = 32;

export interface SyntheticMember {
  /** Unit length. */
  taste: Float64Array;
  /** The pairs of one verdict: the best of four candidates against each other one. */
  vote(): PreferencePair[];
}

/**
 * Latents are N(0, I); each dimension has its own posterior deviation in 0.4 to 1. A vote goes by the latent along the
 * taste, of which `reliability` squared is the share of its variance (the rest is noise).
 */
export function syntheticMember(seed: string, reliability: number): SyntheticMember {
  const random = new Random(seed);
  const direction = Array.from({ length: LATENT_SIZE }, () => random.normal());
  const taste = Float64Array.from(direction, (value) => value / Math.hypot(...direction));
  const deviations = taste.map(() => 0.4 + 0.6 * random.uniform());
  const candidate = () => {
    const mean = new Float32Array(LATENT_SIZE);
    let along = 0;
    for (let i = 0; i < LATENT_SIZE; i++) {
      mean[i] = Math.sqrt(1 - deviations[i] ** 2) * random.normal();
      along += taste[i] * (mean[i] + deviations[i] * random.normal());
    }
    const logVariance = Float32Array.from(deviations, (value) => 2 * Math.log(value));
    return {
      posterior: { mean, logVariance },
      liking: reliability * along + Math.sqrt(1 - reliability ** 2) * random.normal(),
    };
  };
  const vote = () => {
    const [best, ...others] = Array.from({ length: 4 }, candidate).sort((a, b) => b.liking - a.liking);
    return others.map((other): PreferencePair => ({ chosen: best.posterior, rejected: other.posterior, weight: 1 }));
  };
  return { taste, vote };
}

export const votes = (member: SyntheticMember, count: number): PreferencePair[][] =>
  Array.from({ length: count }, () => member.vote());

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const inner = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, i) => sum + value * y[i], 0);
  return inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));
}

/** Everything inverted: what a member with the opposite taste would have said. */
export const inverted = (pairs: readonly PreferencePair[]): PreferencePair[] =>
  pairs.map(({ chosen, rejected, weight }) => ({ chosen: rejected, rejected: chosen, weight }));

export interface VotingMember {
  /** Unit length. */
  taste: Float64Array;
  vote(): Vote;
}

/**
 * A member whose taste lies mostly along the first latents, as replies differ most along those, and who takes the best of so many
 * replies. Latents are seen with a deviation of 0.35; of a liking's variance the share of `reliability` squared is taste.
 */
export function votingMember(seed: string, reliability: number, candidates = 4): VotingMember {
  const random = new Random(seed);
  const direction = Array.from({ length: LATENT_SIZE }, (_, k) => random.normal() / Math.sqrt(k + 1));
  const taste = Float64Array.from(direction, (value) => value / Math.hypot(...direction));
  const [seen, unseen] = [Math.sqrt(1 - 0.35 ** 2), 0.35];
  const vote = () => {
    const options = Array.from({ length: candidates }, () => {
      const mean = Float32Array.from({ length: LATENT_SIZE }, () => seen * random.normal());
      const along = taste.reduce((sum, value, i) => sum + value * (mean[i] + unseen * random.normal()), 0);
      const liking = reliability * along + Math.sqrt(1 - reliability ** 2) * random.normal();
      return { posterior: { mean, logVariance: new Float32Array(LATENT_SIZE).fill(-2) }, liking };
    });
    const likings = options.map(({ liking }) => liking);
    return choiceOf(
      options.map(({ posterior }) => posterior),
      likings.indexOf(Math.max(...likings)),
    );
  };
  return { taste, vote };
}

export const tasteVotes = (member: VotingMember, count: number): Vote[] =>
  Array.from({ length: count }, () => member.vote());
