/**
 * Latent DPO (docs/method.md 3; arXiv 2412.20834): a member's encoder from preference pairs, without the language model.
 * With one Gaussian for every prompt the score s(z) = log p(z) - log N(z; 0, I) is quadratic in z, so a step costs two
 * passes over the stored points.
 */
import { PalateError } from '../common/errors.js';
import { Random } from '../common/random.js';
import { type Comparisons, drawComparisons, type PreferencePair } from './comparisons.js';
import { MEAN_BOUND, type PersonalEncoder } from './encoder.js';
import { type Posterior, standardNormal, VARIANCE_FLOOR } from './posterior.js';
import type { TasteGaussian } from './taste-posterior.js';

export type { PreferencePair } from './comparisons.js';

export const BETA = 0.1;
/**
 * Few large steps, and one second moment for the whole mean. Plain Adam takes as long a step in a dimension without
 * evidence as in one with it, and sixty of them only fit the noise: on synthetic tastes the mean then points less well.
 */
const STEPS = 10;
const LEARNING_RATE = 0.2;
/** Log-variances only set how far draws stray; learned at full rate from tens of pairs they bend the mean's direction. */
const VARIANCE_RATE = 0.1;
/** Comparisons kept in all, so that the time of a step stays bounded as verdicts accumulate. */
const COMPARISON_BUDGET = 8_000;

export interface LatentDpoOptions {
  seed: number | string;
  /** Gradient steps over all pairs. */
  steps?: number;
  /** What the encoder starts from and is measured against, p0: a taste that was brought along. N(0, I) when absent. */
  prior?: BroughtPrior;
  /** After every step: the loss before it, and the share of pairs whose chosen mean scores above the rejected one. */
  onStep?: (step: number, total: number, loss: number, accuracy: number) => void;
  /** Aborting makes the training throw CANCELLED. */
  signal?: AbortSignal;
}

/** A taste that was learned before and elsewhere, and from how much. */
export interface BroughtPrior extends Posterior {
  /** Pairs that it was learned from, at least 1. */
  readonly pairCount: number;
  /** What was known of it, where it came with that. Latent DPO has no use for it. */
  readonly posterior?: TasteGaussian;
}

export interface LatentDpoResult {
  encoder: PersonalEncoder;
  /** Mean over comparisons after the last step. */
  loss: number;
  /** Share of the training pairs whose chosen mean scores above the rejected one; ties count half. */
  accuracy: number;
}

/** The parameters of p(z): d means and d log-variances. */
interface Parameters {
  readonly mean: Float64Array;
  readonly logVariance: Float64Array;
}

/** A pair with its points and comparisons. */
export interface Evidence {
  readonly pair: PreferencePair;
  readonly comparisons: Comparisons;
}

/**
 * Pure and deterministic: the same multiset of pairs and seed gives the same bytes, whatever the order of the pairs.
 * Pairs must not be empty (BAD_USER_INPUT): without evidence the encoder is the prior.
 */
export function trainLatentDpo(pairs: readonly PreferencePair[], options: LatentDpoOptions): LatentDpoResult {
  return fitEncoder(gatherEvidence(pairs, options.seed), options);
}

/** The training itself, on evidence gathered before (and perhaps shared between trainings). */
export function fitEncoder(
  evidence: readonly Evidence[],
  options: Omit<LatentDpoOptions, 'seed'> = {},
): LatentDpoResult {
  const parameters = fitParameters(evidence, options);
  const gradient = parametersAt(standardNormal(parameters.mean.length));
  return {
    encoder: encoderOf(parameters),
    loss: latentDpoLoss(evidence, parameters, gradient, options.prior),
    accuracy: pairAccuracy(
      evidence.map(({ pair }) => pair),
      parameters,
    ),
  };
}

/** The encoder alone, where nobody asks how well it fits. */
export function fitEncoderOnly(
  evidence: readonly Evidence[],
  options: Omit<LatentDpoOptions, 'seed'> = {},
): PersonalEncoder {
  return encoderOf(fitParameters(evidence, options));
}

