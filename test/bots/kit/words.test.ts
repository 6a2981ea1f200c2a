/** What the bots say of numbers: none, one and several. */
import { describe, expect, it } from 'vitest';
import { ENGLISH } from '../../../bots/kit/words/en.js';
import { LANGUAGES } from '../../../bots/kit/words/index.js';

describe.each(LANGUAGES.map((words) => [words.tag, words] as const))('in %s', (_, { taste, tune, vote }) => {
  it('no number of votes is said as 0', () => {
    for (const text of [taste.versionValue(2, 0), tune.stopped(0)]) expect(text).not.toMatch(/\b0/);
  });

  it('the way back to the beginning is called so', () => {
    expect(taste.undoTo(0)).not.toMatch(/\d/);
    expect(taste.undone(0)).not.toMatch(/\d/);
    expect(taste.undoTo(3)).toContain('3');
  });

  it('two replies are asked about otherwise than more', () => {
    const marks = { tie: '=', allBad: 'x' };
    expect(vote.several(marks, 2)).not.toBe(vote.several(marks, 3));
  });
});

it('one is said in the singular', () => {
  expect(ENGLISH.taste.versionValue(1, 1)).toBe('1, from 1 vote');
  expect(ENGLISH.tune.stopped(1)).toBe('Stopped after 1 vote. It counts.');
  expect(ENGLISH.vote.waiting(0, 600)).toContain('about 10 minutes');
  expect(ENGLISH.problem.missingPermissions(['Send Messages'], '#a')).toContain('permission Send Messages');
});
