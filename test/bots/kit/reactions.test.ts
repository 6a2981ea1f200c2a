import { describe, expect, it } from 'vitest';
import {
  displayOrder,
  emojiMapWith,
  MARKS,
  type Mark,
  markOf,
  NAMED_REACTIONS,
  offeredMarks,
  UNICODE_REACTIONS,
  voteOf,
} from '../../../bots/kit/index.js';

describe('the table of reactions', () => {
  it.each<[string, Mark | null]>([
    ['🇦', 'A'],
    ['🅰️', 'A'],
    ['🅰', 'A'],
    ['🇧', 'B'],
    ['🤝', 'TIE'],
    ['🤝🏽', 'TIE'],
    ['👍🏿', 'UP'],
    ['❤', 'UP'],
    ['👎', 'DOWN'],
    ['🚫', 'ALL_BAD'],
    ['🔁', 'REGENERATE'],
    ['🍕', null],
    ['', null],
  ])('on Discord %s means %s', (emoji, mark) => expect(markOf(UNICODE_REACTIONS, emoji)).toBe(mark));

  it.each<[string, Mark | null]>([
    ['a', 'A'],
    [':b:', 'B'],
    ['+1', 'UP'],
    ['+1::skin-tone-4', 'UP'],
    ['-1', 'DOWN'],
    ['handshake', 'TIE'],
    ['repeat', 'REGENERATE'],
    ['pizza', null],
  ])('on Slack %s means %s', (emoji, mark) => expect(markOf(NAMED_REACTIONS, emoji)).toBe(mark));

  it('takes other emoji, custom ones by their id', () => {
    const table = emojiMapWith(UNICODE_REACTIONS, { UP: ['<:yes:123456789012345678>'], TIE: ['🟰'] });
    expect(markOf(table, 'renamed:123456789012345678')).toBe('UP');
    expect(markOf(table, '<a:yes:123456789012345678>')).toBe('UP');
    expect(markOf(table, '👍')).toBeNull();
    expect(markOf(table, '🟰')).toBe('TIE');
  });

  it('refuses an emoji that would mean two things, and a mark without any', () => {
    expect(() => emojiMapWith(UNICODE_REACTIONS, { UP: ['🇦'] })).toThrow('🇦 means both A and UP');
    expect(() => emojiMapWith(UNICODE_REACTIONS, { TIE: [] })).toThrow('No emoji means TIE');
    for (const defaults of [UNICODE_REACTIONS, NAMED_REACTIONS]) expect(emojiMapWith(defaults)).toEqual(defaults);
  });
});

describe('a mark as a vote', () => {
  it.each<[Mark, number, string]>([
    ['A', 2, 'CHOSEN 0'],
    ['B', 2, 'CHOSEN 1'],
    ['C', 2, 'none'],
    ['D', 4, 'CHOSEN 3'],
    ['TIE', 2, 'TIE'],
    ['UP', 2, 'TIE'],
    ['ALL_BAD', 2, 'ALL_BAD'],
    ['DOWN', 2, 'ALL_BAD'],
    ['A', 1, 'none'],
    ['TIE', 1, 'none'],
    ['UP', 1, 'GOOD 0'],
    ['DOWN', 1, 'BAD 0'],
    ['ALL_BAD', 1, 'BAD 0'],
    ['UP', 0, 'none'],
    ['REGENERATE', 2, 'none'],
    ['REGENERATE', 1, 'none'],
  ])('%s on %i replies is %s', (mark, count, expected) => {
    const candidates = Array.from({ length: count }, (_, i) => String(i));
    const vote = voteOf(mark, candidates);
    expect(vote ? [vote.verdict, vote.candidate].filter(Boolean).join(' ') : 'none').toBe(expected);
  });

  it('is one for everything that is offered, new replies apart', () => {
    for (let count = 1; count <= 8; count++) {
      const candidates = Array.from({ length: count }, (_, i) => String(i));
      const offered = offeredMarks(count);
      expect(new Set(offered).size).toBe(offered.length);
      for (const mark of offered) expect(voteOf(mark, candidates) !== null).toBe(mark !== 'REGENERATE');
    }
    expect(MARKS).toHaveLength(13);
  });
});

describe('the order replies are shown in', () => {
  it('is the same every time and does not depend on the order they come in', () => {
    expect(displayOrder('g', ['x', 'y', 'z'])).toEqual(displayOrder('g', ['z', 'x', 'y']));
  });

  it('puts the first candidate first half of the time', () => {
    const generations = 4_000;
    let first = 0;
    for (let i = 0; i < generations; i++) {
      if (displayOrder(`generation-${i}`, [`${i}-one`, `${i}-two`])[0].endsWith('one')) first++;
    }
    // Five standard deviations of a fair coin.
    expect(Math.abs(first - generations / 2)).toBeLessThan(5 * Math.sqrt(generations / 4));
  });
});
