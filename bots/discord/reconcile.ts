/** After downtime: reads the reactions on the bot's own recent messages and brings the service to what stands there. */
import { type Mark, markOf, type Offer } from '../kit/index.js';
import type { Bot } from './bot.js';
import { isGone } from './surface.js';
import { emojiText } from './voting.js';

const DAY_MS = 86_400_000;
/** Users Discord gives at a time. */
const PAGE = 100;

/** How many offers were read, and how many could not be read now. What is gone counts as read. */
export async function reconcile(bot: Bot): Promise<{ read: number; unread: number }> {
  const since = Date.now() - bot.config.reconcileDays * DAY_MS;
  let read = 0;
  let unread = 0;
  for (const offer of await bot.book.offersSince(since)) {
    if (bot.signal.aborted) break;
    try {
      await bot.book.reconcile(offer, () => visibleMarks(bot, offer));
      read++;
    } catch (error) {
      if (isGone(error)) read++;
      else {
        unread++;
        bot.log.warn('Reactions could not be read; they are looked at again', { channel: offer.channel, error });
      }
    }
  }
  return { read, unread };
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
      const others = reaction.count - (reaction.me ? 1 : 0);
      if (mark === null || mark === 'REGENERATE' || others < 1) continue;
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