function fitParameters(
  evidence: readonly Evidence[],
  { steps = STEPS, prior, onStep, signal }: Omit<LatentDpoOptions, 'seed'>,
): Parameters {
  if (evidence.length === 0) throw new PalateError('BAD_USER_INPUT', 'There is no preference pair to learn from.');
  const pairs = evidence.map(({ pair }) => pair);
  const parameters = parametersAt(prior ?? standardNormal(pairs[0].chosen.mean.length));
  const gradient = parametersAt(standardNormal(parameters.mean.length));
  // Steps are long, whatever the number of pairs: few pairs must not carry off what many have taught before.
  const total = prior ? Math.max(1, Math.round((steps * pairs.length) / (pairs.length + prior.pairCount))) : steps;
  const moveMean = sharedMomentAdam(parameters.mean.length, LEARNING_RATE);
  const moveVariance = sharedMomentAdam(parameters.mean.length, LEARNING_RATE * VARIANCE_RATE);
  for (let step = 1; step <= total; step++) {
    if (signal?.aborted) throw new PalateError('CANCELLED', 'The training was cancelled.');
    const loss = latentDpoLoss(evidence, parameters, gradient, prior);
    moveMean(parameters.mean, gradient.mean);
    moveVariance(parameters.logVariance, gradient.logVariance);
    boundLength(parameters.mean, MEAN_BOUND);
    onStep?.(step, total, loss, pairAccuracy(pairs, parameters));
  }
  return parameters;
}

function encoderOf({ mean, logVariance }: Parameters): PersonalEncoder {
  return { mean: Float32Array.from(mean), logVariance: Float32Array.from(logVariance), capacity: 'BIAS' };
}

/**
 * Points and comparisons of all pairs, in a canonical order. A pair's draws depend on the seed and its own numbers only, so
 * one verdict more or less leaves the others' as they were.
 */
export function gatherEvidence(pairs: readonly PreferencePair[], seed: number | string): Evidence[] {
  const limit = Math.max(1, Math.floor(COMPARISON_BUDGET / pairs.length));
  const random = new Random(seed);
  return [...pairs].sort(canonicalOrder).map((pair) => {
    const label = [...pair.chosen.mean.subarray(0, 4), ...pair.rejected.mean.subarray(0, 4)].join();
    return { pair, comparisons: drawComparisons(pair, random.fork(label), limit) };
  });
}

/**
 * The mean of -log σ(β (s(winner) - s(loser))) over a pair's comparisons, averaged over pairs by their weights, and its
 * gradient, written into `gradient`. Constants of s cancel, so s(z) = log p(z) - log p0(z) is Σ_i z_i (curve_i z_i + slope_i) with
 * slope = 2 μ / (2 σ² + ε) - 2 μ0 / (2 σ0² + ε), curve = 1 / (2 σ0² + ε) - 1 / (2 σ² + ε); the prior p0 is N(0, I) unless given.
 */
export function latentDpoLoss(
  evidence: readonly Evidence[],
  { mean, logVariance }: Parameters,
  gradient: Parameters,
  prior: Posterior = standardNormal(mean.length),
): number {
  const size = mean.length;
  const width = Float64Array.from(logVariance, (value) => 2 * Math.exp(value) + VARIANCE_FLOOR);
  const priorWidth = Float64Array.from(prior.logVariance, (value) => 2 * Math.exp(value) + VARIANCE_FLOOR);
  const slope = mean.map((value, i) => (2 * value) / width[i] - (2 * prior.mean[i]) / priorWidth[i]);
  const curve = width.map((value, i) => 1 / priorWidth[i] - 1 / value);
  const slopeGradient = new Float64Array(size);
  const curveGradient = new Float64Array(size);
  let loss = 0;
  const totalWeight = evidence.reduce((sum, { pair }) => sum + pair.weight, 0);
  for (const { pair, comparisons } of evidence) {
    const { points, winners, losers } = comparisons;
    if (winners.length === 0) continue;
    const scores = scorePoints(points, slope, curve);
    const pull = new Float64Array(scores.length);
    loss += comparePoints(scores, winners, losers, pair.weight / totalWeight / winners.length, pull);
    pullAlong(points, pull, slopeGradient, curveGradient);
  }
  for (let i = 0; i < size; i++) {
    gradient.mean[i] = (2 / width[i]) * slopeGradient[i];
    const perVariance = (width[i] - VARIANCE_FLOOR) / (width[i] * width[i]);
    gradient.logVariance[i] = perVariance * (curveGradient[i] - 2 * mean[i] * slopeGradient[i]);
  }
  return loss;
}

function parametersAt({ mean, logVariance }: Posterior): Parameters {
  return { mean: Float64Array.from(mean), logVariance: Float64Array.from(logVariance) };
}

