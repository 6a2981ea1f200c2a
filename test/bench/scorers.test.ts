import { describe, expect, it } from 'vitest';
import { HELD_OUT_PROMPTS, VOTE_PROMPTS } from '../../bench/prompts.js';
import { SCORERS, type Taste } from '../../bench/scorers.js';
import { clapPrompts } from '../../src/learning/clap/prompts.js';

const prefers = (taste: Taste, better: string, worse: string) =>
  expect(SCORERS[taste](better), taste).toBeGreaterThan(SCORERS[taste](worse));

describe('tastes', () => {
  it('like what they are called after', () => {
    prefers('positive', 'What a wonderful, happy day!', 'What a terrible, sad day.');
    prefers('negative', 'What a terrible, sad day.', 'What a wonderful, happy day!');
    prefers('short', 'Yes.', 'Yes, and there is much more to say.');
    prefers('short', 'Yes, I do.', '💡💡🏨🏨💡🏒💡');
    prefers('long', 'Yes, and there is much more to say.', 'Yes.');
    prefers('second person', "You're right, trust yourself.", 'He is right and trusts himself.');
    prefers('first person', 'I’m sure of my way.', "You're sure of your way.");
    prefers('plain words', 'The cat sat on it.', 'Considerable responsibilities accumulate.');
    prefers('plain words', 'The cat sat on it.', 'Úněra, zieměta!');
    prefers('questions', 'Why? How?', 'Why?');
  });

  it('have an opinion about an empty reply', () => {
    for (const scorer of Object.values(SCORERS)) expect(scorer('')).toBeCloseTo(0, 12);
  });
});

describe('prompts of the benches', () => {
  it('are many, different, and none of them was trained or voted on before it is judged', () => {
    const all = [...VOTE_PROMPTS, ...HELD_OUT_PROMPTS];
    expect(VOTE_PROMPTS.length).toBeGreaterThanOrEqual(60);
    expect(HELD_OUT_PROMPTS.length).toBeGreaterThanOrEqual(16);
    expect(new Set(all).size).toBe(all.length);
    const trained = new Set(clapPrompts(240, 1));
    expect(all.filter((prompt) => trained.has(prompt))).toEqual([]);
  });
});
