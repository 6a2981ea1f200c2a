/** From a question to an offer: streams replies into the surface, then offers them for a vote. */
import type { GenerateInput } from '../../src/client/index.js';
import {
  brokenOff,
  continueButtons,
  failureText,
  GrowingMessage,
  growingText,
  type Offer,
  offerButtons,
  offeredMarks,
  offerMessages,
  PLATFORM_LIMITS,
  type PlaceSettings,
  type ReplyRef,
  stopButton,
  type Turn,
  type WrittenReplies,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import type { Page } from './draw.js';
import { memberOf } from './service.js';
import { isGone, type Surface } from './surface.js';

export const LIMIT = PLATFORM_LIMITS.discord.message;

export interface Question {
  asker: string;
  prompt: string;
  /** What was said before, as texts and by ids. */
  history: readonly Turn[];
  replies: readonly ReplyRef[];
  /** Where it was asked; a thread is a channel of its own here. */
  channel: string;
  messageId?: string;
  /** The same question asked again, after an event delivered twice, gets the same replies. */
  key: string;
  /** Whether it may have been begun before. */
  again: boolean;
  language: string;
  settings: PlaceSettings;
  surface: Surface;
  /** A message that the answer stands in already. */
  standing?: string;
  /** Stands above the replies. */
  head?: string;
  /** The reply that is gone on with. */
  continues?: ReplyRef;
  /** The generation in whose place the replies are to be. */
  replaces?: string;
  /** Hears which message the answer stands in. */
  posted(message: string): void;
}

/** Answers a question: whether it could. Whatever goes wrong becomes a sentence where the reply would have been. */
export async function answer(bot: Bot, question: Question): Promise<boolean> {
  const { surface, head } = question;
  const words = wordsFor(question.language);
  const gone = new AbortController();
  const message = new GrowingMessage<Page>({
    post: async (page) => {
      const id = await surface.post(page, 0);
      question.posted(id);
      return id;
    },
    edit: surface.edit,
    onError: (error) => {
      if (isGone(error)) gone.abort();
      else bot.log.warn('A growing reply could not be shown', { error });
    },
    lane: surface.lane,
    id: question.standing,
  });
  const above = head === undefined ? '' : `${head}\n\n`;
  /** What there is of the answer. */
  let text = head ?? '';
  const show = (content: string, generationId?: string) => {
    const buttons = generationId === undefined ? [] : stopButton(generationId, words);
    message.show({ content: `${above}${content}`, buttons });
  };
  try {
    const signal = AbortSignal.any([bot.signal, gone.signal]);
    const wanted = { ...question, input: inputOf(bot, question) };
    const written = await bot.answers.write(wanted, signal, {
      received: () => show(words.vote.received),
      started: () => {},
      queued: (id, ahead, waitMs) => show(words.vote.waiting(ahead, Math.max(1, Math.ceil(waitMs / 1_000))), id),
      grown: (id, texts) => {
        const grown = growingText(texts, LIMIT - above.length);
        text = `${above}${grown}`;
        show(grown, id);
      },
    });
    await offer(bot, question, written, message);
    return true;
  } catch (error) {
    if (gone.signal.aborted || bot.signal.aborted || isGone(error)) return false;
    const content = brokenOff(text, failureText(error, words, bot.log), LIMIT);
    await message.finish({ content, buttons: [] }).catch((failure: unknown) => {
      bot.log.warn('A problem could not be told', { error: failure });
    });
    return false;
  } finally {
    message.end();
  }
}

function inputOf(
  { config }: Bot,
  { settings, asker, prompt, history, channel, messageId, key, continues }: Question,
): GenerateInput {
  return {
    member: memberOf(asker),
    prompt,
    history: [...history],
    system: config.system,
    candidateCount: continues ? 1 : settings.candidates,
    maxTokens: settings.maxTokens,
    explore: settings.learn,
    source: { channelId: channel, messageId },
    key,
    ...(continues && { continues: continues[continues.length - 1].candidate }),
  };
}

/** Shows the finished replies, keeps which message shows which, and adds what people vote with. */
async function offer(
  bot: Bot,
  question: Question,
  { generation, session }: WrittenReplies,
  message: GrowingMessage<Page>,
): Promise<void> {
  const words = wordsFor(question.language);
  const { head, continues, replaces } = question;
  // What continues a reply is a part of it: the votes are on the whole.
  const learning = question.settings.learn && !continues;
  const order = session.candidates;
  const contents = offerMessages(generation.candidates, order, {
    words,
    emojiMap: bot.emojiMap,
    limit: LIMIT,
    learning,
    head,
  });
  const buttons = [
    ...(learning && bot.config.controls !== 'reactions' ? offerButtons(order.length, words) : []),
    ...continueButtons(generation.candidates, order, words),
  ];
  const [first, ...rest] = contents.map((content, i) => ({
    content,
    buttons: i === contents.length - 1 ? buttons : [],
  }));
  const made = await bot.tracker.open(question.channel, generation.member.id, async (): Promise<Offer> => {
    const messages = [await message.finish(first)];
    for (const [i, page] of rest.entries()) messages.push(await question.surface.post(page, i + 1));
    return {
      generationId: generation.id,
      candidates: order,
      asker: question.asker,
      scope: '',
      channel: question.channel,
      messages,
      at: Date.now(),
      language: words.tag,
      history: question.replies,
      ...(continues && { continues }),
      ...(replaces !== undefined && { replaces }),
    };
  });
  if (learning && bot.config.controls !== 'buttons') await addReactions(bot, made);
}

/** One emoji for each mark. Where the bot may not react, the buttons have to do. */
async function addReactions(bot: Bot, { channel, messages, candidates }: Offer): Promise<void> {
  const room = await bot.discord.channels.fetch(channel).catch(() => null);
  if (!room?.isTextBased()) return;
  for (const mark of offeredMarks(candidates.length)) {
    try {
      await room.messages.react(messages[messages.length - 1], bot.emojiMap[mark][0]);
    } catch (error) {
      if (!isGone(error))
        bot.log.warn('Reactions could not be added; is "Add Reactions" allowed there?', { channel, error });
      return;
    }
  }
}
