/**
 * The likelihood of a linear taste: P(i chosen of n) is proportional to exp(θ · x_i), x being the posterior means of the replies (the
 * multinomial logit: Luce 1959; McFadden 1974), with a lapse: of every so many votes one is a slip, which falls on any option alike. A tie
 * is the choice of one more option, the middle of all of them (Davidson 1970, for more than two).
 */
import { PalateError } from '../common/errors.js';
import { addScaled, dot, gram, type Matrix, zeros } from './linear-algebra.js';
import type { Vote } from './votes.js';

export interface ChoiceModel {
  /** The share of votes that are slips, from 0 to below 1. */
  readonly lapse: number;
  /** How strongly the middle of all options attracts: with two equally liked ones a tie has probability ν / (ν + 2). */
  readonly tie: number;
}

/** A vote by what separates each other option from the chosen one: all that its likelihood depends on. */
export interface Choice {
  /** Row-major [others, d]: x of another option less x of the chosen one. */
  readonly differences: Float64Array;
  /** [others]: the logarithm of how much that option counts beside the chosen one. */
  readonly offsets: Float64Array;
  /** How many votes it counts for, above 0. */
  readonly weight: number;
}

/**
 * Votes as choices, in an order that depends on nothing but their numbers: the same multiset of votes gives the same list. Votes with
 * nothing to choose from are left out.
 * @throws PalateError INTERNAL where the options' sizes differ
 */
export function choicesOf(votes: readonly Vote[], model: ChoiceModel): Choice[] {
  return votes.flatMap((vote) => choiceOfVote(vote, model) ?? []).sort(canonicalOrder);
}

function choiceOfVote({ options, chosen, factors }: Vote, { tie }: ChoiceModel): Choice | null {
  const size = options[0].mean.length;
  if (options.some(({ mean }) => mean.length !== size)) {
    throw new PalateError('INTERNAL', 'Replies with latents of different sizes cannot be compared.');
  }
  const others = options.map((_, i) => i).filter((i) => i !== chosen && factors[i] > 0);
  const weight = Math.max(...others.map((i) => factors[i]), 0);
  if (others.length === 0 || (chosen === null && others.length < 2)) return null;
  const from = chosen === null ? middleOf(others.map((i) => options[i].mean)) : options[chosen].mean;
  const rows = others
    .map((i) => ({
      difference: differenceOf(options[i].mean, from),
      offset: Math.log(factors[i] / weight) - (chosen === null ? Math.log(tie) : 0),
    }))
    .sort((a, b) => compareNumbers(a.difference, b.difference) || a.offset - b.offset);
  const differences = new Float64Array(others.length * size);
  rows.forEach(({ difference }, row) => void differences.set(difference, row * size));
  return { differences, offsets: Float64Array.from(rows, ({ offset }) => offset), weight };
}

function differenceOf(a: Float32Array, b: Float32Array | Float64Array): Float64Array {
  const difference = new Float64Array(a.length);
  for (let k = 0; k < a.length; k++) difference[k] = a[k] - b[k];
  return difference;
}

/** Sums each number in ascending order, so that the order of the options makes no difference. */
function middleOf(means: readonly Float32Array[]): Float64Array {
  return Float64Array.from(means[0], (_, k) => {
    const values = Float64Array.from(means, (mean) => mean[k]).sort();
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

/** The probability of a choice as the softmax has it, and that of each other option. */
interface Softmax {
  chosen: number;
  others: Float64Array;
}

function softmaxAt({ differences, offsets }: Choice, theta: Float64Array): Softmax {
  const others = offsets.map((offset, i) => offset + dot(differences, theta, i * theta.length, 0, theta.length));
  const largest = others.reduce((most, value) => Math.max(most, value), 0);
  let total = Math.exp(-largest);
  for (let i = 0; i < others.length; i++) total += others[i] = Math.exp(others[i] - largest);
  for (let i = 0; i < others.length; i++) others[i] /= total;
  return { chosen: Math.exp(-largest) / total, others };
}

/** log P of one choice, its weight left out. */
export function logProbability(choice: Choice, theta: Float64Array, { lapse }: ChoiceModel): number {
  const { chosen } = softmaxAt(choice, theta);
  return Math.log((1 - lapse) * chosen + lapse / (choice.offsets.length + 1));
}

/** Σ weight · log P. */
export function logLikelihood(choices: readonly Choice[], theta: Float64Array, model: ChoiceModel): number {
  return choices.reduce((sum, choice) => sum + choice.weight * logProbability(choice, theta, model), 0);
}

export interface Slope {
  /** Of the log-likelihood, [d]. */
  readonly gradient: Float64Array;
  /** Minus its second derivatives [d, d]: not positive definite everywhere, because a vote may be a slip. */
  readonly curvature: Matrix;
  /** The same with every vote's chance of being a slip held fixed: positive semidefinite everywhere, and at least as large. */
  readonly bound: Matrix;
}

/**
 * With p the softmax, a = Σ p_i D_i and r = (1 - λ) p / P the chance that the vote is no slip: ∇ log P = -r a, and
 * ∇² log P = -r Σ p_i (D_i - a) (D_i - a)ᵀ + r (1 - r) a aᵀ, where sums run over all options and D of the chosen one is 0.
 */
export function slopeAt(choices: readonly Choice[], theta: Float64Array, { lapse }: ChoiceModel): Slope {
  const size = theta.length;
  const optionCount = choices.reduce((count, { offsets }) => count + offsets.length + 1, 0);
  // Columns whose squares add up to `bound`, and to what the curvature falls short of it.
  const [spread, shortfall] = [zeros(size, optionCount), zeros(size, choices.length)];
  const gradient = new Float64Array(size);
  let column = 0;
  choices.forEach((choice, at) => {
    const { differences, offsets, weight } = choice;
    const { chosen, others } = softmaxAt(choice, theta);
    const meant = ((1 - lapse) * chosen) / ((1 - lapse) * chosen + lapse / (offsets.length + 1));
    const pull = weight * meant;
    const roots = others.map((share) => Math.sqrt(pull * share));
    const [ofChosen, ofSlip] = [Math.sqrt(pull * chosen), Math.sqrt(pull * (1 - meant))];
    for (let k = 0; k < size; k++) {
      let average = 0;
      for (let i = 0; i < others.length; i++) average += others[i] * differences[i * size + k];
      gradient[k] -= pull * average;
      const row = k * optionCount + column;
      spread.data[row] = -ofChosen * average;
      for (let i = 0; i < others.length; i++) {
        spread.data[row + 1 + i] = roots[i] * (differences[i * size + k] - average);
      }
      shortfall.data[k * choices.length + at] = ofSlip * average;
    }
    column += offsets.length + 1;
  });
  const bound = gram(spread);
  const curvature = { ...bound, data: bound.data.slice() };
  addScaled(curvature.data, gram(shortfall).data, -1);
  return { gradient, curvature, bound };
}

function canonicalOrder(a: Choice, b: Choice): number {
  return compareNumbers(a.differences, b.differences) || compareNumbers(a.offsets, b.offsets) || a.weight - b.weight;
}

/** The shorter first; then by the first numbers that differ. */
function compareNumbers(a: Float64Array, b: Float64Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
