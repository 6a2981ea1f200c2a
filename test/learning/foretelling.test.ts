import { describe, expect, it } from 'vitest';
import { choicesOf } from '../../src/learning/choices.js';
import { foretelling, foretellingGate } from '../../src/learning/foretelling.js';
import { GATE_MINIMUM } from '../../src/learning/gate.js';
import { fitChoices, fitTaste, TASTE_MODEL } from '../../src/learning/taste-posterior.js';
import type { Vote } from '../../src/learning/votes.js';
import { LATENT_SIZE, tasteVotes, votingMember } from './synthetic-taste.js';

const choicesOfVotes = (votes: readonly Vote[]) => choicesOf(votes, TASTE_MODEL);
const gateOf = (votes: readonly Vote[]) => {
  const choices = choicesOfVotes(votes);
  return foretellingGate(choices, fitChoices(choices, LATENT_SIZE));
};

/** Of twenty members with so many votes, the share that passes. */
function passing(reliability: number, candidates: number, count: number): number {
  const passed = Array.from({ length: 20 }, (_, m) =>
    gateOf(tasteVotes(votingMember(`judged ${m}`, reliability, candidates), count)),
  ).filter(({ accepted }) => accepted);
  return passed.length / 20;
}

describe('the gate of the posterior over tastes', () => {
  it.each<[string, number, number, number, number, number]>([
    ['fewer votes than can be judged', 0, 4, GATE_MINIMUM - 1, 1, 1],
    ['ten consistent ones of four', 0.8, 4, 10, 0.6, 1],
    ['twenty consistent ones of four', 0.8, 4, 20, 0.75, 1],
    ['fifty consistent ones of four', 0.8, 4, 50, 1, 1],
    ['fifty consistent ones of two', 0.8, 2, 50, 0.85, 1],
    ['ten at random', 0, 4, 10, 0, 0.6],
    ['fifty at random', 0, 4, 50, 0, 0.4],
    ['fifty at random of two', 0, 2, 50, 0, 0.4],
  ])('lets %s pass as it should', (_, reliability, candidates, count, least, most) => {
    const share = passing(reliability, candidates, count);
    expect(share).toBeGreaterThanOrEqual(least);
    expect(share).toBeLessThanOrEqual(most);
  });

  it('turns down votes of which half contradict the other half', () => {
    const votes = tasteVotes(votingMember('contrary', 0.9, 2), 15);
    const turned = votes.map((vote) => ({ ...vote, chosen: 1 - (vote.chosen ?? 0) }));
    const decision = gateOf([...votes, ...turned]);
    expect(decision).toEqual({ accepted: false, reason: expect.stringContaining('kept aside') });
  });

  it('does not depend on the order of votes', () => {
    const votes = tasteVotes(votingMember('any order', 0.5), 15);
    const [one, other] = [votes, votes.toReversed()].map((of) => {
      const choices = choicesOfVotes(of);
      return foretelling(choices, fitChoices(choices, LATENT_SIZE));
    });
    expect(one).toBe(other);
  });

  it('judges votes together with a taste that was brought along', () => {
    const person = votingMember('brought to the gate', 0.8);
    const right = fitTaste(tasteVotes(person, 40), LATENT_SIZE);
    const wrong = { ...right, mean: right.mean.map((value) => -value) };
    const choices = choicesOfVotes(tasteVotes(person, 12));
    const gain = (prior: typeof right) => foretelling(choices, fitChoices(choices, LATENT_SIZE, { prior }), prior);
    expect(gain(right)).toBeGreaterThan(gain(wrong));
    expect(gain(right)).toBeGreaterThan(0);
  });
});
