import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { fill, printable, sideBySide, wrap } from '../../src/cli/chat/layout.js';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

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
        // What is one to the eye is never cut, however many cells it takes.
        for (const line of lines) {
          if ([...graphemes.segment(line)].length > 1) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        }
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
