/**
 * What a message asks, and what was said before it. The history is made of the bot's own replies and of the questions
 * they answered, nothing else: nobody's other messages are read.
 */
import { displayOrder, type Offer, standingVote } from '../kit/index.js';
import type { Bot, Place } from './bot.js';

export interface Turn {
  role: 'USER' | 'ASSISTANT';
  content: string;
}

/** What a message asks, as people read it: without the bot's name, marked-up parts as text. */
export function promptOf(text: string, botUserId: string): string {
  return text
    .replaceAll(new RegExp(`<@${botUserId}(\\|[^>]*)?>`, 'g'), ' ')
    .replaceAll(/<[@!#]([^>|]*)\|([^>]*)>/g, '$2')
    .replaceAll(/<[@!]([^>|]*)>/g, '@$1')
    .replaceAll(/<#([^>|]*)>/g, '#$1')
    .replaceAll(/<([^>|]*)\|([^>]*)>/g, '$2 ($1)')
    .replaceAll(/<([^>|]*)>/g, '$1')
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

/** The conversation in a place so far, oldest first; none where it only begins. */
export async function historyIn(bot: Bot, place: Place): Promise<Turn[]> {
  const turns = bot.config.historyTurns;
  if (turns === 0) return [];
  const prefix = threadKey(place);
  const messages: string[] = [];
  for await (const { key } of bot.storage.list(prefix)) messages.push(key.slice(prefix.length));
  const offers = await Promise.all(messages.slice(-turns).map((message) => bot.book.find(place.channel, message)));
  const pairs = await Promise.all(offers.map((offer) => (offer ? turnsOf(bot, offer) : [])));
  return pairs.flat();
}

/** Drops the conversations before a moment, in milliseconds. */
export async function dropConversations(bot: Bot, moment: number): Promise<void> {
  const old: string[] = [];
  for await (const { key } of bot.storage.list('thread/')) {
    if (Number(key.slice(key.lastIndexOf('/') + 1)) * 1_000 < moment) old.push(key);
  }
  for (const key of old) await bot.storage.delete(key);
}

/** A question and the reply its asker liked best; the first one shown where they have not said. */
async function turnsOf(bot: Bot, offer: Offer): Promise<Turn[]> {
  const generation = await bot.client.generation(offer.generationId);
  if (!generation) return [];
  const vote = standingVote(await bot.book.ballot(offer, offer.asker), offer.candidates);
  const ids = generation.candidates.map(({ id }) => id);
  const best = vote?.candidate ?? displayOrder(generation.id, ids)[0];
  const reply = generation.candidates.find(({ id }) => id === best);
  if (!reply) return [];
  return [
    { role: 'USER', content: generation.prompt },
    { role: 'ASSISTANT', content: reply.text },
  ];
}
