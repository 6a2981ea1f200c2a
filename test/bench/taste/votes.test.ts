import { describe, expect, it } from 'vitest';
import { castVotes, type Voter } from '../../../bench/taste/votes.js';
import { syntheticBank } from './synthetic-bank.js';

const bank = syntheticBank({ vote: 12, heldOut: 4 });
const voter: Voter = { scorer: (text) => Number(text), candidates: 4, slips: 0, seed: 'somebody' };

describe('votes cast on the bank', () => {
  it('are for the best of different candidates, on prompts to vote on only', () => {
    const votes = castVotes(bank, 12, voter);
    expect(votes).toHaveLength(12);
    expect(new Set(votes.map(({ prompt }) => prompt)).size).toBe(12);
    for (const { prompt, candidates, chosen, slipped } of votes) {
      expect(prompt).toMatch(/^VOTE/);
      expect(new Set(candidates).size).toBe(4);
      expect(Number(candidates[chosen].text)).toBe(Math.max(...candidates.map(({ text }) => Number(text))));
      expect(slipped).toBe(false);
    }
  });

  it('come back to a prompt with other replies, until there are none left', () => {
    const votes = castVotes(bank, 1_000, voter);
    expect(votes).toHaveLength(36);
    const shown = votes.flatMap(({ candidates }) => candidates);
    expect(new Set(shown).size).toBe(shown.length);
    expect(castVotes(bank, 1_000, { ...voter, candidates: 2 })).toHaveLength(72);
  });

  it('are the same for the same seed, and fewer are the first of more', () => {
    expect(castVotes(bank, 5, voter)).toEqual(castVotes(bank, 20, voter).slice(0, 5));
    expect(castVotes(bank, 5, { ...voter, seed: 'another' })).not.toEqual(castVotes(bank, 5, voter));
  });

  it('slip as often as asked, and where they slip less they slip there as well', () => {
    const some = castVotes(bank, 36, { ...voter, slips: 0.2 });
    const more = castVotes(bank, 36, { ...voter, slips: 0.5 });
    const none = castVotes(bank, 36, voter);
    expect(more.filter(({ slipped }) => slipped).length).toBeGreaterThan(8);
    expect(some.some(({ slipped }) => slipped)).toBe(true);
    for (const [i, vote] of some.entries()) {
      expect(vote.candidates).toEqual(none[i].candidates);
      expect(vote.chosen === none[i].chosen).toBe(!vote.slipped);
      if (vote.slipped) expect(more[i].slipped).toBe(true);
    }
  });

  it('are not cast where the voter sees no difference, and are drawn by lot among the best', () => {
    expect(castVotes(bank, 10, { ...voter, scorer: () => 1 })).toEqual([]);
    const best = castVotes(bank, 36, { ...voter, scorer: (text) => (Number(text) > 0 ? 1 : 0) });
    expect(new Set(best.map(({ chosen }) => chosen)).size).toBeGreaterThan(1);
  });
});
