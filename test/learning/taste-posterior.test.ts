import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { type ChoiceModel, choicesOf, logLikelihood, logProbability, slopeAt } from '../../src/learning/choices.js';
import { diagonalMatrix } from '../../src/learning/linear-algebra.js';
import type { Posterior } from '../../src/learning/posterior.js';
import {
  fitTaste,
  precisionOf,
  spectralPrior,
  TASTE_MODEL,
  type TasteGaussian,
  timesVector,
} from '../../src/learning/taste-posterior.js';
import { choiceOf, dislikedOf, likedOf, tieOf, type Vote } from '../../src/learning/votes.js';
import { cosine, LATENT_SIZE, tasteVotes, votingMember } from './synthetic-taste.js';

const MODEL: ChoiceModel = { lapse: 0.1, tie: 0.7 };

const reply = (values: ArrayLike<number>): Posterior => ({
  mean: Float32Array.from(values),
  logVariance: new Float32Array(values.length),
});
const replies = (random: Random, count: number, size: number): Posterior[] =>
  Array.from({ length: count }, () => reply(random.normals(size)));

/** One vote of every kind, some of them counting in part. */
function everyKind(seed: string, size: number): Vote[] {
  const random = new Random(seed);
  const some = (count: number) => replies(random, count, size);
  return [
    choiceOf(some(4), 2),
    choiceOf(some(2), 0, [1, 0.3]),
    choiceOf(some(3), 1, [0.2, 1, 0.9]),
    likedOf(some(1)[0]),
    likedOf(some(1)[0], 0.5),
    dislikedOf(some(1)[0]),
    dislikedOf(some(1)[0], 0.5),
    tieOf(some(2)),
    tieOf(some(4)),
  ];
}

