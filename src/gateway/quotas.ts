/**
 * How much one key and one member may use of this process: operations and generations a minute, generations written at the same time.
 * Admin keys are the operator's own and are not counted.
 */
import { createHash } from 'node:crypto';
import type { Limits } from '../common/config.js';
import { PalateError } from '../common/errors.js';
import type { MemberRef } from '../services/views.js';
import { nameOf, type Viewer } from './auth.js';
import { type Bucket, isFull, type Rate, takeToken } from './token-bucket.js';

/** Gives back what was taken; again does nothing. */
export type Release = () => void;

/** Milliseconds after which a generation that was turned away may find room. */
const RETRY_MS = 1_000;
/** Buckets kept before the full ones are thrown out. */
const BUCKETS = 10_000;

const NOTHING: Release = () => {};

export class Quotas {
  private readonly buckets = new Map<string, { bucket: Bucket; rate: Rate }>();
  private readonly held = new Map<string, number>();

  constructor(
    private readonly limits: Limits,
    private readonly now: () => number = Date.now,
  ) {}

  /** Counts one operation. @throws PalateError LIMIT_EXCEEDED with retryAfterMs */
  operation(viewer: Viewer): void {
    if (viewer.scope === 'ADMIN') return;
    const { limits } = this;
    const rate =
      viewer.scope === 'BOT'
        ? { perMinute: limits.operationsPerMinuteOfBot, atOnce: limits.operationsAtOnceOfBot }
        : { perMinute: limits.operationsPerMinuteOfMember, atOnce: limits.operationsAtOnceOfMember };
    this.take(`operation/${nameOf(viewer)}`, rate, 'operations with this key');
  }

  /** Counts one generation for the member, until it is released. @throws PalateError LIMIT_EXCEEDED with retryAfterMs */
  generation(viewer: Viewer, member: MemberRef): Release {
    if (viewer.scope === 'ADMIN') return NOTHING;
    const { limits } = this;
    const who = memberKey(member);
    const ofMember = this.hold(`writing/${who}`, limits.runningPerMember, 'generations of this member');
    try {
      const ofKey = this.hold(`writing/${nameOf(viewer)}`, limits.runningPerBot, 'generations with this key');
      try {
        const rate = { perMinute: limits.generationsPerMinute, atOnce: limits.generationsAtOnce };
        this.take(`generation/${who}`, rate, 'generations of this member');
      } catch (error) {
        ofKey();
        throw error;
      }
      return () => {
        ofMember();
        ofKey();
      };
    } catch (error) {
      ofMember();
      throw error;
    }
  }

  private hold(name: string, maximum: number, what: string): Release {
    const count = this.held.get(name) ?? 0;
    if (count >= maximum) {
      const message = `There are ${count} ${what} already; at most ${maximum} are allowed. Wait until one has ended.`;
      throw new PalateError('LIMIT_EXCEEDED', message, { retryAfterMs: RETRY_MS });
    }
    this.held.set(name, count + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const now = (this.held.get(name) ?? 1) - 1;
      if (now === 0) this.held.delete(name);
      else this.held.set(name, now);
    };
  }

  private take(name: string, rate: Rate, what: string): void {
    const now = this.now();
    const { bucket, retryAfterMs } = takeToken(this.buckets.get(name)?.bucket, rate, now);
    this.buckets.set(name, { bucket, rate });
    if (this.buckets.size > BUCKETS) this.throwOutFull(now);
    if (retryAfterMs === null) return;
    const message = `Too many ${what}: at most ${rate.perMinute} a minute are allowed. Wait, then try again.`;
    throw new PalateError('LIMIT_EXCEEDED', message, { retryAfterMs });
  }

  private throwOutFull(now: number): void {
    for (const [name, { bucket, rate }] of this.buckets) if (isFull(bucket, rate, now)) this.buckets.delete(name);
    // All of them in use at once: the ones that were made first start anew.
    for (const name of this.buckets.keys()) {
      if (this.buckets.size <= BUCKETS) return;
      this.buckets.delete(name);
    }
  }
}

/** Not the ids themselves: what is counted must not outlive the member. */
function memberKey({ platform, externalId, scope }: MemberRef): string {
  return createHash('sha256')
    .update(JSON.stringify([platform, externalId, scope ?? '']))
    .digest('base64url');
}
