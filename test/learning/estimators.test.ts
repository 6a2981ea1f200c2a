import { describe, expect, it } from 'vitest';
import { tasteGaussianOf } from '../../src/learning/brought-taste.js';
import { decodeEncoder, encodeEncoder, MEAN_BOUND } from '../../src/learning/encoder.js';
import { ESTIMATORS, type Estimator, type FitStep } from '../../src/learning/estimators.js';
import { servedEncoder } from '../../src/learning/strength.js';
import { tieOf } from '../../src/learning/votes.js';
import { cosine, tasteVotes, votingMember } from './synthetic-taste.js';

const person = votingMember('estimated', 0.8);
const votes = tasteVotes(person, 12);
const digest = 'ab'.repeat(32);

describe.each(Object.entries<Estimator>(ESTIMATORS))('the estimator %s', (_, estimate) => {
  it('gives the same bytes for the same votes, whatever their order', () => {
    const bytes = [votes, votes.toReversed()].map((of) =>
      encodeEncoder(estimate(of, { seed: 'member' }).encoder, digest),
    );
    expect(bytes[0]).toEqual(bytes[1]);
    expect(encodeEncoder(estimate(votes.slice(1), { seed: 'member' }).encoder, digest)).not.toEqual(bytes[0]);
  });

  it('points the way of the taste, within the bound, and tells of its steps', () => {
    const steps: FitStep[] = [];
    const fit = estimate(tasteVotes(votingMember('pointed', 0.9), 40), { seed: 1, onStep: (step) => steps.push(step) });
    expect(cosine(fit.encoder.mean, votingMember('pointed', 0.9).taste)).toBeGreaterThan(0.4);
    expect(Math.hypot(...fit.encoder.mean)).toBeLessThanOrEqual(MEAN_BOUND * (1 + 1e-6));
    expect(fit).toMatchObject({ accepted: true, totalSteps: steps.length });
    expect(steps.map(({ step }) => step)).toEqual(steps.map((_, i) => i + 1));
    expect(fit.accuracy).toBeGreaterThan(0.6);
  });

  it('goes on from a taste that was brought along, in either format', () => {
    const brought = { ...estimate(tasteVotes(person, 30), { seed: 1 }).encoder, pairCount: 90 };
    const { posterior, ...first } = brought;
    for (const prior of [brought, first]) {
      const { encoder } = estimate(votes.slice(0, 1), { seed: 1, prior });
      expect(cosine(encoder.mean, brought.mean)).toBeGreaterThan(0.9);
      expect(encoder.mean).not.toEqual(brought.mean);
    }
  });

  it('refuses to learn from nothing, and ends when it is aborted', () => {
    expect(() => estimate([], { seed: 1 })).toThrowError(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
    expect(() => estimate(votes, { seed: 1, signal: AbortSignal.abort() })).toThrowError(
      expect.objectContaining({ code: 'CANCELLED' }),
    );
  });
});

describe('the posterior over tastes as an estimator', () => {
  const { tastePosterior } = ESTIMATORS;

  it('learns on from what was stored as from the votes themselves', () => {
    const [before, after] = [tasteVotes(person, 30), tasteVotes(person, 10)];
    const stored = encodeEncoder(tastePosterior(before, { seed: 1 }).encoder, digest);
    const prior = { ...decodeEncoder(stored).encoder, pairCount: 90 };
    const onwards = tastePosterior(after, { seed: 1, prior }).encoder;
    const together = tastePosterior([...before, ...after], { seed: 1 }).encoder;
    expect(cosine(onwards.mean, together.mean)).toBeGreaterThan(0.98);
  });

  it('learns from ties that the taste is weak', () => {
    const ties = tasteVotes(person, 12).map(({ options }) => tieOf(options));
    const length = (of: typeof votes) => Math.hypot(...(tastePosterior(of, { seed: 1 }).encoder.posterior?.mean ?? []));
    expect(length([...votes, ...ties])).toBeLessThan(length(votes));
    expect(tastePosterior(ties, { seed: 1 }).accuracy).toBe(0.5);
  });
});

describe('a taste that was brought along without its posterior', () => {
  it.each([1, 3, 6])('is served at length %d again, the surer the more pairs it claims', (length) => {
    const mean = Float32Array.from(person.taste, (value) => length * value);
    const [few, many] = [6, 300].map((pairCount) =>
      tasteGaussianOf({ mean, logVariance: new Float32Array(mean.length), pairCount }),
    );
    for (const gaussian of [few, many]) expect(Math.hypot(...servedEncoder(gaussian).mean)).toBeCloseTo(length, 3);
    expect(many.covariance.data[0]).toBeLessThan(few.covariance.data[0] / 4);
  });

  it('is in the middle where it had no mean', () => {
    const nothing = { mean: new Float32Array(4), logVariance: new Float32Array(4), pairCount: 3 };
    expect([...tasteGaussianOf(nothing).mean]).toEqual([0, 0, 0, 0]);
  });
});
