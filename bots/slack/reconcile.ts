/** After downtime: reads the reactions on the bot's own recent messages and brings the service to what stands there. */
import { inParallel, type Mark, markOf, type Offer } from '../kit/index.js';
import type { SlackOffer } from './asking.js';
import type { Bot } from './bot.js';
import { isGone } from './refusals.js';

/** Offers that are looked at at once. */
const AT_ONCE = 4;
/** Milliseconds before an offer whose reactions could not be read is looked at again. */
const AGAIN_MS = 60_000;

/** Looks at offers, a few at a time, at one of them never twice at once; who asks for one that waits already waits with it. */
export class Reconciler {
  private readonly waiting = new Map<string, Promise<boolean>>();
  private readonly lines: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());

  constructor(private readonly bot: Bot) {}

  /** These offers, newest first. Resolves with how many were looked at; one that cannot be read now is left for the next time. */
  async all(offers: readonly Offer[]): Promise<number> {
    let count = 0;
    await inParallel(offers, AT_ONCE, async (offer) => {
      if (!this.bot.signal.aborted && (await this.one(offer))) count++;
    });
    return count;
  }

  /** One offer, because what came about it may be older than what stands there. */
  one(offer: Offer): Promise<boolean> {
    const waits = this.waiting.get(offer.generationId);
    if (waits) return waits;
    const line = Number.parseInt(offer.generationId.slice(-4), 36) % AT_ONCE || 0;
    const looked = this.lines[line].then(() => this.look(offer));
    this.lines[line] = looked;
    this.waiting.set(offer.generationId, looked);
    return looked;
  }

  private async look(offer: Offer): Promise<boolean> {
    this.waiting.delete(offer.generationId);
    if (this.bot.signal.aborted) return false;
    try {
      await this.bot.tracker.reconcile(offer, () => this.visibleMarks(offer));
      return true;
    } catch (error) {
      if (isGone(error) || this.bot.signal.aborted) return false;
      this.bot.log.warn('Reactions could not be read', { channel: offer.channel, error });
      setTimeout(() => void this.one(offer), AGAIN_MS).unref();
      return false;
    }
  }

  /** Every voter's marks on an offer's messages. A message that is gone has none: its votes stay as they were counted. */
  private async visibleMarks(offer: Offer): Promise<Map<string, Mark[]>> {
    const { scope, channel, messages } = offer as SlackOffer;
    const { api, botUserId } = await this.bot.workspaces.at(scope);
    const marks = new Map<string, Mark[]>();
    for (const timestamp of messages) {
      const { message } = await api.reactions.get({ channel, timestamp, full: true });
      for (const { name = '', users = [] } of message?.reactions ?? []) {
        const mark = markOf(this.bot.emojiMap, name);
        if (mark === null || mark === 'REGENERATE') continue;
        for (const user of users) if (user !== botUserId) marks.set(user, [...(marks.get(user) ?? []), mark]);
      }
    }
    return marks;
  }
}
