/** Repeated runs, by table and against a plain search; what is taken off the logits. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { holdBackRepeats, repeatedRuns } from '../../src/runtime/repetition.js';

const runsOf = (text: string) =>
  Object.fromEntries(
    [...repeatedRuns([...text].map((letter) => letter.charCodeAt(0)))].map(([token, run]) => [
      String.fromCharCode(token),
      run,
    ]),
  );

describe('repeated runs', () => {
  it.each([
    ['nothing written', '', {}],
    ['nothing said twice', 'abcdef', {}],
    ['one token that comes again', 'abcda', {}],
    ['two that come again', 'abcdab', { c: 2 }],
    ['two with different ends', 'abcabdab', { c: 2, d: 2 }],
    ['a longer run wins over a shorter one to the same token', 'abcxabc_abc', { x: 3, _: 3 }],
    ['a loop', 'abababab', { a: 6 }],
    ['one token over and over', 'aaaa', { a: 3 }],
  ])('of %s', (_, text, runs) => {
    expect(runsOf(text)).toEqual(runs);
  });

  it('are those that a plain search finds', () => {
    const random = new Random('runs');
    for (let trial = 0; trial < 200; trial++) {
      const written = Array.from({ length: 30 }, () => random.integer(3));
      const expected = new Map<number, number>();
      for (let length = 2; length <= 24; length++) {
        const tail = written.slice(-length).join();
        for (let at = length; at < written.length; at++) {
          if (written.slice(at - length, at).join() === tail) expected.set(written[at], length);
        }
      }
      expect(new Map([...repeatedRuns(written)].sort())).toEqual(new Map([...expected].sort()));
    }
  });
});

describe('holding back', () => {
  it('takes more off the longer the run', () => {
    const logits = new Float32Array(5);
    holdBackRepeats(logits, [0, 1, 2, 3, 0, 1, 2], 0.5);
    expect([...logits].map((value) => Number(value.toFixed(4)))).toEqual([0, 0, 0, -0.875, 0]);
  });

  it('leaves all as it is at 0', () => {
    const logits = new Float32Array(4);
    holdBackRepeats(logits, [1, 2, 3, 1, 2], 0);
    expect([...logits]).toEqual([0, 0, 0, 0]);
  });
});
