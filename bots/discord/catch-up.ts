/** After a restart: ends or goes on with the answers that it interrupted, and answers what was asked meanwhile. */
import {
  type Client,
  DiscordAPIError,
  type Message,
  RESTJSONErrorCodes,
  type SendableChannels,
  SnowflakeUtil,
} from 'discord.js';
import {
  ANSWERED_WITHIN_MS,
  brokenOff,
  type Interrupted,
  inParallel,
  type Offer,
  RESUMPTIONS,
  wordsFor,
} from '../kit/index.js';
import { LIMIT } from './asking.js';
import type { Bot, DiscordQuestion } from './bot.js';
import { drawPage } from './draw.js';
import { answerMessage, deal, onMessage } from './questions.js';
import { type Looked, reconcile } from './reconcile.js';
import { isGone } from './surface.js';

/** Answers that are begun again at once, and channels that are read at once. */
const AT_ONCE = 4;
/** Channels that are read for questions, the latest conversations first. */
const CHANNELS = 100;
const PAGE = 100;

const DAY_MS = 86_400_000;

/**
 * Brings everything to what stands on Discord. Resolves when the reactions were read; the answers are written meanwhile, and after.
 */
export async function catchUp(bot: Bot): Promise<Looked> {
  const offers = await bot.tracker.offersSince(Date.now() - bot.config.reconcileDays * DAY_MS);
  Promise.all([resumeAnswers(bot), answerMissed(bot, offers)]).catch((error: unknown) => {
    if (!bot.signal.aborted) bot.log.error('What was asked meanwhile could not be looked at', { error });
  });
  return reconcile(bot, offers);
}

/** Every answer that a restart interrupted. What cannot be dealt with now is left for the next time. */
async function resumeAnswers(bot: Bot): Promise<void> {
  await inParallel(await bot.questions.interrupted(), AT_ONCE, async (interrupted) => {
    const { asked } = interrupted;
    try {
      await deal(bot, asked, await planned(bot, interrupted));
    } catch (error) {
      if (bot.signal.aborted) return;
      if (isGone(error)) return bot.questions.done(asked);
      bot.questions.release(asked);
      bot.log.warn('An interrupted answer could not be looked at', { channel: asked.channel, error });
    }
  });
}

/** What is to be done about an interrupted answer. */
async function planned(
  bot: Bot,
  { asked, at, message, resumed }: Interrupted<DiscordQuestion>,
): Promise<() => Promise<boolean>> {
  const nothing = async () => true;
  const channel = await bot.discord.channels.fetch(asked.channel);
  if (!channel?.isSendable()) return nothing;
  const standing = message ?? (asked.isMessage ? await answerTo(bot, channel, asked.id) : undefined);
  // It was finished, and only that was not noted.
  if (standing !== undefined && (await bot.tracker.find(asked.channel, standing))) return nothing;
  const isYoung = resumed <= RESUMPTIONS && at >= Date.now() - ANSWERED_WITHIN_MS;
  const question = asked.isMessage && isYoung ? await messageOf(channel, asked.id) : null;
  if (question) return () => answerMessage(bot, question, asked, { standing });
  if (standing !== undefined) await cutOff(bot, channel, standing, asked.language);
  return nothing;
}

/** A message; null where it was deleted. */
async function messageOf(channel: SendableChannels, id: string): Promise<Message | null> {
  try {
    return await channel.messages.fetch(id);
  } catch (error) {
    if (error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.UnknownMessage) return null;
    throw error;
  }
}

/** The bot's first message behind a question that replies to it. */
async function answerTo(bot: Bot, channel: SendableChannels, question: string): Promise<string | undefined> {
  const later = await channel.messages.fetch({ after: question, limit: PAGE });
  return [...later.values()].filter((one) => isAnswer(bot, one, question)).at(-1)?.id;
}

function isAnswer(bot: Bot, message: Message, question: string): boolean {
  return message.author.id === bot.discord.user?.id && message.reference?.messageId === question;
}

/** What there is of an answer stays, with what happened to it, and without its button. */
async function cutOff(bot: Bot, channel: SendableChannels, id: string, language: string): Promise<void> {
  const message = await channel.messages.fetch(id);
  const text = message.content.replace(/…$/, '').trimEnd();
  const content = brokenOff(text, wordsFor(language).vote.interrupted, LIMIT);
  await bot.edits.lane(channel.id).turn('CONTROL');
  await channel.messages.edit(id, drawPage({ content, buttons: [] }));
}

/** Questions asked while the bot was away, in the channels where it has conversations: those that are minutes old. */
async function answerMissed(bot: Bot, offers: readonly Offer[]): Promise<void> {
  const channels = [...new Set(offers.map(({ channel }) => channel))].slice(0, CHANNELS);
  const after = String(SnowflakeUtil.generate({ timestamp: Date.now() - ANSWERED_WITHIN_MS }));
  const missed: Message[] = [];
  await inParallel(channels, AT_ONCE, async (id) => {
    try {
      missed.push(...(await unanswered(bot, id, after)));
    } catch (error) {
      if (!isGone(error)) bot.log.warn('A channel could not be read for questions', { channel: id, error });
    }
  });
  await inParallel(missed, AT_ONCE, async (message) => {
    if (bot.signal.aborted) return;
    await onMessage(bot, message, true).catch((error: unknown) => {
      if (!isGone(error)) bot.log.warn('A missed question could not be answered', { error });
    });
  });
}

/** Messages that nobody of the bot replied to, oldest first; most of them ask it nothing. */
async function unanswered(bot: Bot, id: string, after: string): Promise<Message[]> {
  const channel = await bot.discord.channels.fetch(id);
  if (!channel?.isSendable()) return [];
  const page = await channel.messages.fetch({ after, limit: PAGE });
  const messages = [...page.values()].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  const bots = (bot.discord as Client<true>).user.id;
  const answered = new Set(messages.filter(({ author }) => author.id === bots).map((one) => one.reference?.messageId));
  return messages.filter((message) => message.author.id !== bots && !answered.has(message.id));
}
