/** Whose turn it is, and for how long one waits: tables and properties of the pure policies. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countServed,
  estimateWaits,
  fairOrder,
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
const told = (inOrder: readonly SizedTurn[]) => inOrder.map(({ member, order }) => `${member}${order}`).join(' ');
const serving = (text: string, elapsed = 0): ServedTurn[] =>
  text === '' ? [] : turns(text).map(({ member, slots }) => ({ member, slots, elapsed }));

describe('the fair order', () => {
  it.each([
    ['one member is served as it came', 'a a a', '', 'a0 a1 a2'],
    ['members take turns', 'a a a b b c', '', 'a0 b3 c5 a1 b4 a2'],
    ['who has something under way goes behind who has not', 'a a b', 'a', 'b2 a0 a1'],
    ['as often as things are under way', 'a b b c', 'a a b', 'c3 b1 a0 b2'],
    ['of those alike the first', 'c b a', '', 'c0 b1 a2'],
  ])('%s', (_, waiting, served, expected) => {
    expect(told(fairOrder(turns(waiting), countServed(serving(served))))).toBe(expected);
  });

  it('serves nobody a second time before everybody who waits was served once', () => {
    const members = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(members, (names) => {
        const waiting = names.map((member, order) => ({ member, order }));
        const order = fairOrder(waiting, new Map());
        expect([...order].sort((a, b) => a.order - b.order)).toEqual(waiting);
        const rounds = order.map(({ member }, i) => order.slice(0, i).filter((turn) => turn.member === member).length);
        expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
      }),
    );
  });
});

describe('one at a time', () => {
  it.each([
    ['the first that came', 'a b', [], 'a'],
    ['who was never served', 'a b', ['a'], 'b'],
    ['who was served the longest ago', 'a a b c', ['c', 'a', 'b'], 'c'],
    ['nobody else waits', 'a', ['a'], 'a'],
  ])('is served: %s', (_, waiting, servedBefore, expected) => {
    const lastServed = new Map(servedBefore.map((member, i) => [member, i]));
    expect(nextInTurn(turns(waiting), lastServed)?.member).toBe(expected);
  });

  it('serves nobody where nobody waits', () => {
    expect(nextInTurn([], new Map())).toBeUndefined();
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
    expect(nextToBegin(turns(waiting, 2), countServed(serving(served)), free)?.member).toBe(expected);
  });
});

describe('the estimate', () => {
  it.each([
    ['nothing, with a slot free', 'a', '', 0, 1, [0]],
    ['what is left of the one being written', 'a', 'x', 600, 1, [400]],
    ['one after the other', 'a b c', 'x', 0, 1, [1000, 2000, 3000]],
    ['side by side', 'a b c d', 'x y', 0, 2, [1000, 1000, 2000, 2000]],
    ['a large one until all its slots are free', 'a:2 b', 'x y', 500, 2, [500, 1500]],
    ['a part of the usual time once that is over', 'a', 'x', 5000, 1, [250]],
    ['the member’s own, where it has as many as may be', 'a', 'a a', 0, 8, [1000]],
    ['nothing for others then', 'a b', 'a a', 0, 8, [1000, 0]],
  ])('is %s', (_, waiting, served, elapsed, slots, expected) => {
    expect(estimateWaits(turns(waiting, 2), serving(served, elapsed), slots, 1_000)).toEqual(expected);
  });

  it('comes true where everything takes the usual time', () => {
    const waiting = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 4 })), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(waiting, fc.integer({ min: 4, max: 9 }), (given, slots) => {
        const all = fairOrder(
          given.map(([member, size], order) => ({ member, slots: size, order, atOnce: 3 })),
          new Map(),
        );
        const waits = estimateWaits(all, [], slots, 100);
        for (const now of new Set(waits)) {
          const running = all.filter((_, i) => waits[i] <= now && now < waits[i] + 100);
          expect(running.reduce((sum, turn) => sum + turn.slots, 0)).toBeLessThanOrEqual(slots);
          for (const count of countServed(running).values()) expect(count).toBeLessThanOrEqual(3);
        }
      }),
    );
  });

  it('ends for whatever is asked', () => {
    expect(estimateWaits(turns('a:9'), [], 4, 100)).toEqual([0]);
  });
});
