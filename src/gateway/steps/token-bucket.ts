/** The token bucket: a pure policy for how often something may happen. */

export interface Rate {
  /** What may happen in the long run. */
  perMinute: number;
  /** What may happen at once after a rest. */
  atOnce: number;
}

export interface Bucket {
  /** What may still happen, a fraction included. */
  tokens: number;
  /** When that was so, in milliseconds. */
  at: number;
}

export interface Taken {
  bucket: Bucket;
  /** Milliseconds until it may happen; null: it may happen now, and has been counted. */
  retryAfterMs: number | null;
}

const MINUTE_MS = 60_000;

/** Takes one token at `now`; nobody's bucket is full. A clock that goes backwards fills nothing. */
export function takeToken(before: Bucket | undefined, { perMinute, atOnce }: Rate, now: number): Taken {
  const elapsed = before ? Math.max(now - before.at, 0) : 0;
  const tokens = before ? Math.min(before.tokens + (elapsed * perMinute) / MINUTE_MS, atOnce) : atOnce;
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, retryAfterMs: null };
  return { bucket: { tokens, at: now }, retryAfterMs: Math.ceil(((1 - tokens) * MINUTE_MS) / perMinute) };
}

/** Whether a bucket is as good as none. */
export function isFull(bucket: Bucket, { perMinute, atOnce }: Rate, now: number): boolean {
  return bucket.tokens + (Math.max(now - bucket.at, 0) * perMinute) / MINUTE_MS >= atOnce;
}
