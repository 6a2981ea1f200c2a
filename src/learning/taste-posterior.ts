/**
 * The posterior over a member's taste θ [d], where liking is θ · x (docs/method.md 3): a Gaussian prior, the likelihood of ./choices.js, the
 * mode by Newton's method, and around it the Gaussian of the same curvature (Laplace's approximation). Exact up to that Gaussian, without
 * random numbers, a few milliseconds.
 */
import { PalateError } from '../common/errors.js';
import { type Choice, type ChoiceModel, choicesOf, logLikelihood, slopeAt } from './choices.js';
import {
  addScaled,
  choleskyFactor,
  diagonalMatrix,
  dot,
  inverseFactored,
  type Matrix,
  solveFactored,
} from './linear-algebra.js';
import type { Vote } from './votes.js';

/** A Gaussian over θ. */
export interface TasteGaussian {
  readonly mean: Float64Array;
  /** [d, d], positive definite. */
  readonly covariance: Matrix;
}

/** What is believed of a taste before any vote, and of how people vote. */
export interface TasteModel extends ChoiceModel {
  /** The mean of the prior variances of θ's components. */
  readonly scale: number;
  /** The k-th prior variance is proportional to k to the minus this. */
  readonly exponent: number;
}

/**
 * Latents are whitened: without the fall, directions in which replies hardly differ would weigh as much as the first. With the default
 * model every exponent from 0.5 to 2 foretells held-out votes better than 0. One vote in twenty is taken for a slip; a tie is
 * taken to be as likely as either of two equally liked replies.
 */
export const TASTE_MODEL: TasteModel = { scale: 0.1, exponent: 1, lapse: 0.05, tie: 1 };

/** N(0, scale · diag(s)), s_k falling as k^-exponent with mean 1: latents come in order of how much replies vary along them. */
export function spectralPrior(size: number, { scale, exponent }: TasteModel = TASTE_MODEL): TasteGaussian {
  const falling = Float64Array.from({ length: size }, (_, k) => (k + 1) ** -exponent);
  const mean = falling.reduce((sum, value) => sum + value, 0) / size;
  return {
    mean: new Float64Array(size),
    covariance: diagonalMatrix(falling.map((value) => (scale * value) / mean)),
  };
}

export interface TasteFit extends TasteGaussian {
  /** Mean negative log-likelihood of a vote at the mode, in nats. */
  readonly loss: number;
  /** Newton steps taken. */
  readonly steps: number;
}

export interface TasteFitOptions {
  /** In place of the spectral prior: a taste that was brought along. */
  readonly prior?: TasteGaussian;
  readonly model?: TasteModel;
  /** Where the search for the mode begins, in place of the prior's mean: near it, where that is known. */
  readonly start?: Float64Array;
  /** After every step: the loss at where it led. */
  readonly onStep?: (step: number, mode: Float64Array, loss: number) => void;
  /** Aborting makes the fit throw CANCELLED. */
  readonly signal?: AbortSignal;
}

/** More than Newton's method has ever needed by an order of magnitude. */
export const MAXIMUM_STEPS = 50;
/** The Newton decrement, twice the nats that a step can still gain, below which the mode is reached. */
const REACHED = 1e-10;
/** A step has to gain at least this share of what its slope promises (Armijo's rule). */
const SUFFICIENT = 1e-4;

/**
 * Pure: the same multiset of votes gives the same bytes, whatever their order.
 * @throws PalateError INTERNAL where the prior is no Gaussian of the votes' size, CANCELLED when aborted
 */
export function fitTaste(votes: readonly Vote[], size: number, options: TasteFitOptions = {}): TasteFit {
  return fitChoices(choicesOf(votes, options.model ?? TASTE_MODEL), size, options);
}

/** The same for choices that are in canonical order already. */
export function fitChoices(
  choices: readonly Choice[],
  size: number,
  { model = TASTE_MODEL, prior = spectralPrior(size, model), start = prior.mean, onStep, signal }: TasteFitOptions = {},
): TasteFit {
  const precision = precisionOf(prior, size);
  const objective = (theta: Float64Array) => {
    const away = theta.map((value, i) => value - prior.mean[i]);
    return logLikelihood(choices, theta, model) - dot(timesVector(precision, away), away) / 2;
  };
  const lossAt = (theta: Float64Array) => (0 - logLikelihood(choices, theta, model)) / totalWeight(choices);
  let theta: Float64Array = start.slice();
  let value = objective(theta);
  for (let steps = 0; ; steps++) {
    if (signal?.aborted) throw new PalateError('CANCELLED', 'The training was cancelled.');
    const { step, gain, factor } = newtonStep(choices, theta, prior, precision, model);
    const moved = gain > REACHED && steps < MAXIMUM_STEPS ? climb(objective, theta, value, step, gain) : null;
    if (!moved) return { mean: theta, covariance: inverseFactored(factor), loss: lossAt(theta), steps };
    ({ theta, value } = moved);
    onStep?.(steps + 1, theta, lossAt(theta));
  }
}

/**
 * The Newton step with what its slope promises. Where the curvature is not positive definite, because votes that look like slips bend the
 * likelihood upwards, its bound takes its place: that is positive definite, so the step goes uphill too.
 */
function newtonStep(
  choices: readonly Choice[],
  theta: Float64Array,
  prior: TasteGaussian,
  precision: Matrix,
  model: ChoiceModel,
): { step: Float64Array; gain: number; factor: Matrix } {
  const { gradient, curvature, bound } = slopeAt(choices, theta, model);
  const away = theta.map((value, i) => value - prior.mean[i]);
  addScaled(gradient, timesVector(precision, away), -1);
  for (const matrix of [curvature, bound]) addScaled(matrix.data, precision.data, 1);
  const factor = choleskyFactor(curvature) ?? choleskyFactor(bound);
  if (!factor) throw new PalateError('INTERNAL', 'The posterior over tastes has no curvature.');
  const step = solveFactored(factor, { rows: 1, columns: theta.length, data: gradient }).data;
  return { step, gain: dot(step, gradient), factor };
}

/** The longest of 1, ½, ¼ ... of the step that gains enough; null where rounding leaves nothing to gain. */
function climb(
  objective: (theta: Float64Array) => number,
  theta: Float64Array,
  value: number,
  step: Float64Array,
  gain: number,
): { theta: Float64Array; value: number } | null {
  for (let part = 1; part > 1e-10; part /= 2) {
    const next = theta.map((coordinate, i) => coordinate + part * step[i]);
    const reached = objective(next);
    if (reached >= value + SUFFICIENT * part * gain) return { theta: next, value: reached };
  }
  return null;
}

/** The inverse of the covariance. @throws PalateError INTERNAL where there is none of that size */
export function precisionOf({ mean, covariance }: TasteGaussian, size = mean.length): Matrix {
  const factor = mean.length === size && covariance.rows === size ? choleskyFactor(covariance) : null;
  if (!factor) {
    throw new PalateError('INTERNAL', 'A covariance of a taste is not positive definite, or not of the latents’ size.');
  }
  return inverseFactored(factor);
}

/** A x. */
export function timesVector({ rows, columns, data }: Matrix, x: Float64Array): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => dot(data, x, row * columns, 0, columns));
}

function totalWeight(choices: readonly Choice[]): number {
  return choices.reduce((sum, { weight }) => sum + weight, 0) || 1;
}
