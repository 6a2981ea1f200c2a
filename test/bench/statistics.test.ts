import { describe, expect, it } from 'vitest';
import { bootstrapInterval, crossWinRate, distinct2, distribution, mean, quantile } from '../../bench/statistics.js';
import { Random } from '../../src/common/random.js';

describe('the statistics of benches', () => {
  it('count cross pairs that are won, ties half', () => {
    expect(crossWinRate([2, 3], [1, 2, 3])).toBeCloseTo((1.5 + 2.5) / 6, 12);
    expect(crossWinRate([1], [1])).toBe(0.5);
  });

  it('call a text of one repeated pair monotonous and one without repeats distinct', () => {
    expect(distinct2(['no no no no no'])).toBe(1 / 4);
    expect(distinct2(['one two three', 'three two one'])).toBe(1);
    expect(distinct2(['One two.', 'one, two!'])).toBe(0.5);
    expect(distinct2([''])).toBe(0);
  });

  it('interpolate quantiles', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([5], 0.9)).toBe(5);
    const hundred = Array.from({ length: 101 }, (_, i) => i);
    expect(distribution(hundred)).toEqual({ count: 101, median: 50, p90: 90, p99: 99, max: 100 });
  });

  it('bootstrap intervals that hold the truth about as often as they say', () => {
    const random = new Random('coverage');
    const covered = Array.from({ length: 150 }, (_, round) => {
      const sample = Array.from({ length: 40 }, () => random.normal());
      const { low, high } = bootstrapInterval(40, (drawn) => mean(drawn.map((i) => sample[i])), round, 300);
      return low < 0 && high > 0 ? 1 : 0;
    });
    expect(mean(covered)).toBeGreaterThan(0.88);
    expect(mean(covered)).toBeLessThan(0.99);
  });
});