describe('the likelihood of a vote', () => {
  const theta = Float64Array.of(0.7, -0.4);
  const [a, b, c] = [reply([1, 0]), reply([0.5, 2]), reply([-1, 1])];
  const u = [a, b, c].map(({ mean }) => theta[0] * mean[0] + theta[1] * mean[1]);
  const exp = u.map(Math.exp);
  const middle = Math.exp((u[0] + u[1]) / 2);
  const slip = (p: number, options: number) => 0.9 * p + 0.1 / options;
  it.each<[string, Vote, number, number?]>([
    ['the chosen one of three', choiceOf([a, b, c], 1), slip(exp[1] / (exp[0] + exp[1] + exp[2]), 3)],
    ['one that counts nothing', choiceOf([a, b, c], 1, [1, 1, 0]), slip(exp[1] / (exp[0] + exp[1]), 2)],
    ['one that counts half', choiceOf([a, b, c], 1, [1, 1, 0.5]), slip(exp[1] / (exp[0] + exp[1] + exp[2] / 2), 3)],
    ['all that count half', choiceOf([a, b, c], 1, [0.5, 1, 0.5]), slip(exp[1] / (exp[0] + exp[1] + exp[2]), 3), 0.5],
    ['a liked one', likedOf(c), slip(exp[2] / (exp[2] + 1), 2)],
    ['a disliked one', dislikedOf(c), slip(1 / (exp[2] + 1), 2)],
    ['a tie', tieOf([a, b]), slip((0.7 * middle) / (exp[0] + exp[1] + 0.7 * middle), 3)],
  ])('is that of %s', (_, vote, expected, weight = 1) => {
    const [choice] = choicesOf([vote], MODEL);
    expect(logProbability(choice, theta, MODEL)).toBeCloseTo(Math.log(expected), 10);
    expect(choice.weight).toBe(weight);
  });

  it('is none where there was nothing to choose', () => {
    expect(choicesOf([choiceOf([a], 0), choiceOf([a, b], 0, [1, 0]), likedOf(a, 0)], MODEL)).toEqual([]);
  });

  it('refuses latents of different sizes', () => {
    expect(() => choicesOf([choiceOf([a, reply([1, 2, 3])], 0)], MODEL)).toThrowError(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  it('has the gradient and the curvature of finite differences, below their bound', () => {
    const size = 5;
    const choices = choicesOf(everyKind('slope', size), MODEL);
    expect(choices.length).toBe(9);
    const at = Float64Array.from(new Random('at').normals(size));
    const { gradient, curvature, bound } = slopeAt(choices, at, MODEL);
    const moved = (i: number, step: number) => at.map((value, k) => (k === i ? value + step : value));
    for (let i = 0; i < size; i++) {
      const [up, down] = [moved(i, 1e-5), moved(i, -1e-5)];
      const slope = (logLikelihood(choices, up, MODEL) - logLikelihood(choices, down, MODEL)) / 2e-5;
      expect(gradient[i]).toBeCloseTo(slope, 7);
      const [above, below] = [slopeAt(choices, up, MODEL).gradient, slopeAt(choices, down, MODEL).gradient];
      for (let j = 0; j < size; j++) {
        expect(curvature.data[i * size + j]).toBeCloseTo((below[j] - above[j]) / 2e-5, 6);
      }
      expect(bound.data[i * size + i]).toBeGreaterThanOrEqual(curvature.data[i * size + i]);
    }
  });
});

describe('the posterior over tastes', () => {
  it('has its mode where the gradient vanishes, also with votes that look like slips', () => {
    const model = { ...TASTE_MODEL, scale: 4, lapse: 0.3 };
    for (let m = 0; m < 20; m++) {
      const votes = [...everyKind(`mode ${m}`, 6), ...everyKind(`more ${m}`, 6)];
      const fit = fitTaste(votes, 6, { model });
      const prior = spectralPrior(6, model);
      const pull = timesVector(precisionOf(prior), fit.mean);
      const { gradient } = slopeAt(choicesOf(votes, model), fit.mean, model);
      expect(Math.max(...gradient.map((value, i) => Math.abs(value - pull[i])))).toBeLessThan(1e-4);
      expect(fit.steps).toBeLessThan(30);
    }
  });

  it('rises with every step', () => {
    const model = { ...TASTE_MODEL, scale: 4, lapse: 0.3 };
    const votes = everyKind('rising', 6);
    const choices = choicesOf(votes, model);
    const precision = precisionOf(spectralPrior(6, model));
    const value = (theta: Float64Array) =>
      logLikelihood(choices, theta, model) -
      timesVector(precision, theta).reduce((sum, entry, i) => sum + entry * theta[i], 0) / 2;
    const values = [value(new Float64Array(6))];
    fitTaste(votes, 6, { model, onStep: (_, mode) => values.push(value(mode)) });
    expect(values.length).toBeGreaterThan(2);
    expect(values).toEqual([...values].sort((x, y) => x - y));
  });

  it('depends on nothing but the set of votes', () => {
    const votes = tasteVotes(votingMember('order', 0.8), 12);
    const turned = votes.toReversed().map(({ options, chosen, factors }) => ({
      options: options.toReversed(),
      chosen: chosen === null ? null : options.length - 1 - chosen,
      factors: factors.toReversed(),
    }));
    expect(fitTaste(turned, LATENT_SIZE)).toEqual(fitTaste(votes, LATENT_SIZE));
    expect(fitTaste([...votes, votes[0]], LATENT_SIZE)).not.toEqual(fitTaste(votes, LATENT_SIZE));
  });

  it('is the prior without votes', () => {
    const prior = spectralPrior(4);
    expect(fitTaste([], 4)).toMatchObject({ mean: prior.mean, loss: 0, steps: 0 });
    const { covariance } = fitTaste([], 4);
    prior.covariance.data.forEach((value, i) => void expect(covariance.data[i]).toBeCloseTo(value, 12));
    const variances = Array.from({ length: 4 }, (_, k) => prior.covariance.data[5 * k]);
    expect(variances.reduce((sum, value) => sum + value, 0) / 4).toBeCloseTo(0.1, 12);
    expect(variances[0] / variances[3]).toBeCloseTo(4, 12);
  });

  it.each([1, 2])('is near the exact one in %i dimensions', (size) => {
    const model = { ...TASTE_MODEL, scale: 0.5 };
    const random = new Random('quadrature');
    const votes = Array.from({ length: 30 }, () => {
      const options = replies(random, 3, size);
      const best = options.map(({ mean }) => mean[0] - (mean[1] ?? 0) + 0.5 * random.normal());
      return choiceOf(options, best.indexOf(Math.max(...best)));
    });
    const fit = fitTaste(votes, size, { model });
    const exact = quadrature(votes, spectralPrior(size, model), model);
    for (let i = 0; i < size; i++) {
      const deviation = Math.sqrt(exact.variance[i]);
      expect(Math.abs(fit.mean[i] - exact.mean[i])).toBeLessThan(0.25 * deviation);
      expect(Math.sqrt(fit.covariance.data[i * (size + 1)]) / deviation).toBeGreaterThan(0.9);
      expect(Math.sqrt(fit.covariance.data[i * (size + 1)]) / deviation).toBeLessThan(1.1);
    }
  });

  it('recovers a taste the better, the more votes there are', () => {
    const people = Array.from({ length: 12 }, (_, m) => votingMember(`recovered ${m}`, 0.8));
    const reached = [3, 10, 50].map((count) => {
      const cosines = people.map((person) =>
        cosine(fitTaste(tasteVotes(person, count), LATENT_SIZE).mean, person.taste),
      );
      return cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
    });
    expect(reached[0]).toBeGreaterThan(0.15);
    expect(reached[1]).toBeGreaterThan(reached[0]);
    expect(reached[2]).toBeGreaterThan(0.7);
  });

  it('goes on from a taste that was brought along as if its votes were still there', () => {
    const person = votingMember('brought', 0.8);
    const [before, after] = [tasteVotes(person, 30), tasteVotes(person, 10)];
    const together = fitTaste([...before, ...after], LATENT_SIZE);
    const onwards = fitTaste(after, LATENT_SIZE, { prior: fitTaste(before, LATENT_SIZE) });
    const alone = fitTaste(after, LATENT_SIZE);
    expect(cosine(onwards.mean, together.mean)).toBeGreaterThan(0.98);
    expect(cosine(alone.mean, together.mean)).toBeLessThan(0.9);
    expect(Math.hypot(...onwards.mean) / Math.hypot(...together.mean)).toBeCloseTo(1, 0);
  });

  it('refuses a prior that is none, and ends when it is aborted', () => {
    const votes = tasteVotes(votingMember('refused', 0.8), 2);
    const flat = { mean: new Float64Array(LATENT_SIZE), covariance: diagonalMatrix(new Float64Array(LATENT_SIZE)) };
    for (const prior of [flat, spectralPrior(3)]) {
      expect(() => fitTaste(votes, LATENT_SIZE, { prior })).toThrowError(expect.objectContaining({ code: 'INTERNAL' }));
    }
    expect(() => fitTaste(votes, LATENT_SIZE, { signal: AbortSignal.abort() })).toThrowError(
      expect.objectContaining({ code: 'CANCELLED' }),
    );
  });
});

/** Mean and variances of the exact posterior, summed over a grid of two dimensions at most. */
function quadrature(votes: readonly Vote[], prior: TasteGaussian, model: ChoiceModel) {
  const size = prior.mean.length;
  const choices = choicesOf(votes, model);
  const precision = precisionOf(prior);
  const line = Array.from({ length: 121 }, (_, i) => -4.8 + 0.08 * i);
  const grid = size === 1 ? line.map((x) => [x]) : line.flatMap((x) => line.map((y) => [x, y]));
  let [total, sum, squares] = [0, new Float64Array(size), new Float64Array(size)];
  for (const point of grid) {
    const theta = Float64Array.from(point);
    const inner = timesVector(precision, theta).reduce((all, value, i) => all + value * theta[i], 0);
    const density = Math.exp(logLikelihood(choices, theta, model) - inner / 2);
    total += density;
    sum = sum.map((value, i) => value + density * theta[i]);
    squares = squares.map((value, i) => value + density * theta[i] ** 2);
  }
  const mean = sum.map((value) => value / total);
  return { mean, variance: squares.map((value, i) => value / total - mean[i] ** 2) };
}
