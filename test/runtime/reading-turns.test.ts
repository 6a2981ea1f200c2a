/** Whose prompt is read on with the next pass. */
import { expect, it } from 'vitest';
import { nextToRead, OLDEST_EVERY } from '../../src/runtime/reading-turns.js';

const overdue = OLDEST_EVERY - 1;

it.each([
  { what: 'nobody', left: [], passedOver: 0, next: undefined },
  { what: 'nobody, however long ago', left: [], passedOver: overdue, next: undefined },
  { what: 'the only one', left: [9], passedOver: 0, next: 0 },
  { what: 'the one with the fewest passes left', left: [9, 3, 7], passedOver: 0, next: 1 },
  { what: 'the one that came first of those with as many', left: [9, 3, 3], passedOver: 0, next: 1 },
  { what: 'one that has been read by somebody else', left: [4, 0, 1], passedOver: 0, next: 1 },
  { what: 'the fewest while the first can wait', left: [9, 3], passedOver: overdue - 1, next: 1 },
  { what: 'the first when it has waited long enough', left: [9, 3], passedOver: overdue, next: 0 },
  { what: 'the first, however long it has waited', left: [9, 3, 1], passedOver: 10 * overdue, next: 0 },
])('is $what', ({ left, passedOver, next }) => {
  const turns = left.map((passes) => ({ left: passes }));
  expect(nextToRead(turns, passedOver)).toBe(next === undefined ? undefined : turns[next]);
});

it('lets the one that came first through, whatever comes after it', () => {
  const first = { left: 20 };
  const served: boolean[] = [];
  for (let passedOver = 0; served.length < 3 * OLDEST_EVERY; ) {
    const isFirst = nextToRead([first, { left: 1 }, { left: 2 }], passedOver) === first;
    passedOver = isFirst ? 0 : passedOver + 1;
    served.push(isFirst);
  }
  expect(served).toEqual(served.map((_, pass) => (pass + 1) % OLDEST_EVERY === 0));
});
