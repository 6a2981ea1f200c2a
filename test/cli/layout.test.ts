import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, fill, printable, sideBySide, wrap } from '../../src/cli/chat/layout.js';

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['plain', 5],
    ['日本', 4],
    ['e\u0301', 1],
    ['👍', 2],
    ['👩‍🚀', 2],
    ['│', 1],
    ['한국어', 6],
    ['\u{1d158}\u{1d165}\u{1d16e}', 2],
    ['\u001b[1mbold\u001b[0m', 4],
  ])('of %j is %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('printable', () => {
  it('takes the power of escape sequences away', () => {
    expect(printable('a\x1b[2Jb\x07c\r\nd\te\u202ef')).toBe('a[2Jbc\nd  ef');
  });
});

describe('wrap', () => {
  it('breaks between words, keeps line breaks, cuts what is too long', () => {
    expect(wrap('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
    expect(wrap('one\n\ntwo', 10)).toEqual(['one', '', 'two']);
    expect(wrap('abcdefghij klm', 4)).toEqual(['abcd', 'efgh', 'ij', 'klm']);
    expect(wrap('日本語の文', 4)).toEqual(['日本', '語の', '文']);
    expect(wrap('', 10)).toEqual(['']);
    expect(wrap('👩‍🚀👩‍🚀👩‍🚀', 4)).toEqual(['👩‍🚀👩‍🚀', '👩‍🚀']);
  });

  it('keeps what is indented together', () => {
    expect(wrap('  return one + two', 12)).toEqual(['  return one', '  + two']);
    expect(wrap('        x', 6)).toEqual(['   x']);
  });

  it('never exceeds the width and loses nothing but white space', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 2, max: 20 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        const letters = (value: string) => value.replaceAll(/[\s\p{Cc}]/gu, '');
        expect(letters(lines.join(''))).toBe(letters(printable(text)));
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});

describe('columns', () => {
  it('fills and cuts to the cell', () => {
    expect(fill('ab', 4)).toBe('ab  ');
    expect(fill('abcdef', 4)).toBe('abcd');
    expect(fill('日本語', 5)).toBe('日本 ');
  });

  it('puts blocks of different heights next to each other', () => {
    expect(sideBySide([['aa', 'b'], ['cccc']], 4, ' | ')).toEqual(['aa   | cccc', 'b    |']);
  });
});
