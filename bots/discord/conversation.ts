/**
 * What a message asks, and what was said before it. The history is made of the bot's own replies and of the questions
 * they answered, nothing else: so it needs no message content intent, and nobody's other messages are read.
 */
import { cleanContent, type Message } from 'discord.js';
import { type Offer, type Turn, turnsOf } from '../kit/index.js';
import type { Bot } from './bot.js';

/** What a message asks of the bot; null where it does not speak to it. */
export function promptOf(message: Message<boolean>, botId: string): string | null {
  if (message.author.bot || message.system) return null;
  const spokenTo = !message.inGuild() || message.mentions.users.has(botId);
  if (!spokenTo) return null;
  const text = message.content.replaceAll(new RegExp(`<@!?${botId}>`, 'g'), ' ');
  return cleanContent(text, message.channel)
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
}

/** Where the settings of a channel stand: a thread has those of the channel it is in. */
export function placesOf(channelId: string, parentId: string | null): string[] {
  return parentId === null ? [channelId] : [channelId, parentId];
}

/**
 * The conversation before a message, oldest first: in threads and direct messages what the bot was asked there before,
 * in a channel the chain of replies that the message ends.
 */
export async function historyBefore(bot: Bot, message: Message<boolean>): Promise<Turn[]> {
  const turns = bot.config.historyTurns;
  if (turns === 0) return [];
  const own = !message.inGuild() || message.channel.isThread();
  const offers = own ? await bot.book.offersIn(message.channelId, turns) : await replyChain(bot, message, turns);
  const pairs = await Promise.all(offers.map((offer) => turnsOf(bot, offer)));
  return pairs.flat();
}

/** The offers that a message replies to, one behind the other: each was posted as a reply to the question before it. */
async function replyChain(bot: Bot, message: Message<boolean>, turns: number): Promise<Offer[]> {
  const offers: Offer[] = [];
  let reference = message.reference?.messageId;
  while (reference && offers.length < turns) {
    const offer = await bot.book.find(message.channelId, reference);
    if (!offer || offers.includes(offer)) break;
    offers.unshift(offer);
    reference = await questionBefore(message, offer);
  }
  return offers;
}

/** The message that the question of an offer replied to. */
async function questionBefore(message: Message<boolean>, offer: Offer): Promise<string | undefined> {
  try {
    const reply = await message.channel.messages.fetch(offer.messages[0]);
    const question = await reply.fetchReference();
    return question.reference?.messageId;
  } catch {
    return undefined;
  }
}
