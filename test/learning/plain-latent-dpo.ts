/** docs/method.md 3 word for word, slow: points drawn anew every step, every comparison, plain Adam at 0.05 for 60 steps. */
import type { Random } from '../../src/common/random.js';
import type { PreferencePair } from '../../src/learning/latent-dpo.js';
import { logDensity, type Posterior, standardNormal } from '../../src/learning/posterior.js';

/** [winner, loser] latents of the comparisons a pair's points make. */
export function plainComparisons(pair: PreferencePair, random: Random): [Float64Array, Float64Array][] {
  const size = pair.chosen.mean.length;
  const draw = ({ mean, logVariance }: Posterior) =>
    Float64Array.from({ length: size }, (_, i) => mean[i] + Math.exp(logVariance[i] / 2) * random.normal());
  const sources = [standardNormal(size), pair.chosen, pair.rejected];
  const points = sources.flatMap((source) => Array.from({ length: 16 }, () => draw(source)));
  return topQuarter(points, pair);
}

export function topQuarter(
  points: Float64Array[],
  { chosen, rejected }: PreferencePair,
): [Float64Array, Float64Array][] {
  const rewards = points.map((z) => 1 / (1 + Math.exp(logDensity(rejected, z) - logDensity(chosen, z))));
  const differences = Float64Array.from(rewards.flatMap((a) => rewards.map((b) => a - b))).sort();
  const threshold = differences[differences.length - differences.length / 4];
  return points.flatMap((a, i) =>
    points
      .filter((_, j) => rewards[i] - rewards[j] >= threshold && rewards[i] > rewards[j])
      .map((b): [Float64Array, Float64Array] => [a, b]),
  );
}

/** -mean log σ(0.1 (s(a) - s(b))) over one pair's comparisons, s from the two log-densities. */
export function plainLoss(comparisons: [Float64Array, Float64Array][], encoder: Posterior): number {
  const prior = standardNormal(encoder.mean.length);
  const score = (z: Float64Array) => logDensity(encoder, z) - logDensity(prior, z);
  const losses = comparisons.map(([a, b]) => Math.log1p(Math.exp(-0.1 * (score(a) - score(b)))));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** The trained mean. */
export function plainLatentDpo(pairs: readonly PreferencePair[], random: Random, steps = 60): Float64Array {
  const size = pairs[0].chosen.mean.length;
  const values = new Float64Array(2 * size);
  const [first, second] = [new Float64Array(2 * size), new Float64Array(2 * size)];
  for (let step = 1; step <= steps; step++) {
    const gradient = plainGradient(
      pairs.flatMap((pair) => plainComparisons(pair, random)),
      values,
    );
    for (let i = 0; i < values.length; i++) {
      first[i] = 0.9 * first[i] + 0.1 * gradient[i];
      second[i] = 0.999 * second[i] + 0.001 * gradient[i] ** 2;
      values[i] -= (0.05 * first[i]) / (1 - 0.9 ** step) / (Math.sqrt(second[i] / (1 - 0.999 ** step)) + 1e-8);
    }
  }
  return values.slice(0, size);
}

/** d loss / d (means, log-variances), from d s(z) / d μ = 2 (z - μ) / w and d s(z) / d log σ² = -½ + 2 (z - μ)² σ² / w². */
function plainGradient(comparisons: [Float64Array, Float64Array][], values: Float64Array): Float64Array {
  const size = values.length / 2;
  const variance = values.slice(size).map(Math.exp);
  const width = variance.map((value) => 2 * value + 1e-4);
  const gradient = new Float64Array(values.length);
  for (const [a, b] of comparisons) {
    let difference = 0;
    for (let i = 0; i < size; i++) {
      difference += ((b[i] - values[i]) ** 2 - (a[i] - values[i]) ** 2) / width[i] + (a[i] ** 2 - b[i] ** 2) / 2.0001;
    }
    const force = -0.1 / (1 + Math.exp(0.1 * difference)) / comparisons.length;
    for (let i = 0; i < size; i++) {
      gradient[i] += (force * 2 * (a[i] - b[i])) / width[i];
      gradient[size + i] +=
        (force * 2 * variance[i] * ((a[i] - values[i]) ** 2 - (b[i] - values[i]) ** 2)) / width[i] ** 2;
    }
  }
  return gradient;
}
