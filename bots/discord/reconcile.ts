/** After downtime: reads the reactions on the bot's own recent messages and brings the service to what stands there. */
import { type Mark, markOf, type Offer } from '../kit/index.js';
import type { Bot } from './bot.js';
import { isGone } from './surface.js';
import { emojiText } from './voting.js';

const DAY_MS = 86_400_000;
/** Users Discord gives at a time. */
const PAGE = 100;

/** Offers that were looked at. One that cannot be read now is left for the next time. */
export async function reconcile(bot: Bot): Promise<number> {
  const since = Date.now() - bot.config.reconcileDays * DAY_MS;
  let count = 0;
  for (const offer of await bot.book.offersSince(since)) {
    if (bot.signal.aborted) return count;
    try {
      await bot.book.reconcile(offer, () => visibleMarks(bot, offer));
      count++;
    } catch (error) {
      if (!isGone(error)) bot.log.warn('Reactions could not be read', { channel: offer.channel, error });
    }
  }
  return count;
}

/** Every voter's marks on an offer's messages. A message that is gone has none: its votes stay as they were counted. */
async function visibleMarks(bot: Bot, offer: Offer): Promise<Map<string, Mark[]>> {
  const marks = new Map<string, Mark[]>();
  const channel = await bot.discord.channels.fetch(offer.channel);
  if (!channel?.isTextBased()) throw new Error(`The channel ${offer.channel} holds no messages.`);
  for (const id of offer.messages) {
    const message = await channel.messages.fetch({ message: id, force: true });
    for (const reaction of message.reactions.cache.values()) {
      const mark = markOf(bot.table, emojiText(reaction.emoji));
      if (mark === null || mark === 'REGENERATE') continue;
      for (const userId of await usersOf(reaction)) {
        if (userId !== bot.discord.user?.id) marks.set(userId, [...(marks.get(userId) ?? []), mark]);
      }
    }
  }
  return marks;
}

interface PagedReaction {
  users: { fetch(options: { limit: number; after?: string }): Promise<ReadonlyMap<string, { bot: boolean }>> };
}

async function usersOf(reaction: PagedReaction): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await reaction.users.fetch({ limit: PAGE, after });
    ids.push(...[...page].filter(([, { bot }]) => !bot).map(([id]) => id));
    if (page.size < PAGE) return ids;
    after = [...page.keys()].reduce((a, b) => (BigInt(a) > BigInt(b) ? a : b));
  }
}
