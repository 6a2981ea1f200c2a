/** Whose turn it is, and for how long one waits: tables and properties of the pure policies. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countServed,
  type Foreseen,
  foresee,
  nextInTurn,
  nextToBegin,
  type ServedTurn,
  type SizedTurn,
} from '../../src/services/generations/fair-turns.js';

/** `a` is a question of member a; `a:8` takes 8 slots. */
const turns = (text: string, atOnce = 99): SizedTurn[] =>
  text.split(' ').map((word, order) => {
    const [member, slots = '1'] = word.split(':');
    return { member, slots: Number(slots), order, atOnce };
  });
const told = (foreseen: readonly Foreseen<SizedTurn>[]) =>
  foreseen.map(({ turn: { member, order } }) => `${member}${order}`).join(' ');
const serving = (text: string, elapsed = 0): ServedTurn[] =>
  text === '' ? [] : turns(text).map(({ member, slots }) => ({ member, slots, elapsed }));
/** `a2` is a turn of member a that ended before the question of order 2 came; `a9` one that ended since. */
const lastServed = (text: string) =>
  new Map(text === '' ? [] : text.split(' ').map((word) => [word[0], Number(word.slice(1)) - 0.5] as const));

describe('whose turn it is', () => {
  it.each([
    ['the first that came', 'a b', '', '', 'a0'],
    ['who had its last turn the longest ago', 'a a b c', 'c7 a8 b9', '', 'c3'],
    ['who came before another’s turn ended', 'a a a b', 'a9', '', 'b3'],
    ['who has waited since before others came, though it had a turn and they had none', 'a b', 'a1', '', 'a0'],
    ['who waits alone', 'a', 'a9', '', 'a0'],
    ['who has nothing under way', 'a a b', '', 'a', 'b2'],
    ['who has the fewest under way', 'a b c', '', 'a a b b b c', 'c2'],
    ['of those with as many under way who had its last turn the longest ago', 'a b', 'a9', 'a b', 'b1'],
  ])('is %s', (_, waiting, last, served, expected) => {
    const { member, order } = nextInTurn(turns(waiting), lastServed(last), countServed(serving(served))) as SizedTurn;
    expect(`${member}${order}`).toBe(expected);
  });

  it('is nobody’s where nobody waits', () => {
    expect(nextInTurn([], new Map())).toBeUndefined();
  });

  it('comes for everybody who waits, however many newcomers come', () => {
    const [ada, last] = [{ member: 'ada', order: 0 }, new Map([['ada', 1]])];
    const newcomers = [{ member: 'n2', order: 2 }];
    let count = 2;
    let next: { member: string; order: number } | undefined;
    for (let turn = 0; turn < 100 && next !== ada; turn++) {
      next = nextInTurn([ada, ...newcomers], last);
      if (next === ada) return;
      newcomers.splice(newcomers.indexOf(next as (typeof newcomers)[0]), 1);
      newcomers.push({ member: `n${++count}`, order: count });
    }
    throw new Error('Ada never had her turn.');
  });
});

describe('the order that is foreseen', () => {
  it.each([
    ['one member’s as they came', 'a a a', '', '', 1, 'a0 a1 a2'],
    ['members in turn', 'a a a b b c', '', '', 1, 'a0 b3 c5 a1 b4 a2'],
    ['the others first behind one that has something under way', 'a a a b', '', 'a', 1, 'b3 a0 a1 a2'],
    ['the others first behind one that had its turn just now', 'a a a b', 'a9', '', 1, 'b3 a0 a1 a2'],
    ['members in turn from who was served last', 'a a b b', 'a9', 'b', 1, 'a0 b2 a1 b3'],
    ['members in turn where several are written at once', 'a a b b b', '', 'a a', 2, 'b2 a0 b3 a1 b4'],
  ])('is %s', (_, waiting, last, served, slots, expected) => {
    expect(told(foresee(turns(waiting), serving(served), lastServed(last), slots, 1_000))).toBe(expected);
  });

  it('serves nobody a second time before everybody who waits was served once', () => {
    const members = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 5 }), (names, slots) => {
        const waiting = turns(names.join(' '));
        const order = foresee(waiting, [], new Map(), slots, 100).map(({ turn }) => turn);
        expect([...order].sort((a, b) => a.order - b.order)).toEqual(waiting);
        const first = order.slice(0, new Set(names).size);
        expect(new Set(first.map(({ member }) => member))).toEqual(new Set(names));
      }),
    );
  });
});

describe('the next to begin', () => {
  it.each([
    ['the first', 'a b', '', 4, 'a'],
    ['none without a free slot', 'a b', '', 0, undefined],
    ['a large one is not overtaken by small ones', 'a:4 b c', '', 3, undefined],
    ['one that fits', 'a:4 b', '', 4, 'a'],
    ['who has as many as may be is passed over', 'a b', 'a a', 2, 'b'],
    ['nobody where all have', 'a a', 'a a', 2, undefined],
  ])('%s', (_, waiting, served, free, expected) => {
    expect(nextToBegin(turns(waiting, 2), new Map(), countServed(serving(served)), free)?.member).toBe(expected);
  });
});

describe('the estimate', () => {
  it.each([
    ['nothing, with a slot free', 'a', '', 0, 1, [0]],
    ['what is left of the one being written', 'a', 'x', 600, 1, [400]],
    ['one after the other', 'a b c', 'x', 0, 1, [1000, 2000, 3000]],
    ['side by side', 'a b c d', 'x y', 0, 2, [1000, 1000, 2000, 2000]],
    ['a large one until all its slots are free', 'a:2 b', 'x y', 500, 2, [500, 1500]],
    ['a part of what it has taken once the usual time is over', 'a', 'x', 5000, 1, [1250]],
    ['the member’s own, where it has as many as may be', 'a', 'a a', 0, 8, [1000]],
    ['nothing for others then', 'a b', 'a a', 0, 8, [1000, 0]],
  ])('is %s', (_, waiting, served, elapsed, slots, expected) => {
    const waits = new Map(
      foresee(turns(waiting, 2), serving(served, elapsed), new Map(), slots, 1_000).map(({ turn, wait }) => [
        turn.order,
        wait,
      ]),
    );
    expect(expected.map((_, order) => waits.get(order))).toEqual(expected);
  });

  it('comes true where everything takes the usual time', () => {
    const waiting = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 4 })), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(waiting, fc.integer({ min: 4, max: 9 }), (given, slots) => {
        const all = given.map(([member, size], order) => ({ member, slots: size, order, atOnce: 3 }));
        const foreseen = foresee(all, [], new Map(), slots, 100);
        for (const now of new Set(foreseen.map(({ wait }) => wait))) {
          const running = foreseen.filter(({ wait }) => wait <= now && now < wait + 100).map(({ turn }) => turn);
          expect(running.reduce((sum, turn) => sum + turn.slots, 0)).toBeLessThanOrEqual(slots);
          for (const count of countServed(running).values()) expect(count).toBeLessThanOrEqual(3);
        }
      }),
    );
  });

  it('ends for whatever is asked', () => {
    expect(foresee(turns('a:9'), [], new Map(), 4, 100)).toMatchObject([{ wait: 0 }]);
  });
});