/** s of every point, four at a time (there are 48): their sums do not wait for one another, which halves the time of a step. */
function scorePoints(points: Float64Array, slope: Float64Array, curve: Float64Array): Float64Array {
  const size = slope.length;
  const scores = new Float64Array(points.length / size);
  for (let p = 0, at = 0; p < scores.length; p += 4, at += 4 * size) {
    let [first, second, third, fourth] = [0, 0, 0, 0];
    for (let i = 0; i < size; i++) {
      const [bend, lean] = [curve[i], slope[i]];
      const a = points[at + i];
      const b = points[at + size + i];
      const c = points[at + 2 * size + i];
      const d = points[at + 3 * size + i];
      first += a * (bend * a + lean);
      second += b * (bend * b + lean);
      third += c * (bend * c + lean);
      fourth += d * (bend * d + lean);
    }
    scores[p] = first;
    scores[p + 1] = second;
    scores[p + 2] = third;
    scores[p + 3] = fourth;
  }
  return scores;
}

/** Adds Σ pull z and Σ pull z² over the points, four at a time. */
function pullAlong(
  points: Float64Array,
  pull: Float64Array,
  slopeGradient: Float64Array,
  curveGradient: Float64Array,
): void {
  const size = slopeGradient.length;
  for (let p = 0, at = 0; p < pull.length; p += 4, at += 4 * size) {
    const [first, second, third, fourth] = [pull[p], pull[p + 1], pull[p + 2], pull[p + 3]];
    for (let i = 0; i < size; i++) {
      const a = first * points[at + i];
      const b = second * points[at + size + i];
      const c = third * points[at + 2 * size + i];
      const d = fourth * points[at + 3 * size + i];
      slopeGradient[i] += a + b + (c + d);
      curveGradient[i] +=
        a * points[at + i] +
        b * points[at + size + i] +
        (c * points[at + 2 * size + i] + d * points[at + 3 * size + i]);
    }
  }
}

/** The pair's part of the loss; adds d loss / d score of every point to `pull`. */
function comparePoints(
  scores: Float64Array,
  winners: Uint8Array,
  losers: Uint8Array,
  weight: number,
  pull: Float64Array,
): number {
  let loss = 0;
  for (let i = 0; i < winners.length; i++) {
    const wrong = Math.exp(BETA * (scores[losers[i]] - scores[winners[i]]));
    loss += Math.log(1 + wrong);
    const force = (weight * BETA * wrong) / (1 + wrong);
    pull[winners[i]] -= force;
    pull[losers[i]] += force;
  }
  return weight * loss;
}

/** Share of pairs whose chosen mean scores above the rejected one under p; ties count half. */
export function pairAccuracy(
  pairs: readonly PreferencePair[],
  { mean, logVariance }: { mean: ArrayLike<number>; logVariance: ArrayLike<number> },
): number {
  const width = Float64Array.from(logVariance, (value) => 2 * Math.exp(value) + VARIANCE_FLOOR);
  const score = ({ mean: z }: Posterior): number => {
    let sum = 0;
    for (let i = 0; i < z.length; i++) {
      const away = z[i] - mean[i];
      sum += (z[i] * z[i]) / (2 + VARIANCE_FLOOR) - (away * away) / width[i];
    }
    return sum;
  };
  const points = pairs.map(({ chosen, rejected }) => Math.sign(score(chosen) - score(rejected)) / 2 + 0.5);
  return points.reduce((sum, value) => sum + value, 0) / pairs.length;
}

/** Adam (Kingma and Ba, 2015) with ONE second moment for the whole vector: steps keep the gradient's direction. */
function sharedMomentAdam(size: number, rate: number, decay = 0.9, secondDecay = 0.999) {
  const momentum = new Float64Array(size);
  let [second, step] = [0, 0];
  return (values: Float64Array, gradient: Float64Array): void => {
    step++;
    const square = gradient.reduce((sum, value) => sum + value * value, 0) / size;
    second = secondDecay * second + (1 - secondDecay) * square;
    const scale = rate / (1 - decay ** step) / (Math.sqrt(second / (1 - secondDecay ** step)) + 1e-12);
    for (let i = 0; i < size; i++) {
      momentum[i] = decay * momentum[i] + (1 - decay) * gradient[i];
      values[i] -= scale * momentum[i];
    }
  };
}

function boundLength(vector: Float64Array, bound: number): void {
  const length = Math.hypot(...vector);
  if (length > bound) for (let i = 0; i < vector.length; i++) vector[i] *= bound / length;
}

/** By the numbers themselves, so that it does not matter in which order the ledger hands pairs out. */
function canonicalOrder(a: PreferencePair, b: PreferencePair): number {
  return (
    compareNumbers(a.chosen.mean, b.chosen.mean) ||
    compareNumbers(a.rejected.mean, b.rejected.mean) ||
    compareNumbers(a.chosen.logVariance, b.chosen.logVariance) ||
    compareNumbers(a.rejected.logVariance, b.rejected.logVariance) ||
    a.weight - b.weight
  );
}

function compareNumbers(a: Float32Array, b: Float32Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}
