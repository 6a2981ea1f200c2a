/** After downtime: reads the reactions on the bot's own recent messages and brings the service to what stands there. */
import { type APIMessage, type APIUser, Routes } from 'discord.js';
import { inParallel, type Mark, markOf, type Offer } from '../kit/index.js';
import type { Bot } from './bot.js';
import { isGone } from './surface.js';
import { emojiText } from './voting.js';

/** Users and messages Discord gives at a time. */
const PAGE = 100;
/** Channels that are looked at at once, and offers of one that share what is read. */
const CHANNELS = 4;
const TOGETHER = 25;

export interface Looked {
  /** Offers that were read. What is gone counts as read. */
  read: number;
  /** Offers that could not be read now. */
  unread: number;
}

/** Reads the offers' reactions, newest first: messages by the page, and who reacted only where somebody did. */
export async function reconcile(bot: Bot, offers: readonly Offer[]): Promise<Looked> {
  const looked = { read: 0, unread: 0 };
  const byChannel = new Map<string, Offer[]>();
  for (const offer of offers) byChannel.set(offer.channel, [...(byChannel.get(offer.channel) ?? []), offer]);
  await inParallel([...byChannel], CHANNELS, async ([channel, all]) => {
    for (let at = 0; at < all.length && !bot.signal.aborted; at += TOGETHER) {
      // What is read for some offers must not be older than the moment from which the tracker looks out for what happens to them:
      // so those that share pages are begun together, and the next ones read anew.
      const pages = new MessagePages(bot, channel);
      await Promise.all(all.slice(at, at + TOGETHER).map((offer) => one(bot, offer, pages, looked)));
    }
  });
  return looked;
}

async function one(bot: Bot, offer: Offer, pages: MessagePages, looked: Looked): Promise<void> {
  try {
    await bot.tracker.reconcile(offer, () => visibleMarks(bot, offer, pages));
    looked.read++;
  } catch (error) {
    if (error instanceof MessageGone || isGone(error)) looked.read++;
    else if (!bot.signal.aborted) {
      looked.unread++;
      bot.log.warn('Reactions could not be read; they are looked at again', { channel: offer.channel, error });
    }
  }
}

/** Its votes stay as they were counted. */
class MessageGone extends Error {}

/** A channel's messages, read by the page: what is asked for next mostly stands near what was asked for last. */
class MessagePages {
  private readonly read: { from: bigint; to: bigint; messages: ReadonlyMap<string, APIMessage> }[] = [];
  private line: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly bot: Bot,
    private readonly channel: string,
  ) {}

  /** @throws MessageGone */
  async message(id: string): Promise<APIMessage> {
    const looked = this.line.then(() => this.pageWith(BigInt(id)));
    this.line = looked.catch(() => {});
    const message = (await looked).get(id);
    if (!message) throw new MessageGone();
    return message;
  }

  /** The page that the message is on, if it is there. Read past the SDK's memory, which keeps reactions that are gone. */
  private async pageWith(id: bigint): Promise<ReadonlyMap<string, APIMessage>> {
    const known = this.read.find(({ from, to }) => from <= id && id <= to);
    if (known) return known.messages;
    const query = new URLSearchParams({ before: String(id + 1n), limit: String(PAGE) });
    const page = (await this.bot.discord.rest.get(Routes.channelMessages(this.channel), { query })) as APIMessage[];
    const messages = new Map(page.map((message) => [message.id, message]));
    // A page that is not full reaches the channel's beginning.
    const oldest = page
      .map((message) => BigInt(message.id))
      .sort((a, b) => Number(a - b))
      .at(0);
    const from = page.length < PAGE ? 0n : (oldest ?? 0n);
    this.read.push({ from, to: id, messages });
    return messages;
  }
}

/** Every voter's marks on an offer's messages. */
async function visibleMarks(bot: Bot, offer: Offer, pages: MessagePages): Promise<Map<string, Mark[]>> {
  const marks = new Map<string, Mark[]>();
  for (const id of offer.messages) {
    const { reactions = [] } = await pages.message(id);
    for (const { emoji, count, me } of reactions) {
      const text = emojiText(emoji);
      const mark = markOf(bot.emojiMap, text);
      if (mark === null || mark === 'REGENERATE' || count - (me ? 1 : 0) < 1) continue;
      for (const userId of await usersOf(bot, offer.channel, id, text)) {
        marks.set(userId, [...(marks.get(userId) ?? []), mark]);
      }
    }
  }
  return marks;
}

/** The people who reacted with an emoji. */
async function usersOf({ discord }: Bot, channel: string, message: string, emoji: string): Promise<string[]> {
  const ids: string[] = [];
  const route = Routes.channelMessageReaction(channel, message, encodeURIComponent(emoji));
  for (let after = '0'; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), after });
    const page = (await discord.rest.get(route, { query })) as APIUser[];
    ids.push(...page.filter(({ bot }) => !bot).map(({ id }) => id));
    if (page.length < PAGE) return ids;
    after = page.map(({ id }) => id).reduce((a, b) => (BigInt(a) > BigInt(b) ? a : b));
  }
}
