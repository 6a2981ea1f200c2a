/** What people ask: by a message, by a command, by wanting other replies or the rest of one. */
import { continuationOf, type PlaceSettings, turnsOf } from '../kit/index.js';
import { answer, placeOf, type SlackOffer } from './asking.js';
import type { Bot, SlackQuestion } from './bot.js';
import { promptOf, repliesBefore } from './conversation.js';
import type { MessageEvent } from './incoming.js';
import type { Asking } from './pages.js';
import { wordsOf } from './people.js';
import type { Place } from './place.js';
import { postOnce } from './surface.js';
import { slackWords } from './words.js';

const TITLE = 60;

/** What is known of an answer that was interrupted. */
export interface Before {
  standing?: string;
}

/** Answers a question that was taken in, and keeps that it was; `before` where a restart interrupted that. */
export async function onQuestion(
  bot: Bot,
  asked: SlackQuestion,
  event: MessageEvent,
  before: Before | null = null,
): Promise<void> {
  await deal(bot, asked, () => answerMessage(bot, asked, event, before));
}

async function answerMessage(
  bot: Bot,
  asked: SlackQuestion,
  { user = '', text = '' }: MessageEvent,
  before: Before | null,
): Promise<boolean> {
  const { id: ts } = asked;
  const { api, botUserId } = await bot.workspaces.at(asked.scope);
  if (user === botUserId) return true;
  const settings = await bot.settings.at(asked.team, [asked.channel]);
  if (!settings.answer) return true;
  const { scope, team, channel, direct } = asked;
  // Where a channel is shared, replies go into a thread; a direct conversation goes on as it is.
  const place = { scope, team, channel, direct, thread: asked.thread ?? (direct ? undefined : ts) };
  const words = wordsOf(bot, scope, user);
  const prompt = promptOf(text, botUserId);
  const key = `slack:${channel}:${ts}`;
  if (prompt === '') {
    const sentence = (await words).problem.emptyPrompt;
    await postOnce(bot, place, { text: sentence, blocks: [] }, key);
    return true;
  }
  const replies = asked.thread || direct ? await repliesBefore(bot, place, ts) : [];
  if (direct && place.thread) {
    const thread = { channel_id: channel, thread_ts: place.thread };
    const quiet = (error: unknown) => bot.log.debug('A status could not be shown', { error });
    void words.then(({ slack }) => api.assistant.threads.setStatus({ ...thread, status: slack.thinking })).catch(quiet);
    if (replies.length === 0)
      void api.assistant.threads.setTitle({ ...thread, title: prompt.slice(0, TITLE) }).catch(quiet);
  }
  return answer(bot, {
    asker: user,
    prompt,
    history: await turnsOf(bot.client, replies),
    replies,
    place,
    messageId: ts,
    key,
    words,
    settings,
    again: before !== null,
    standing: before?.standing,
    begunSince: before === null ? undefined : Number(ts) * 1_000,
    posted: noting(bot, asked),
    offered: () => bot.questions.done(asked),
  });
}

/** Answers below a message of the bot's own that shows the question. `id` tells this use of the command from all others. */
export async function answerCommand(
  bot: Bot,
  { user, words }: Asking,
  place: Place & { thread: string },
  prompt: string,
  settings: PlaceSettings,
  id: string,
): Promise<void> {
  const key = `slack:${id}`;
  const asked = { ...place, id: key, isMessage: false, language: words.tag };
  if (!(await bot.questions.take(asked, false))) return;
  await deal(bot, asked, () =>
    answer(bot, {
      asker: user,
      prompt,
      history: [],
      replies: [],
      place,
      messageId: place.thread,
      key,
      words: Promise.resolve(words),
      settings,
      again: false,
      posted: noting(bot, asked),
    }),
  );
}

/** New replies to an offer's question, in the same conversation. */
export async function regenerate(bot: Bot, offer: SlackOffer): Promise<void> {
  const generation = await bot.client.generation(offer.generationId);
  if (!generation) return;
  const { prompt } = generation;
  const history = await turnsOf(bot.client, offer.history ?? []);
  const key = `slack:again:${offer.generationId}`;
  await below(bot, offer, key, { prompt, history, replaces: offer.generationId });
}

/** The rest of a reply that reached its longest; false where there is none to be written, or it is written already. */
export async function goOn(bot: Bot, offer: SlackOffer, place: number): Promise<boolean> {
  const continuation = await continuationOf(bot.client, offer, place);
  return continuation !== null && below(bot, offer, `slack:continue:${offer.candidates[place]}`, continuation);
}

type Below = Pick<Parameters<typeof answer>[1], 'prompt' | 'history' | 'continues' | 'replaces'>;

/** Writes something for an offer's asker below it, once however often it is asked for; what failed may be asked for again. */
async function below(bot: Bot, offer: SlackOffer, key: string, what: Below): Promise<boolean> {
  const place = placeOf(offer);
  // Without a thread it begins one under the old replies.
  const thread = place.thread ?? (place.direct ? undefined : offer.messages[0]);
  const asked = { ...place, thread, id: key, isMessage: false, language: offer.language };
  if (!(await bot.questions.take(asked, false))) return false;
  const settings = await bot.settings.at(place.team, [place.channel]);
  deal(bot, asked, () =>
    answer(bot, {
      ...what,
      asker: offer.asker,
      replies: offer.history ?? [],
      place: { ...place, thread },
      messageId: offer.messages[offer.messages.length - 1],
      key,
      words: Promise.resolve(slackWords(offer.language)),
      settings,
      again: true,
      posted: noting(bot, asked),
    }),
  )
    .then((isAnswered) => isAnswered || bot.questions.release(asked))
    .catch((error: unknown) => bot.log.error('Something could not be written below an offer', { error }));
  return true;
}

/** Deals with a question that was taken in; unless the bot ends meanwhile it is done then. */
export async function deal(bot: Bot, asked: SlackQuestion, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } finally {
    if (!bot.signal.aborted) await bot.questions.done(asked);
  }
}

function noting(bot: Bot, asked: SlackQuestion): (message: string) => void {
  return (message) => {
    bot.questions.writtenIn(asked, message).catch((error: unknown) => {
      bot.log.info('Where an answer stands was not noted', { error });
    });
  };
}
