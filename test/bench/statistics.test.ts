import { describe, expect, it } from 'vitest';
import { distribution, quantile } from '../../bench/statistics.js';

describe('the statistics of benches', () => {
  it('interpolate quantiles', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([5], 0.9)).toBe(5);
    const hundred = Array.from({ length: 101 }, (_, i) => i);
    expect(distribution(hundred)).toEqual({ count: 101, median: 50, p90: 90, p99: 99, max: 100 });
  });
});
