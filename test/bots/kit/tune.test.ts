/** The state machine of a tuning round, and how it is shown. */
import { describe, expect, it } from 'vitest';
import {
  choiceOf,
  generationsOf,
  keepRound,
  LANGUAGES,
  PLATFORM_LIMITS,
  pending,
  recallRound,
  startRound,
  stepRound,
  TUNE_QUESTIONS,
  type TuneEffect,
  type TuneRound,
  tuneView,
} from '../../../bots/kit/index.js';
import { ENGLISH } from '../../../bots/kit/words/en.js';
import type { Words } from '../../../bots/kit/words/words.js';

describe('a tuning round', () => {
  const replies = (n: number) =>
    ['a', 'b', 'c', 'd'].map((letter) => ({ id: `${n}${letter}`, text: `reply ${letter} to ${n}` }));
  const WRITTEN = { kind: 'written' as const, generationId: 'g0', prompt: 'question 0' };
  const sample = (text: string) => ({
    kind: 'compared' as const,
    sample: { generationId: text, text, version: text === 'after' ? 1 : 0 },
  });

  function play(round: TuneRound, words: Words, choice: (at: number) => number | 'none' | 'skip') {
    const effects: TuneEffect[] = [];
    const go = (event: Parameters<typeof stepRound>[1]) => {
      const result = stepRound(round, event, words);
      round = result.round;
      effects.push(...result.effects);
    };
    for (let at = 0; at < TUNE_QUESTIONS; at++) {
      go({ kind: 'written', generationId: `g${at}`, prompt: `question ${at}`, replies: replies(at) });
      if (at === 0) go(sample('before'));
      go({ kind: 'chosen', at, choice: choice(at) });
    }
    go(sample('after'));
    return { round, effects };
  }

  it('asks ten prompts in the member’s language, sends a vote for each, and shows before and after', () => {
    for (const words of LANGUAGES) {
      const first = startRound(words);
      const { round, effects } = play(first.round, words, (at) => at % 4);
      const votes = effects.flatMap((effect) => (effect.kind === 'vote' ? [effect] : []));
      expect(votes).toHaveLength(10);
      expect(round).toMatchObject({ phase: 'done', done: 10, votes: 10 });
      const written = [...first.effects, ...effects].flatMap((effect) =>
        effect.kind === 'write' ? [effect.prompt] : [],
      );
      // Where the words have none, the service says what is asked next.
      expect(written).toEqual(words.tune.prompts ?? Array(10).fill(null));
      expect(written).not.toContain(words.tune.heldOut);
      const text = tuneView(round, words, 2_000).text.join('\n');
      expect(text).toContain('before');
      expect(text).toContain('after');
    }
  });

  it('shows the first question before anything else is written, and then what stood there before the first vote', () => {
    const kinds = (effects: readonly TuneEffect[]) => effects.map(({ kind }) => kind);
    const first = startRound(ENGLISH);
    expect(kinds(first.effects)).toEqual(['show', 'write']);
    const asked = stepRound(first.round, { ...WRITTEN, replies: replies(0) }, ENGLISH);
    expect(kinds(asked.effects)).toEqual(['show', 'compare']);
    const compared = stepRound(asked.round, sample('before'), ENGLISH);
    expect(compared).toMatchObject({ round: { phase: 'choosing', before: { text: 'before' } }, effects: [] });
    expect(kinds(pending(compared.round, ENGLISH))).toEqual(['show']);
    expect(kinds(stepRound(compared.round, { kind: 'chosen', at: 0, choice: 0 }, ENGLISH).effects)).toEqual([
      'vote',
      'show',
      'write',
    ]);
  });

  it.each([
    [0, 'before', 0, 'after', 'nothing from this round', false],
    [3, 'same', 3, 'same', 'nothing from this round', false],
    [0, 'same', 1, 'same', 'still answered the same', true],
    [0, 'before', 1, 'after', 'before and after', true],
  ])('from version %i (%s) to %i (%s) says: %s', (from, before, to, after, says, shows) => {
    const round = { ...startRound(ENGLISH).round, phase: 'done' as const, done: 10, votes: 10 };
    const at = (version: number, text: string) => ({ generationId: 'g', text, version });
    const text = tuneView({ ...round, before: at(from, before), after: at(to, after) }, ENGLISH, 2_000).text.join('\n');
    expect(text).toContain(says);
    expect(text.includes(`**After**\n${after}`)).toBe(shows);
    expect(text.includes('**Before**')).toBe(shows && before !== after);
  });

  it('takes the choice by what was shown, not by what came first', () => {
    let { round } = startRound(ENGLISH);
    round = stepRound(round, { ...WRITTEN, replies: replies(0) }, ENGLISH).round;
    round = stepRound(round, sample('before'), ENGLISH).round;
    const { effects } = stepRound(round, { kind: 'chosen', at: 0, choice: 2 }, ENGLISH);
    expect(effects[0]).toEqual({
      kind: 'vote',
      generationId: 'g0',
      vote: { verdict: 'CHOSEN', candidate: round.replies[2].id },
    });
    const view = tuneView(round, ENGLISH, 2_000);
    expect(view.text.at(-1)).toContain(`**C**\n${round.replies[2].text}`);
  });

  it('counts no vote for a skipped prompt, and all bad for none', () => {
    const { round, effects } = play(startRound(ENGLISH).round, ENGLISH, (at) => (at < 4 ? 'skip' : 'none'));
    expect(round).toMatchObject({ phase: 'done', votes: 6 });
    const verdicts = effects.flatMap((effect) => (effect.kind === 'vote' ? [effect.vote.verdict] : []));
    expect(verdicts).toEqual(Array(6).fill('ALL_BAD'));
  });

  it('takes each press once, even when it is delivered twice or late', () => {
    let { round } = startRound(ENGLISH);
    round = stepRound(round, { ...WRITTEN, replies: replies(0) }, ENGLISH).round;
    round = stepRound(round, sample('before'), ENGLISH).round;
    const first = stepRound(round, { kind: 'chosen', at: 0, choice: 1 }, ENGLISH);
    expect(stepRound(first.round, { kind: 'chosen', at: 0, choice: 1 }, ENGLISH).effects).toEqual([]);
    const next = stepRound(first.round, { ...WRITTEN, generationId: 'g1', replies: replies(1) }, ENGLISH);
    expect(stepRound(next.round, { kind: 'chosen', at: 0, choice: 1 }, ENGLISH).effects).toEqual([]);
    expect(stepRound(next.round, { kind: 'chosen', at: 1, choice: 7 }, ENGLISH).effects).toEqual([]);
  });

  it('is kept without texts and recalled with them at any point', () => {
    let { round } = startRound(ENGLISH);
    expect(pending(round, ENGLISH).map(({ kind }) => kind)).toEqual(['show', 'write']);
    round = stepRound(round, { ...WRITTEN, replies: replies(0) }, ENGLISH).round;
    round = stepRound(round, sample('before'), ENGLISH).round;
    const kept = keepRound(round);
    expect(kept).not.toContain('reply');
    expect(kept).not.toContain('question');
    const bare = JSON.parse(kept) as TuneRound;
    expect(generationsOf(bare)).toEqual(['before', 'g0']);
    const stored = (id: string, prompt: string, texts: readonly { id: string; text: string }[]) => ({
      id,
      prompt,
      candidates: texts.map((reply, index) => ({
        ...reply,
        index,
        tokens: 1,
        finishReason: 'STOP' as const,
        role: null,
      })),
    });
    const generations = [stored('g0', 'question 0', replies(0)), stored('before', '', [{ id: 'x', text: 'before' }])];
    expect(recallRound(bare, generations)).toEqual(round);
  });

  it('can be stopped, and the votes so far stand', () => {
    const { round } = stepRound(startRound(ENGLISH).round, { kind: 'chosen', at: 0, choice: 'stop' }, ENGLISH);
    expect(round.phase).toBe('stopped');
    expect(tuneView(round, ENGLISH, 2_000).text).toEqual(['Stopped before the first vote.']);
    expect(stepRound(round, { kind: 'chosen', at: 0, choice: 'stop' }, ENGLISH).effects).toEqual([]);
  });

  it('fits long replies into the message', () => {
    let { round } = startRound(ENGLISH);
    const long = replies(0).map((reply) => ({ ...reply, text: 'long words '.repeat(200) }));
    round = stepRound(round, { ...WRITTEN, replies: long }, ENGLISH).round;
    const view = tuneView(round, ENGLISH, PLATFORM_LIMITS.discord.message);
    const text = view.text.join('\n\n');
    expect(text.length).toBeLessThanOrEqual(2_000);
    for (const letter of ['A', 'B', 'C', 'D']) expect(text).toContain(`**${letter}**`);
  });

  it.each([
    [['A', '0'], { at: 0, choice: 0 }],
    [['skip', '3'], { at: 3, choice: 'skip' }],
    [['start'], null],
    [['A', '-1'], null],
    [['Z', '1'], null],
  ])('reads %j from a button as %j', (args, expected) => expect(choiceOf(args)).toEqual(expected));
});
