/** After a restart: ends or goes on with the answers that it interrupted, and answers what was asked meanwhile. */
import type { types } from '@slack/bolt';
import { ANSWERED_WITHIN_MS, brokenOff, type Interrupted, inParallel, type Offer, RESUMPTIONS } from '../kit/index.js';
import { placeOf, type SlackOffer } from './asking.js';
import type { Bot, SlackQuestion } from './bot.js';
import { dropConversations } from './conversation.js';
import { LIMIT } from './draft.js';
import { drawPage } from './draw.js';
import { isQuestion, type MessageEvent } from './incoming.js';
import { wordsOf } from './people.js';
import type { Place } from './place.js';
import { onQuestion } from './questions.js';
import type { Reconciler } from './reconcile.js';
import { isGone, refusal } from './refusals.js';
import { changeInTurn, findByKey } from './surface.js';
import { slackWords } from './words.js';

/** Answers that are begun again at once, and conversations that are read at once. */
const AT_ONCE = 4;
/** Conversations that are read for questions, the latest first: Slack answers about fifty such requests a minute. */
const CONVERSATIONS = 30;
const PAGE = 200;

const DAY_MS = 86_400_000;

/** Brings everything to what stands on Slack. Resolves with how many offers' reactions were read; the answers are written meanwhile, and after. */
export async function catchUp(bot: Bot, reconciler: Reconciler): Promise<number> {
  const since = Date.now() - bot.config.reconcileDays * DAY_MS;
  const offers = await bot.tracker.offersSince(since);
  await dropConversations(bot, since);
  Promise.all([resumeAnswers(bot), answerMissed(bot, offers)]).catch((error: unknown) => {
    if (!bot.signal.aborted) bot.log.error('What was asked meanwhile could not be looked at', { error });
  });
  return reconciler.all(offers);
}

/** Reads questions again that were taken in and never answered, and answers them; those that are too old end where they are. */
async function resumeAnswers(bot: Bot): Promise<void> {
  await inParallel(await bot.questions.interrupted(), AT_ONCE, async (interrupted) => {
    try {
      await resume(bot, interrupted);
    } catch (error) {
      const { asked } = interrupted;
      if (bot.signal.aborted) return;
      if (isGone(error)) return bot.questions.done(asked);
      bot.questions.release(asked);
      bot.log.warn('An interrupted answer could not be looked at', { channel: asked.channel, error });
    }
  });
}

async function resume(bot: Bot, { asked, at, message, resumed }: Interrupted<SlackQuestion>): Promise<void> {
  const key = asked.isMessage ? `slack:${asked.channel}:${asked.id}` : asked.id;
  const standing = message ?? (await findByKey(bot, placeIn(asked), at, `${key}/0`)) ?? undefined;
  // It was finished, and only that was not noted.
  if (standing !== undefined && (await bot.tracker.find(asked.channel, standing))) return bot.questions.done(asked);
  const question = asked.isMessage ? await readAgain(bot, asked) : undefined;
  const isYoung = resumed <= RESUMPTIONS && at >= Date.now() - ANSWERED_WITHIN_MS;
  if (question && isYoung) {
    await endStreams(bot, asked, null).catch((error: unknown) => bot.log.info('A torn reply stays', { error }));
    return onQuestion(bot, asked, question, { standing });
  }
  const words = asked.language ? slackWords(asked.language) : await wordsOf(bot, asked.scope, question?.user ?? '');
  const sentence = words.vote.interrupted;
  if (standing !== undefined) await cutOff(bot, placeIn(asked), standing, sentence);
  await endStreams(bot, asked, sentence);
  await bot.questions.done(asked);
}

/** Where the answer to a question stands. */
function placeIn({ scope, team, channel, direct, thread, id, isMessage }: SlackQuestion): Place {
  return { scope, team, channel, direct, thread: thread ?? (direct || !isMessage ? undefined : id) };
}

/** The message that asks, if it can be read and does. */
async function readAgain(bot: Bot, asked: SlackQuestion): Promise<MessageEvent | undefined> {
  const { scope, channel, thread, id, direct } = asked;
  try {
    const { api } = await bot.workspaces.at(scope);
    const window = { channel, oldest: id, latest: id, inclusive: true, limit: 5 };
    const { messages = [] } = thread
      ? await api.conversations.replies({ ...window, ts: thread })
      : await api.conversations.history(window);
    const message = (messages as MessageEvent[]).find(({ ts }) => ts === id);
    const read = message && asEvent(message, channel, direct);
    return read && isQuestion(read) ? read : undefined;
  } catch (error) {
    if (refusal(error) === null) throw error;
    bot.log.info('A question could not be read again', { channel, reason: refusal(error) });
    return undefined;
  }
}

