/** Buckets of requests per route and major parameter, and the global one, as documented under "Rate Limits". */

export interface BucketRule {
  /** Requests in one window. */
  limit: number;
  windowMs: number;
}

/** What Discord is seen to allow; it publishes no figures and says so. */
export const DEFAULT_RULES: Readonly<Record<string, BucketRule>> = {
  'POST messages': { limit: 5, windowMs: 5_000 },
  'PATCH messages': { limit: 5, windowMs: 5_000 },
  'DELETE messages': { limit: 5, windowMs: 1_000 },
  reactions: { limit: 1, windowMs: 250 },
  webhooks: { limit: 5, windowMs: 2_000 },
  other: { limit: 50, windowMs: 1_000 },
};
const GLOBAL: BucketRule = { limit: 50, windowMs: 1_000 };

export interface Admission {
  admitted: boolean;
  global: boolean;
  headers: Record<string, string>;
  /** Seconds until the next request is admitted. */
  retryAfter: number;
}

interface Window {
  used: number;
  endsAt: number;
}

/** Counts requests; `now` in milliseconds. */
export class RateLimits {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly rules: Readonly<Record<string, BucketRule>> | null) {}

  /** Whether a request may pass; interactions do not count against the global limit. */
  admit(bucket: string, major: string, exempt: boolean, now = Date.now()): Admission {
    if (!this.rules) return { admitted: true, global: false, headers: {}, retryAfter: 0 };
    const rule = this.rules[bucket] ?? this.rules.other ?? DEFAULT_RULES.other;
    if (!exempt) {
      const whole = this.take('global', GLOBAL, now);
      if (!whole.admitted) {
        const headers = { 'X-RateLimit-Global': 'true', 'X-RateLimit-Scope': 'global' };
        return { admitted: false, global: true, headers, retryAfter: whole.retryAfter };
      }
    }
    const { admitted, window, retryAfter } = this.take(`${bucket}/${major}`, rule, now);
    const headers: Record<string, string> = {
      'X-RateLimit-Limit': String(rule.limit),
      'X-RateLimit-Remaining': String(Math.max(0, rule.limit - window.used)),
      'X-RateLimit-Reset': (window.endsAt / 1_000).toFixed(3),
      'X-RateLimit-Reset-After': (Math.max(0, window.endsAt - now) / 1_000).toFixed(3),
      'X-RateLimit-Bucket': Buffer.from(bucket).toString('hex'),
    };
    if (!admitted) headers['X-RateLimit-Scope'] = 'user';
    return { admitted, global: false, headers, retryAfter };
  }

  private take(key: string, rule: BucketRule, now: number): { admitted: boolean; window: Window; retryAfter: number } {
    let window = this.windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { used: 0, endsAt: now + rule.windowMs };
      this.windows.set(key, window);
    }
    const admitted = window.used < rule.limit;
    if (admitted) window.used++;
    return { admitted, window, retryAfter: (window.endsAt - now) / 1_000 };
  }
}
