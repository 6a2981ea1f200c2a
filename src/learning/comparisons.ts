/**
 * What one preference pair says about latents (docs/method.md 3): points drawn around it, and which of them beat which.
 * Depends on the two posteriors only, never on the member's parameters, so it is done once per training.
 */
import type { Random } from '../common/random.js';
import { type Posterior, VARIANCE_FLOOR } from './posterior.js';

export interface PreferencePair {
  readonly chosen: Posterior;
  readonly rejected: Posterior;
  /** How much it counts, relative to other pairs. */
  readonly weight: number;
}

/** Latent points [count, d], and the comparisons winners[i] over losers[i] as indices into them. */
export interface Comparisons {
  readonly points: Float64Array;
  readonly winners: Uint8Array;
  readonly losers: Uint8Array;
}

/** Draws from each of N(0, I), q(z | chosen) and q(z | rejected). */
export const DRAWS = 16;
const POINTS = 3 * DRAWS;
/** Of all ordered pairs of points, the share with the largest reward difference that is kept (evidence ratio / 2). */
const KEPT_SHARE = 0.25;

/**
 * Draws 48 points, rewards each with r(z) = q(z | chosen) / (q(z | chosen) + q(z | rejected)), and keeps the ordered point
 * pairs whose reward difference is positive and in the top quarter; of those at most `limit`, evenly spread over them
 * with a random start, so that their mean is an unbiased estimate of the mean over all.
 * Draws are antithetic (m + s, then m - s): the sample mean of each kind is exact and half of the normals suffice.
 */
export function drawComparisons(pair: PreferencePair, random: Random, limit: number): Comparisons {
  const size = pair.chosen.mean.length;
  const points = new Float64Array(POINTS * size);
  drawAntithetic(undefined, points.subarray(0, DRAWS * size), random, size);
  drawAntithetic(pair.chosen, points.subarray(DRAWS * size, 2 * DRAWS * size), random, size);
  drawAntithetic(pair.rejected, points.subarray(2 * DRAWS * size), random, size);

  const rewards = rewardsOf(pair, points);
  const ascending = new Uint8Array(POINTS).map((_, i) => i).sort((a, b) => rewards[a] - rewards[b] || a - b);
  const sorted = rewards.slice().sort();
  const threshold = differenceThreshold(sorted, KEPT_SHARE * POINTS * POINTS);
  const beaten = beatenCounts(sorted, threshold);
  const total = beaten.reduce((sum, count) => sum + count, 0);
  const kept = Math.min(total, limit);
  const [winners, losers] = [new Uint8Array(kept), new Uint8Array(kept)];
  const start = random.uniform();
  for (let i = 0, winner = 0, before = 0; i < kept; i++) {
    const position = Math.floor(((i + (kept < total ? start : 0)) * total) / kept);
    while (position >= before + beaten[winner]) before += beaten[winner++];
    winners[i] = ascending[winner];
    losers[i] = ascending[position - before];
  }
  return { points, winners, losers };
}

/** Fills [DRAWS, size]; without a posterior from N(0, I). */
function drawAntithetic(posterior: Posterior | undefined, out: Float64Array, random: Random, size: number): void {
  const mean = posterior?.mean ?? new Float32Array(size);
  const deviation = posterior
    ? new Float64Array(posterior.logVariance).map((value) => Math.exp(0.5 * value))
    : new Float64Array(size).fill(1);
  for (let draw = 0; draw < DRAWS; draw += 2) {
    for (let i = 0; i < size; i++) {
      const step = random.normal() * deviation[i];
      out[draw * size + i] = mean[i] + step;
      out[(draw + 1) * size + i] = mean[i] - step;
    }
  }
}

/** r(z) of every point: the logistic of the difference of two Gaussian log-densities. */
function rewardsOf({ chosen, rejected }: PreferencePair, points: Float64Array): Float64Array {
  const size = chosen.mean.length;
  const [chosenScale, rejectedScale] = [inverseScales(chosen), inverseScales(rejected)];
  let offset = 0;
  for (let i = 0; i < size; i++) offset += 0.5 * (rejected.logVariance[i] - chosen.logVariance[i]);
  const rewards = new Float64Array(points.length / size);
  for (let p = 0; p < rewards.length; p++) {
    let logRatio = offset;
    for (let i = 0; i < size; i++) {
      const toChosen = points[p * size + i] - chosen.mean[i];
      const toRejected = points[p * size + i] - rejected.mean[i];
      logRatio += toRejected * toRejected * rejectedScale[i] - toChosen * toChosen * chosenScale[i];
    }
    rewards[p] = 1 / (1 + Math.exp(-logRatio));
  }
  return rewards;
}

function inverseScales({ logVariance }: Posterior): Float64Array {
  return new Float64Array(logVariance).map((value) => 1 / (2 * Math.exp(value) + VARIANCE_FLOOR));
}

/** For each point of ascending rewards, how many of the first ones it beats by at least `threshold`, and by more than 0. */
function beatenCounts(sorted: Float64Array, threshold: number): Uint8Array {
  const counts = new Uint8Array(sorted.length);
  for (let winner = 0, loser = 0; winner < sorted.length; winner++) {
    while (loser < winner && sorted[winner] - sorted[loser] >= threshold && sorted[winner] > sorted[loser]) loser++;
    counts[winner] = loser;
  }
  return counts;
}

/** The sum of `beatenCounts`. */
function countBeaten(sorted: Float64Array, threshold: number): number {
  let count = 0;
  for (let winner = 0, loser = 0; winner < sorted.length; winner++) {
    while (loser < winner && sorted[winner] - sorted[loser] >= threshold && sorted[winner] > sorted[loser]) loser++;
    count += loser;
  }
  return count;
}

/**
 * A difference that `wanted` ordered pairs reach; where none is reached by just so many, the largest that more reach, to the last bit
 * where rewards saturate; 0 when there are fewer positive ones.
 */
function differenceThreshold(sorted: Float64Array, wanted: number): number {
  let [low, high] = [0, 1];
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    const reached = countBeaten(sorted, middle);
    if (reached === wanted) return middle;
    if (reached > wanted) low = middle;
    else high = middle;
  }
  return low;
}
