import { describe, expect, it } from 'vitest';
import { LEAST_LOG_VARIANCE, MEAN_BOUND } from '../../src/learning/encoder.js';
import { evidenceOf, servedEncoder, strengthOf } from '../../src/learning/strength.js';
import { fitTaste, spectralPrior } from '../../src/learning/taste-posterior.js';
import { cosine, LATENT_SIZE, tasteVotes, votingMember } from './synthetic-taste.js';

/** The median length of the served mean over some members, as a share of the longest. */
function strength(reliability: number, candidates: number, count: number): number {
  const lengths = Array.from({ length: 15 }, (_, m) => {
    const votes = tasteVotes(votingMember(`strength ${m}`, reliability, candidates), count);
    return Math.hypot(...servedEncoder(fitTaste(votes, LATENT_SIZE)).mean) / MEAN_BOUND;
  });
  return lengths.sort((a, b) => a - b)[7];
}

describe('the strength of a served taste', () => {
  it('is nothing without evidence, and never as much as the bound', () => {
    expect(strengthOf(0)).toBe(0);
    const table = [0.05, 0.1, 0.2, 0.4, 0.8].map(strengthOf);
    expect(table.map((value) => value.toFixed(2))).toEqual(['0.04', '0.15', '0.47', '0.92', '1.00']);
    expect(Math.max(...table)).toBeLessThan(1);
  });

  it.each<[string, number, number, number, number, number]>([
    // reliability, candidates, votes, at least, at most
    ['no vote', 0.8, 4, 0, 0, 0],
    ['one vote', 0.8, 4, 1, 0.05, 0.4],
    ['ten consistent ones', 0.8, 4, 10, 0.4, 0.9],
    ['fifty consistent ones', 0.8, 4, 50, 0.95, 1],
    ['fifty consistent ones between two', 0.8, 2, 50, 0.5, 1],
    ['ten at random', 0, 4, 10, 0, 0.3],
    ['fifty at random', 0, 4, 50, 0, 0.15],
    ['fifty at random between two', 0, 2, 50, 0, 0.15],
  ])('after %s is what it should be', (_, reliability, candidates, count, least, most) => {
    const reached = strength(reliability, candidates, count);
    expect(reached).toBeGreaterThanOrEqual(least);
    expect(reached).toBeLessThanOrEqual(most);
  });

  it('is a number however many votes there are', () => {
    const votes = tasteVotes(votingMember('many', 1), 1);
    expect(evidenceOf(fitTaste(new Array(4_000).fill(votes[0]), LATENT_SIZE))).toBeLessThan(100);
  });

  it('rises as the same vote is repeated', () => {
    const [vote] = tasteVotes(votingMember('repeated', 0.8), 1);
    const evidence = [0, 1, 2, 4, 8, 16].map((times) => evidenceOf(fitTaste(new Array(times).fill(vote), LATENT_SIZE)));
    expect(evidence[0]).toBe(0);
    expect(evidence).toEqual([...evidence].sort((a, b) => a - b));
  });
});

describe('the served encoder', () => {
  it('points the posterior’s way, and is the narrower the more is known', () => {
    const person = votingMember('pointing', 0.8);
    const votes = tasteVotes(person, 60);
    const fit = fitTaste(votes, LATENT_SIZE);
    const encoder = servedEncoder(fit);
    expect(cosine(encoder.mean, fit.mean)).toBeCloseTo(1, 6);
    expect(Math.hypot(...encoder.mean)).toBeLessThanOrEqual(MEAN_BOUND * (1 + 1e-6));
    const prior = spectralPrior(LATENT_SIZE).covariance;
    const left = encoder.logVariance.map((_, k) => fit.covariance.data[33 * k] / prior.data[33 * k]);
    expect(encoder.logVariance[0]).toBeLessThan(encoder.logVariance[31]);
    expect(encoder.logVariance[0]).toBeCloseTo(Math.log(left[0]), 1);
  });

  it('is at the middle, and hardly strays from it, where nothing is known', () => {
    const encoder = servedEncoder(fitTaste([], LATENT_SIZE));
    expect(encoder.mean.every((value) => value === 0)).toBe(true);
    expect(encoder.logVariance.every((value) => value === LEAST_LOG_VARIANCE)).toBe(true);
  });
});
