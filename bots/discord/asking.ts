/** From a question to an offer: streams replies into the surface, then offers them for a vote. */
import { type Generation, PalateClientError } from '../../src/client/index.js';
import {
  askedSession,
  LETTERS,
  layoutGrowing,
  type Offer,
  offerButtons,
  offeredMarks,
  offerMessages,
  PLATFORM_LIMITS,
  problemText,
  type Session,
  step,
  stopButton,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { Draft } from './draft.js';
import type { Page } from './draw.js';
import type { PlaceSettings } from './places.js';
import { memberOf } from './service.js';
import { isGone, type Surface } from './surface.js';

const LIMIT = PLATFORM_LIMITS.discord.message;

export interface Turn {
  role: 'USER' | 'ASSISTANT';
  content: string;
}

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
  const gone = new AbortController();
  const draft = new Draft(question.surface, (error) => {
    if (isGone(error)) gone.abort();
    else bot.log.warn('A growing reply could not be shown', { error });
  });
  const texts = new Map<string, string>();
  let session = askedSession(question.asker);
  try {
    const generation = await stream(bot, question, gone.signal, (event) => {
      session = event.session ?? session;
      if (event.delta) texts.set(event.delta.id, (texts.get(event.delta.id) ?? '') + event.delta.text);
      if (event.delta) draft.show(growingPage(session, texts, question));
    });
    session = step(session, { kind: 'finished' }).session;
    await offer(bot, question, session, generation, draft);
  } catch (error) {
    if (gone.signal.aborted || bot.signal.aborted || isGone(error)) return;
    await explain(bot, question, error, growingText(session, texts), draft);
  }
}

type Grown = { session?: Session; delta?: { id: string; text: string } };

/** Reads the stream to its end; leaving it early cancels the generation. */
async function stream(
  bot: Bot,
  question: Question,
  gone: AbortSignal,
  grow: (grown: Grown) => void,
): Promise<Generation> {
  const { settings, asker, prompt, history, channel, messageId, key } = question;
  const input = {
    member: memberOf(asker),
    prompt,
    history: [...history],
    system: bot.config.system,
    candidateCount: settings.candidates,
    maxTokens: settings.maxTokens,
    explore: settings.learn,
    source: { channelId: channel, messageId },
    key,
  };
  const signal = AbortSignal.any([bot.signal, gone]);
  for await (const event of bot.client.generateStream(input, { signal })) {
    switch (event.__typename) {
      case 'GenerationStarted': {
        const candidateIds = event.candidates.map(({ id }) => id);
        grow({
          session: step(askedSession(asker), { kind: 'started', generationId: event.generationId, candidateIds })
            .session,
        });
        break;
      }
      case 'CandidateDelta':
        grow({ delta: { id: event.candidateId, text: event.text } });
        break;
      case 'GenerationFinished':
        return event.generation;
    }
  }
  throw new PalateClientError('CANCELLED', 'The reply was given up.');
}

function growingText(session: Session, texts: ReadonlyMap<string, string>): string {
  const labelled = session.candidates.length > 1;
  const replies = session.candidates.map((id, place) => ({
    label: labelled ? LETTERS[place] : '',
    text: texts.get(id) ?? '',
  }));
  return replies.some(({ text }) => text !== '') ? layoutGrowing(replies, LIMIT) : '';
}

function growingPage(session: Session, texts: ReadonlyMap<string, string>, { language }: Question): Page {
  const buttons = session.generationId === null ? [] : stopButton(session.generationId, wordsFor(language));
  return { content: growingText(session, texts), buttons };
}

/** Shows the finished replies, keeps which message shows which, and adds what people vote with. */
async function offer(
  bot: Bot,
  question: Question,
  session: Session,
  generation: Generation,
  draft: Draft,
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
  const pages = contents.map((content, i) => ({ content, buttons: i === contents.length - 1 ? buttons : [] }));
  const messages = await draft.finish(pages);
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

async function explain(bot: Bot, question: Question, error: unknown, text: string, draft: Draft): Promise<void> {
  const problem = error instanceof PalateClientError ? error : null;
  if (!problem || problem.code === 'INTERNAL') bot.log.error('A question could not be answered', { error });
  const sentence = problemText(problem ?? { code: 'INTERNAL' }, wordsFor(question.language));
  const content = text === '' || text.length + sentence.length + 2 > LIMIT ? sentence : `${text}\n\n${sentence}`;
  await draft.finish([{ content, buttons: [] }]).catch((failure: unknown) => {
    bot.log.warn('A problem could not be told', { error: failure });
  });
}
