/** Slack's limits: so many calls of a method a minute for each workspace, and one message a second for each channel. */

export interface Tier {
  limit: number;
  windowMs: number;
}

const MINUTE = 60_000;
const TIERS = {
  special: { limit: 600, windowMs: MINUTE },
  2: { limit: 20, windowMs: MINUTE },
  3: { limit: 50, windowMs: MINUTE },
  4: { limit: 100, windowMs: MINUTE },
} as const satisfies Record<string, Tier>;

/** Each method's tier; `chat.postMessage` counts by channel, a short burst allowed. */
export const DEFAULT_TIERS: Readonly<Record<string, Tier>> = {
  'auth.test': TIERS.special,
  'apps.connections.open': TIERS[2],
  'oauth.v2.access': TIERS[4],
  'chat.postMessage': { limit: 4, windowMs: 4_000 },
  'chat.postEphemeral': TIERS[4],
  'chat.update': TIERS[3],
  'chat.delete': TIERS[3],
  'chat.getPermalink': TIERS.special,
  'chat.startStream': TIERS[2],
  'chat.appendStream': TIERS[4],
  'chat.stopStream': TIERS[2],
  'reactions.add': TIERS[3],
  'reactions.remove': TIERS[2],
  'reactions.get': TIERS[3],
  'conversations.open': TIERS[3],
  'conversations.info': TIERS[3],
  'conversations.history': TIERS[3],
  'conversations.replies': TIERS[3],
  'conversations.members': TIERS[4],
  'users.info': TIERS[4],
  'views.open': TIERS[4],
  'views.publish': TIERS[4],
  'views.update': TIERS[4],
  'assistant.threads.setStatus': TIERS.special,
  'assistant.threads.setTitle': TIERS[3],
  'assistant.threads.setSuggestedPrompts': TIERS[3],
};

/** A tier that no test sits through. */
export const GENEROUS: Tier = { limit: 1_000, windowMs: 1_000 };

export class RateLimits {
  private readonly windows = new Map<string, { start: number; count: number }>();

  /** `tiers`: by method, over the defaults; null for no limits at all. */
  constructor(private readonly tiers: Readonly<Record<string, Tier>> | null) {}

  /** Seconds to wait, whole as in the header; null where the call may be made, which is then counted. */
  take(method: string, workspace: string, channel: string | undefined, now: number): number | null {
    const tier = this.tiers?.[method];
    if (!tier) return null;
    const key = `${method}/${workspace}/${method === 'chat.postMessage' ? channel : ''}`;
    const window = this.windows.get(key);
    if (!window || now - window.start >= tier.windowMs) {
      this.windows.set(key, { start: now, count: 1 });
      return null;
    }
    if (window.count < tier.limit) {
      window.count++;
      return null;
    }
    return Math.max(1, Math.ceil((window.start + tier.windowMs - now) / 1_000));
  }
}
