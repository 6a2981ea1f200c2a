/**
 * How much one key and one member may use of this process: operations and generations a minute. How many are written at the same time is
 * the services' own matter: what is more waits for its turn. Admin keys are the operator's own and are not counted.
 */
import { createHash } from 'node:crypto';
import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type { MemberRef } from '../../contract/generated/types.js';
import { type Viewer, viewerName } from '../auth.js';
import { type Bucket, isFull, type Rate, takeToken } from './token-bucket.js';

/** Buckets kept before the full ones are thrown out. */
const BUCKETS = 10_000;

export class Quotas {
  private readonly buckets = new Map<string, { bucket: Bucket; rate: Rate }>();

  constructor(
    private readonly limits: Limits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts one operation. @throws PalateError LIMIT_EXCEEDED with retryAfterMs */
  operation(viewer: Viewer): void {
    if (viewer.scope === 'ADMIN') return;
    const { limits } = this;
    const rate =
      viewer.scope === 'BOT'
        ? { perMinute: limits.operationsPerMinuteOfBot, atOnce: limits.operationsAtOnceOfBot }
        : { perMinute: limits.operationsPerMinuteOfMember, atOnce: limits.operationsAtOnceOfMember };
    this.take(`operation/${viewerName(viewer)}`, rate, 'operations with this key');
  }

  /** Counts one generation for the member, whichever key asks. @throws PalateError LIMIT_EXCEEDED with retryAfterMs */
  generation(viewer: Viewer, member: MemberRef): void {
    if (viewer.scope === 'ADMIN') return;
    const { limits } = this;
    const rate = { perMinute: limits.generationsPerMinute, atOnce: limits.generationsAtOnce };
    this.take(`generation/${memberKey(member)}`, rate, 'generations of this member');
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
