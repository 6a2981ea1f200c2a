import { describe, expect, it } from 'vitest';
import { backOff } from '../../src/common/back-off.js';
import { Random } from '../../src/common/random.js';

const waits = (count: number, times: Parameters<typeof backOff>[1], random?: () => number) =>
  Array.from({ length: count }, (_, attempt) => backOff(attempt, times, random));

describe('backOff', () => {
  it.each([
    ['doubles', { first: 250 }, [250, 500, 1_000, 2_000]],
    ['doubles up to the longest', { first: 500, longest: 1_500 }, [500, 1_000, 1_500, 1_500]],
    ['grows by its factor', { first: 1_000, factor: 4 }, [1_000, 4_000, 16_000, 64_000]],
    ['stays where the factor is one', { first: 5_000, factor: 1 }, [5_000, 5_000, 5_000, 5_000]],
  ])('%s', (_, times, expected) => {
    expect(waits(expected.length, times)).toEqual(expected);
  });

  it('is the longest however often it failed', () => {
    for (const attempt of [64, 1_024, 1e9]) expect(backOff(attempt, { first: 250, longest: 10_000 })).toBe(10_000);
  });

  it('leaves a share to chance, the same for the same seed, and waits no longer for it', () => {
    const times = { first: 1_000, longest: 8_000, spread: 0.5 };
    const drawn = () => {
      const random = new Random(7);
      return waits(200, times, () => random.uniform());
    };
    const late = drawn().slice(3);
    expect(drawn().slice(3)).toEqual(late);
    expect(Math.min(...late)).toBeGreaterThan(4_000);
    expect(Math.min(...late)).toBeLessThan(4_200);
    expect(Math.max(...late)).toBeLessThanOrEqual(8_000);
    expect(Math.max(...late)).toBeGreaterThan(7_800);
  });
});
