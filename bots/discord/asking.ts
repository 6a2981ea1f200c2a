/** From a question to an offer: streams replies into the surface, then offers them for a vote. */
import type { GenerateInput } from '../../src/client/index.js';
import {
  brokenOff,
  failureText,
  GrowingMessage,
  growingText,
  type Offer,
  offerButtons,
  offeredMarks,
  offerMessages,
  PLATFORM_LIMITS,
  type PlaceSettings,
  readReplies,
  stopButton,
  type Turn,
  type WrittenReplies,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import type { Page } from './draw.js';
import { memberOf } from './service.js';
import { isGone, type Surface } from './surface.js';

const LIMIT = PLATFORM_LIMITS.discord.message;
/** Milliseconds between two edits: Discord takes about five in five seconds. */
const EDIT_MS = 1_100;

export interface Question {
  asker: string;
  prompt: string;
  history: readonly Turn[];
  /** Where it was asked; a thread is a channel of its own here. */
  channel: string;
  messageId?: string;
  /** The same question asked again, after an event delivered twice, gets the same replies. */
  key: string;
  language: string;
  settings: PlaceSettings;
  surface: Surface;
}

/** Answers a question. Whatever goes wrong becomes a sentence where the reply would have been. */
export async function answer(bot: Bot, question: Question): Promise<void> {
  const { surface } = question;
  const words = wordsFor(question.language);
  const gone = new AbortController();
  const message = new GrowingMessage<Page>({
    post: (page) => surface.post(page, 0),
    edit: surface.edit,
    onError: (error) => {
      if (isGone(error)) gone.abort();
      else bot.log.warn('A growing reply could not be shown', { error });
    },
    intervalMs: EDIT_MS,
  });
  let text = '';
  try {
    const signal = AbortSignal.any([bot.signal, gone.signal]);
    const written = await readReplies(bot.client, question.asker, inputOf(bot, question), signal, (id, texts) => {
      text = growingText(texts, LIMIT);
      message.show({ content: text, buttons: stopButton(id, words) });
    });
    await offer(bot, question, written, message);
  } catch (error) {
    if (gone.signal.aborted || bot.signal.aborted || isGone(error)) return;
    const content = brokenOff(text, failureText(error, words, bot.log), LIMIT);
    await message.finish({ content, buttons: [] }).catch((failure: unknown) => {
      bot.log.warn('A problem could not be told', { error: failure });
    });
  }
}

function inputOf(
  { config }: Bot,
  { settings, asker, prompt, history, channel, messageId, key }: Question,
): GenerateInput {
  return {
    member: memberOf(asker),
    prompt,
    history: [...history],
    system: config.system,
    candidateCount: settings.candidates,
    maxTokens: settings.maxTokens,
    explore: settings.learn,
    source: { channelId: channel, messageId },
    key,
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
  const { learn } = question.settings;
  const order = session.candidates;
  const contents = offerMessages(generation.candidates, order, {
    words,
    table: bot.table,
    limit: LIMIT,
    learning: learn,
  });
  const buttons = learn && bot.config.controls !== 'reactions' ? offerButtons(order.length, words) : [];
  const [first, ...rest] = contents.map((content, i) => ({
    content,
    buttons: i === contents.length - 1 ? buttons : [],
  }));
  const messages = [await message.finish(first)];
  for (const [i, page] of rest.entries()) messages.push(await question.surface.post(page, i + 1));
  const made: Offer = {
    generationId: generation.id,
    candidates: order,
    asker: question.asker,
    scope: '',
    channel: question.channel,
    messages,
    at: Date.now(),
    language: words.tag,
  };
  await bot.book.open(made, generation.member.id);
  if (learn && bot.config.controls !== 'buttons') await addReactions(bot, made);
}

/** One emoji for each mark. Where the bot may not react, the buttons have to do. */
async function addReactions(bot: Bot, { channel, messages, candidates }: Offer): Promise<void> {
  const room = await bot.discord.channels.fetch(channel).catch(() => null);
  if (!room?.isTextBased()) return;
  for (const mark of offeredMarks(candidates.length)) {
    try {
      await room.messages.react(messages[messages.length - 1], bot.table[mark][0]);
    } catch (error) {
      if (!isGone(error))
        bot.log.warn('Reactions could not be added; is "Add Reactions" allowed there?', { channel, error });
      return;
    }
  }
}
