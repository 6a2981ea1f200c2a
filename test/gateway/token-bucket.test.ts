import { describe, expect, it } from 'vitest';
import { type Bucket, isFull, takeToken } from '../../src/gateway/steps/token-bucket.js';

const RATE = { perMinute: 60, atOnce: 3 };

describe('takeToken', () => {
  it.each<[string, Bucket | undefined, number, number, number | null]>([
    ['begins full', undefined, 0, 2, null],
    ['takes what is there', { tokens: 1, at: 0 }, 0, 0, null],
    ['says how long to wait for a whole one', { tokens: 0, at: 0 }, 0, 0, 1_000],
    ['counts the fraction that is there', { tokens: 0.25, at: 0 }, 0, 0.25, 750],
    ['fills with time', { tokens: 0, at: 0 }, 1_500, 0.5, null],
    ['keeps a fraction while turning away', { tokens: 0, at: 0 }, 400, 0.4, 600],
    ['never fills above what may happen at once', { tokens: 0, at: 0 }, 3_600_000, 2, null],
    ['takes a clock that goes backwards for one that stands', { tokens: 0.5, at: 1_000 }, 0, 0.5, 500],
  ])('%s', (_, before, now, tokens, retryAfterMs) => {
    const taken = takeToken(before, RATE, now);
    expect(taken.bucket.tokens).toBeCloseTo(tokens, 9);
    expect(taken.bucket.at).toBe(now);
    expect(taken.retryAfterMs).toBe(retryAfterMs);
  });

  it('lets exactly the rate through in the long run, and after the wait it names', () => {
    let bucket: Bucket | undefined;
    let allowed = 0;
    for (let now = 0; now < 600_000; now += 100) {
      const taken = takeToken(bucket, RATE, now);
      bucket = taken.bucket;
      if (taken.retryAfterMs === null) allowed++;
      else expect(takeToken(bucket, RATE, now + taken.retryAfterMs).retryAfterMs).toBeNull();
    }
    // Ten minutes at 60 a minute, and the three of the beginning; the last fraction is not whole yet.
    expect(allowed).toBeGreaterThanOrEqual(600 + 3 - 2);
    expect(allowed).toBeLessThanOrEqual(600 + 3);
  });

  it('is full again once everything has come back', () => {
    const { bucket } = takeToken(undefined, RATE, 0);
    expect(isFull(bucket, RATE, 999)).toBe(false);
    expect(isFull(bucket, RATE, 1_000)).toBe(true);
  });
});
