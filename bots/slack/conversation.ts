/**
 * What a message asks, and what was said before it. The history is made of the bot's own replies and of the questions
 * they answered, nothing else: nobody's other messages are read.
 */
import { type ReplyRef, repliesOf } from '../kit/index.js';
import type { Bot } from './bot.js';
import type { Place } from './place.js';

/** What a message asks, as people read it: without the bot's name, marked-up parts as text. */
export function promptOf(text: string, botUserId: string): string {
  return text
    .replaceAll(new RegExp(`<@${botUserId}(\\|[^<>]*)?>`, 'g'), ' ')
    .replaceAll(/<[@!#]([^<>|]*)\|([^<>]*)>/g, '$2')
    .replaceAll(/<[@!]([^<>|]*)>/g, '@$1')
    .replaceAll(/<#([^<>|]*)>/g, '#$1')
    .replaceAll(/<([^<>|]*)\|([^<>]*)>/g, '$2 ($1)')
    .replaceAll(/<([^<>|]*)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
}

function threadKey({ channel, thread = '' }: Pick<Place, 'channel' | 'thread'>): string {
  return `thread/${channel}/${thread}/`;
}

/** Keeps that an offer belongs to a conversation. */
export async function rememberTurn(bot: Bot, place: Place, message: string, memberId: string): Promise<void> {
  await bot.storage.set(`${threadKey(place)}${message}`, '1', { memberId });
}

/** The conversation in a place before a message, oldest first; none where it only begins. */
export async function repliesBefore(bot: Bot, place: Place, ts: string): Promise<ReplyRef[]> {
  const turns = bot.config.historyTurns;
  if (turns === 0) return [];
  const prefix = threadKey(place);
  const messages: string[] = [];
  for await (const { key } of bot.storage.list(prefix)) messages.push(key.slice(prefix.length));
  const before = messages.filter((message) => message < ts).slice(-turns);
  const offers = await Promise.all(before.map((message) => bot.tracker.find(place.channel, message)));
  return repliesOf(
    bot,
    offers.filter((offer) => offer !== null),
  );
}

/** Drops the conversations before a moment, in milliseconds. */
export async function dropConversations(bot: Bot, moment: number): Promise<void> {
  const old: string[] = [];
  for await (const { key } of bot.storage.list('thread/')) {
    if (Number(key.slice(key.lastIndexOf('/') + 1)) * 1_000 < moment) old.push(key);
  }
  for (const key of old) await bot.storage.delete(key);
}
