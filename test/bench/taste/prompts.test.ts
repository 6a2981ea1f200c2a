import { describe, expect, it } from 'vitest';
import { planBank } from '../../../bench/taste/bank.js';
import { HELD_OUT_PROMPTS, promptKind, VOTE_PROMPTS } from '../../../bench/taste/prompts.js';
import { FUNCTION_WORDS } from '../../../bench/taste/vocabularies.js';
import { clapPrompts } from '../../../src/learning/clap/prompts.js';
import { words } from '../../../src/learning/diversity.js';

/** Two prompts of which most words that say anything are the same are nearly one. */
const NEARLY_ONE = 0.6;

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((word) => b.has(word)).length;
  return shared / Math.max(1, Math.min(a.size, b.size) === 1 ? Math.max(a.size, b.size) : a.size + b.size - shared);
}

const contentOf = (prompt: string) => new Set(words(prompt).filter((word) => !FUNCTION_WORDS.has(word)));

function nearDuplicates(some: readonly string[], others: readonly string[]): [string, string][] {
  const contents = others.map((prompt) => [prompt, contentOf(prompt)] as const);
  return some.flatMap((prompt) => {
    const content = contentOf(prompt);
    return contents
      .filter(([other, of]) => other !== prompt && likeness(content, of) >= NEARLY_ONE)
      .map(([other]): [string, string] => [prompt, other]);
  });
}

describe('prompts of the taste bench', () => {
  const trained = clapPrompts(240, 1);

  it('are many and different', () => {
    const all = [...VOTE_PROMPTS, ...HELD_OUT_PROMPTS];
    expect(VOTE_PROMPTS.length).toBeGreaterThanOrEqual(100);
    expect(HELD_OUT_PROMPTS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(all).size).toBe(all.length);
  });

  it('are judged on that nobody voted or trained on, nor on one nearly like them', () => {
    expect(nearDuplicates(HELD_OUT_PROMPTS, VOTE_PROMPTS)).toEqual([]);
    expect(nearDuplicates(HELD_OUT_PROMPTS, HELD_OUT_PROMPTS)).toEqual([]);
    expect(nearDuplicates(HELD_OUT_PROMPTS, trained)).toEqual([]);
    expect(nearDuplicates(VOTE_PROMPTS, trained)).toEqual([]);
  });

  it('finds what is nearly the same', () => {
    expect(nearDuplicates(['Tell me about owls.'], ['Can you tell me about owls?'])).toHaveLength(1);
    expect(nearDuplicates(['How do I clean a burnt pan?'], ['How do I choose a melon?'])).toEqual([]);
  });

  it('are of all kinds from the beginning on', () => {
    for (const list of [VOTE_PROMPTS, HELD_OUT_PROMPTS]) {
      expect(list.slice(0, 3).map(promptKind)).toEqual(['FACT', 'FEELING', 'TASK']);
    }
    expect(promptKind('Why is snow white?')).toBe('FACT');
    expect(promptKind('My snowman melted.')).toBe('FEELING');
  });

  it('come in a plan of which any beginning has both sets by their sizes', () => {
    const plan = planBank();
    expect(plan.map(({ prompt }) => prompt).sort()).toEqual([...VOTE_PROMPTS, ...HELD_OUT_PROMPTS].sort());
    for (const size of [8, 40, 100]) {
      const voted = plan.slice(0, size).filter(({ set }) => set === 'VOTE').length;
      expect(voted / size).toBeCloseTo(VOTE_PROMPTS.length / plan.length, 0);
      expect(Math.abs(voted - (size * VOTE_PROMPTS.length) / plan.length)).toBeLessThanOrEqual(1);
    }
  });
});
