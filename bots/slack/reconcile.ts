/** After downtime: reads the reactions on the bot's own recent messages and brings the service to what stands there. */
import { type Mark, markOf, type Offer } from '../kit/index.js';
import type { SlackOffer } from './asking.js';
import type { Bot } from './bot.js';
import { dropConversations } from './conversation.js';
import { isGone } from './workspaces.js';

const DAY_MS = 86_400_000;
/** Milliseconds before an offer whose reactions could not be read is looked at again. */
const AGAIN_MS = 60_000;

/** Looks at offers one after the other; who asks for one that waits already waits with it. */
export class Reconciler {
  private readonly waiting = new Map<string, Offer>();
  private line: Promise<unknown> = Promise.resolve();

  constructor(private readonly bot: Bot) {}

  /** Every recent offer. Resolves with how many were looked at; one that cannot be read now is left for the next time. */
  async all(): Promise<number> {
    const since = Date.now() - this.bot.config.reconcileDays * DAY_MS;
    const offers = await this.bot.book.offersSince(since);
    await dropConversations(this.bot, since);
    let count = 0;
    for (const offer of offers) {
      if (this.bot.signal.aborted) return count;
      if (await this.one(offer)) count++;
    }
    return count;
  }

  /** One offer, because what came about it may be older than what stands there. */
  one(offer: Offer): Promise<boolean> {
    this.waiting.set(offer.generationId, offer);
    const looked = this.line.then(() => this.look(offer));
    this.line = looked;
    return looked;
  }

  private async look(offer: Offer): Promise<boolean> {
    if (!this.waiting.delete(offer.generationId) || this.bot.signal.aborted) return false;
    try {
      await this.bot.book.reconcile(offer, () => this.visibleMarks(offer));
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
        const mark = markOf(this.bot.table, name);
        if (mark === null || mark === 'REGENERATE') continue;
        for (const user of users) if (user !== botUserId) marks.set(user, [...(marks.get(user) ?? []), mark]);
      }
    }
    return marks;
  }
}
