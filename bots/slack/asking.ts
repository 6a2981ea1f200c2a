/** From a question to an offer: replies grow before the asker's eyes, then they are offered for a vote. */
import type { GenerateInput } from '../../src/client/index.js';
import {
  failureText,
  type Offer,
  offeredMarks,
  type PlaceSettings,
  type ReplyRef,
  type Turn,
  type WrittenReplies,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { rememberTurn } from './conversation.js';
import { type Draft, MessageDraft } from './draft.js';
import type { Place } from './place.js';
import { isGone, refusal } from './refusals.js';
import { memberOf } from './service.js';
import { StreamDraft } from './stream.js';
import type { SlackWords } from './words.js';

export interface Question {
  asker: string;
  prompt: string;
  /** What was said before, as texts and by ids. */
  history: readonly Turn[];
  replies: readonly ReplyRef[];
  place: Place;
  /** The message that asks; undefined where none does. */
  messageId?: string;
  /** The same question asked again, after an event delivered twice, gets the same replies. */
  key: string;
  words: Promise<SlackWords>;
  settings: PlaceSettings;
  /** Whether it may have been begun before. */
  again: boolean;
  /** A message that the answer stands in already. */
  standing?: string;
  /** The moment in milliseconds since which a message of the answer may stand there unknown; undefined for new questions. */
  begunSince?: number;
  /** The reply that is gone on with. */
  continues?: ReplyRef;
  /** The generation in whose place the replies are to be. */
  replaces?: string;
  /** Hears which message the answer stands in. */
  posted(message: string): void;
  /** Called when the replies stand there and are kept. */
  offered?(): Promise<void>;
}

/** An offer, with where on Slack it stands. */
export interface SlackOffer extends Offer {
  team: string;
  thread?: string;
  direct: boolean;
}

export function placeOf({ scope, team, channel, thread, direct }: SlackOffer): Place {
  return { scope, team, channel, thread, direct };
}

/** Answers a question: whether it could. Whatever goes wrong becomes a sentence where the reply would have been. */
export async function answer(bot: Bot, question: Question): Promise<boolean> {
  const gone = new AbortController();
  const draft = newDraft(bot, question, (error) => {
    if (isGone(error)) gone.abort();
    else bot.log.warn('A growing reply could not be shown', { error });
  });
  try {
    const signal = AbortSignal.any([bot.signal, gone.signal]);
    const { asker, again, place } = question;
    const wanted = { asker, again, channel: place.channel, input: inputOf(bot, question) };
    const written = await bot.answers.write(wanted, signal, {
      received: () => draft.wait(null),
      started: () => {},
      queued: (generationId, ahead, waitMs) =>
        draft.wait({ generationId, ahead, seconds: Math.max(1, Math.ceil(waitMs / 1_000)) }),
      grown: (generationId, texts) => draft.show({ generationId, texts }),
    });
    await offer(bot, question, written, draft);
    return true;
  } catch (error) {
    if (gone.signal.aborted || bot.signal.aborted || isGone(error)) return false;
    await draft.fail(failureText(error, await question.words, bot.log)).catch((failure: unknown) => {
      bot.log.warn('A problem could not be told', { error: failure });
    });
    return false;
  } finally {
    draft.end();
  }
}

function newDraft(bot: Bot, question: Question, onError: (error: unknown) => void): Draft {
  const { place, asker, key, words } = question;
  const { thread, direct } = place;
  if (bot.config.streaming && direct && thread) {
    return new StreamDraft(bot, { ...place, thread, user: asker }, key, words, onError);
  }
  return new MessageDraft(bot, question, onError);
}

function inputOf(
  { config }: Bot,
  { settings, asker, prompt, history, place, messageId, key, continues }: Question,
): GenerateInput {
  return {
    member: memberOf(asker, place.scope),
    prompt,
    history: [...history],
    system: config.system,
    candidateCount: continues ? 1 : settings.candidates,
    maxTokens: settings.maxTokens,
    explore: settings.learn,
    source: { channelId: place.channel, threadId: place.thread, messageId },
    key,
    ...(continues && { continues: continues[continues.length - 1].candidate }),
  };
}

/** Shows the finished replies, keeps which message shows which, and adds what people vote with. */
async function offer(
  bot: Bot,
  question: Question,
  { generation, session }: WrittenReplies,
  draft: Draft,
): Promise<void> {
  const words = await question.words;
  const { place, asker, settings, replies, continues, replaces } = question;
  // What continues a reply is a part of it: the votes are on the whole.
  const learning = settings.learn && !continues;
  const order = session.candidates;
  const made = await bot.tracker.open(
    place.channel,
    generation.member.id,
    async (): Promise<SlackOffer> => ({
      messages: await draft.finish({ replies: generation.candidates, order, words, learning }),
      generationId: generation.id,
      candidates: order,
      asker,
      at: Date.now(),
      language: words.tag,
      history: replies,
      ...(continues && { continues }),
      ...(replaces !== undefined && { replaces }),
      ...place,
    }),
  );
  await question.offered?.();
  await rememberTurn(bot, place, made.messages[0], generation.member.id).catch((error: unknown) => {
    bot.log.info('A conversation will not know of this reply', { error });
  });
  if (learning && bot.config.controls !== 'buttons') await addReactions(bot, made);
}

/** One emoji for each mark. Where the bot may not react, the buttons have to do. */
async function addReactions(bot: Bot, { scope, channel, messages, candidates }: SlackOffer): Promise<void> {
  const { api } = await bot.workspaces.at(scope);
  const timestamp = messages[messages.length - 1];
  for (const mark of offeredMarks(candidates.length)) {
    try {
      await api.reactions.add({ channel, timestamp, name: bot.emojiMap[mark][0] });
    } catch (error) {
      if (refusal(error) === 'already_reacted') continue;
      if (!isGone(error)) bot.log.warn('Reactions could not be added', { channel, error });
      return;
    }
  }
}