/** A message as it would have been told of. */
function asEvent(message: MessageEvent, channel: string, direct: boolean): MessageEvent {
  return { ...message, channel, type: direct ? 'message' : 'app_mention', channel_type: 'im' };
}

/** What there is of an answer stays, with what happened to it, and without its button. */
async function cutOff(bot: Bot, place: Place, ts: string, sentence: string): Promise<void> {
  const { api } = await bot.workspaces.at(place.scope);
  const { message } = await api.reactions.get({ channel: place.channel, timestamp: ts });
  const { blocks = [] } = (message ?? {}) as { blocks?: types.KnownBlock[] };
  const text = blocks.flatMap((block) => (block.type === 'markdown' ? [block.text] : [])).join('\n\n');
  const content = brokenOff(text.replace(/…$/, '').trimEnd(), sentence, LIMIT);
  await changeInTurn(bot, place, ts, drawPage({ content, buttons: [] }));
}

/**
 * What was streamed of an answer that was never finished: such a message cannot be gone on with. It ends with a sentence, or goes where the
 * answer is begun again.
 */
async function endStreams(bot: Bot, asked: SlackQuestion, sentence: string | null): Promise<void> {
  const { scope, channel, thread, id, direct, isMessage } = asked;
  if (!direct || !thread || !isMessage) return;
  const { api, botUserId } = await bot.workspaces.at(scope);
  const window = { channel, ts: thread, oldest: id, limit: 20, include_all_metadata: true };
  const { messages = [] } = await api.conversations.replies(window);
  for (const { ts = '', user, metadata } of messages) {
    const isTorn = user === botUserId && ts > id && !metadata;
    if (!isTorn || (await bot.tracker.find(channel, ts))) continue;
    if (sentence === null) await api.chat.delete({ channel, ts });
    else await api.chat.stopStream({ channel, ts, markdown_text: `\n\n${sentence}` });
  }
}

/** Questions asked while nobody listened, where the bot has conversations: those that are minutes old, and that it may read. */
async function answerMissed(bot: Bot, offers: readonly Offer[]): Promise<void> {
  const conversations = new Map<string, Place>();
  for (const offer of offers) {
    const place = placeOf(offer as SlackOffer);
    // What is asked in a channel begins a thread of its own.
    for (const thread of place.direct ? [place.thread] : [place.thread, undefined]) {
      if (conversations.size < CONVERSATIONS) conversations.set(`${place.channel}/${thread}`, { ...place, thread });
    }
  }
  await inParallel([...conversations.values()], AT_ONCE, async (place) => {
    try {
      for (const message of await written(bot, place)) {
        const { thread_ts: thread, ts = '' } = message;
        const asked = { ...place, id: ts, isMessage: true, thread };
        if (bot.signal.aborted || !(await bot.questions.take(asked, true))) continue;
        await onQuestion(bot, asked, message);
      }
    } catch (error) {
      if (bot.signal.aborted || isGone(error)) return;
      bot.log.info('A conversation could not be read for questions', { channel: place.channel, error });
    }
  });
}

/** What was written to the bot in a conversation, oldest first. */
async function written(bot: Bot, place: Place): Promise<MessageEvent[]> {
  const { scope, channel, thread, direct } = place;
  const { api, botUserId } = await bot.workspaces.at(scope);
  const window = { channel, oldest: String((Date.now() - ANSWERED_WITHIN_MS) / 1_000), limit: PAGE };
  const { messages = [] } = thread
    ? await api.conversations.replies({ ...window, ts: thread })
    : await api.conversations.history(window);
  const isToBot = ({ text = '' }: MessageEvent) => direct || new RegExp(`<@${botUserId}(\\|[^>]*)?>`).test(text);
  return (messages as MessageEvent[])
    .filter((message) => message.ts !== thread && isToBot(message))
    .map((message) => asEvent(message, channel, direct))
    .filter((message) => message.user !== botUserId && isQuestion(message))
    .sort((a, b) => ((a.ts ?? '') < (b.ts ?? '') ? -1 : 1));
}
