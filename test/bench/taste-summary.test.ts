import { describe, expect, it } from 'vitest';
import { favourite } from '../../bench/members.js';
import { SCORERS } from '../../bench/scorers.js';
import { summarise } from '../../bench/taste-summary.js';

const prompts = ['first', 'second'];
const bases = [
  {
    seed: 1,
    texts: [
      ['a b c', 'a b', 'a b c d', 'a'],
      ['a b c', 'a b c', 'a b c', 'a b c'],
    ],
  },
];
/** A model to which every word costs one nat and every prompt one more. */
const score = async (_prompt: string, replies: readonly string[]) => ({
  nll: replies.reduce((sum, reply) => sum + reply.split(' ').length + 1, 0),
  tokens: replies.reduce((sum, reply) => sum + reply.split(' ').length, 0),
});

describe('the summary of the taste bench', () => {
  it('sets each taste against the unpersonalised replies of its run', async () => {
    const short = {
      taste: 'short',
      seed: 1,
      wanted: 10,
      votes: 9,
      texts: [
        ['a', 'a b'],
        ['a', 'a'],
      ],
    } as const;
    const long = {
      taste: 'long',
      seed: 1,
      wanted: 10,
      votes: 10,
      texts: [
        ['a', 'a'],
        ['a', 'a'],
      ],
    } as const;
    const evaluations = [short, long].map((run) => ({ ...run, texts: run.texts.map((replies) => [...replies]) }));
    const { rows, base } = await summarise(prompts, bases, evaluations, score);
    expect(rows.map(({ taste, votes }) => [taste, votes])).toEqual([
      ['short', 9],
      ['long', 10],
      ['mean', 9.5],
    ]);
    // Prompt 1: "a" wins 3.5 of 4, "a b" 2.5 of 4; prompt 2: all won.
    expect(rows[0].winRate).toBeCloseTo((0.75 + 1) / 2, 12);
    expect(rows[1].winRate).toBeCloseTo((0.125 + 0) / 2, 12);
    expect(rows[2].winRate).toBeCloseTo((rows[0].winRate + rows[1].winRate) / 2, 12);
    expect(rows[0].interval.low).toBeLessThanOrEqual(rows[0].winRate);
    expect(rows[0].interval.high).toBeGreaterThanOrEqual(rows[0].winRate);
    expect(base.words).toBeCloseTo((10 + 12) / 8, 12);
    expect(base.nll).toBeCloseTo((22 + 8) / 22, 12);
    expect(rows[1].nll).toBeCloseTo(2, 12);
    expect(rows[1].perplexityRatio).toBeCloseTo(Math.exp(2 - base.nll), 12);
    expect(rows[0].distinct2Ratio).toBeCloseTo(rows[0].distinct2 / base.distinct2, 12);
  });

  it('lets a member vote for the best candidate, and for none where all are alike', () => {
    const candidates = ['b', 'a b', 'a'].map((text, index) => {
      return { id: `c${index}`, index, text, tokens: 1, finishReason: 'STOP' as const, role: null };
    });
    expect(favourite(SCORERS.long, { candidates })).toBe('c1');
    expect(favourite(SCORERS.questions, { candidates })).toBeNull();
  });
});
