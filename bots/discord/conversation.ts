/**
 * What a message asks, and what was said before it. The history is made of the bot's own replies and of the questions
 * they answered, nothing else: so it needs no message content intent, and nobody's other messages are read.
 */
import { cleanContent, type Message } from 'discord.js';
import { type Offer, type ReplyRef, repliesOf } from '../kit/index.js';
import type { Bot } from './bot.js';

/** The bot's own messages between a question and its last replies. */
const OWN_BETWEEN = 16;

/** Whether a message speaks to the bot; UNREADABLE where it does, and Discord does not show the bot what it says. */
export function addressOf(
  message: Message<boolean>,
  botId: string,
  mayReadAll: boolean,
): 'BOT' | 'UNREADABLE' | 'NOBODY' {
  if (message.author.bot || message.system) return 'NOBODY';
  if (!message.inGuild() || message.mentions.users.has(botId)) return 'BOT';
  if (message.mentions.repliedUser?.id !== botId) return 'NOBODY';
  return mayReadAll || message.content !== '' ? 'BOT' : 'UNREADABLE';
}

/** What a message asks, as people read it. */
export function promptOf(message: Message<boolean>, botId: string): string {
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
export async function repliesBefore(bot: Bot, message: Message<boolean>): Promise<ReplyRef[]> {
  const turns = bot.config.historyTurns;
  if (turns === 0) return [];
  const own = !message.inGuild() || message.channel.isThread();
  const isBefore = ({ messages: [first] }: Offer) => BigInt(first) < BigInt(message.id);
  const offers = own
    ? await bot.tracker.offersIn(message.channelId, turns, isBefore)
    : await replyChain(bot, message, turns);
  return repliesOf(bot, offers);
}

/** The offers that a message replies to, one behind the other: each was posted as a reply to the question before it. */
async function replyChain(bot: Bot, message: Message<boolean>, turns: number): Promise<Offer[]> {
  const offers: Offer[] = [];
  let reference = message.reference?.messageId;
  while (reference && offers.length < turns) {
    const offer = await bot.tracker.find(message.channelId, reference);
    if (!offer || offers.includes(offer)) break;
    offers.unshift(offer);
    reference = await questionBefore(message, offer);
  }
  return offers;
}

/** The message that the question of an offer replied to. New replies and continuations reply to the bot's own messages. */
async function questionBefore(message: Message<boolean>, offer: Offer): Promise<string | undefined> {
  try {
    const reply = await message.channel.messages.fetch(offer.messages[0]);
    let question = await reply.fetchReference();
    for (let i = 0; question.author.id === reply.author.id && i < OWN_BETWEEN; i++)
      question = await question.fetchReference();
    return question.reference?.messageId;
  } catch {
    return undefined;
  }
}
