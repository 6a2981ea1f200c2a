/** From a question to an offer: replies grow before the asker's eyes, then they are offered for a vote. */
import { type Generation, PalateClientError } from '../../src/client/index.js';
import { askedSession, type Offer, offeredMarks, problemText, type Session, step } from '../kit/index.js';
import type { Bot, Place } from './bot.js';
import { rememberTurn, type Turn } from './conversation.js';
import { type Draft, MessageDraft } from './draft.js';
import type { PlaceSettings } from './places.js';
import { memberOf } from './service.js';
import { StreamDraft } from './stream.js';
import type { SlackWords } from './words.js';
import { isGone, refusal } from './workspaces.js';

export interface Question {
  asker: string;
  prompt: string;
  history: readonly Turn[];
  place: Place;
  /** The message that asks; undefined where none does. */
  messageId?: string;
  /** The same question asked again, after an event delivered twice, gets the same replies. */
  key: string;
  words: Promise<SlackWords>;
  settings: PlaceSettings;
  /** The moment in milliseconds since which an answer may have been begun already, before a crash; undefined for new questions. */
  begunSince?: number;
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

/** Answers a question. Whatever goes wrong becomes a sentence where the reply would have been. */
export async function answer(bot: Bot, question: Question): Promise<void> {
  const gone = new AbortController();
  const draft = newDraft(bot, question, (error) => {
    if (isGone(error)) gone.abort();
    else bot.log.warn('A growing reply could not be shown', { error });
  });
  const texts = new Map<string, string>();
  let session = askedSession(question.asker);
  try {
    const generation = await stream(bot, question, gone.signal, (event) => {
      session = event.session ?? session;
      if (!event.delta) return;
      texts.set(event.delta.id, (texts.get(event.delta.id) ?? '') + event.delta.text);
      const generationId = session.generationId ?? '';
      draft.show({ generationId, texts: session.candidates.map((id) => texts.get(id) ?? '') });
    });
    session = step(session, { kind: 'finished' }).session;
    await offer(bot, question, session, generation, draft);
  } catch (error) {
    if (gone.signal.aborted || bot.signal.aborted || isGone(error)) return;
    await explain(bot, question, error, draft);
  }
}

function newDraft(
  bot: Bot,
  { place, asker, key, words, begunSince }: Question,
  onError: (error: unknown) => void,
): Draft {
  const { thread, direct } = place;
  if (bot.config.streaming && direct && thread) {
    return new StreamDraft(bot, { ...place, thread, user: asker }, key, onError);
  }
  return new MessageDraft(bot, place, key, words, onError, begunSince ?? null);
}

type Grown = { session?: Session; delta?: { id: string; text: string } };

/** Reads the stream to its end; leaving it early cancels the generation. */
async function stream(
  bot: Bot,
  question: Question,
  gone: AbortSignal,
  grow: (grown: Grown) => void,
): Promise<Generation> {
  const { settings, asker, prompt, history, place, messageId, key } = question;
  const input = {
    member: memberOf(asker, place.scope),
    prompt,
    history: [...history],
    system: bot.config.system,
    candidateCount: settings.candidates,
    maxTokens: settings.maxTokens,
    explore: settings.learn,
    source: { channelId: place.channel, threadId: place.thread, messageId },
    key,
  };
  const signal = AbortSignal.any([bot.signal, gone]);
  for await (const event of bot.client.generateStream(input, { signal })) {
    switch (event.__typename) {
      case 'GenerationStarted': {
        const candidateIds = event.candidates.map(({ id }) => id);
        const started = { kind: 'started', generationId: event.generationId, candidateIds } as const;
        grow({ session: step(askedSession(asker), started).session });
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

/** Shows the finished replies, keeps which message shows which, and adds what people vote with. */
async function offer(
  bot: Bot,
  question: Question,
  session: Session,
  generation: Generation,
  draft: Draft,
): Promise<void> {
  const words = await question.words;
  const { place, asker, settings } = question;
  const order = session.candidates;
  const messages = await draft.finish({ replies: generation.candidates, order, words, learning: settings.learn });
  const made: SlackOffer = {
    generationId: generation.id,
    candidates: order,
    asker,
    messages,
    at: Date.now(),
    language: words.tag,
    ...place,
  };
  await bot.book.open(made, generation.member.id);
  await question.offered?.();
  await rememberTurn(bot, place, messages[0], generation.member.id).catch((error: unknown) => {
    bot.log.info('A conversation will not know of this reply', { error });
  });
  if (settings.learn && bot.config.controls !== 'buttons') await addReactions(bot, made);
}

/** One emoji for each mark. Where the bot may not react, the buttons have to do. */
async function addReactions(bot: Bot, { scope, channel, messages, candidates }: SlackOffer): Promise<void> {
  const { api } = await bot.workspaces.at(scope);
  const timestamp = messages[messages.length - 1];
  for (const mark of offeredMarks(candidates.length)) {
    try {
      await api.reactions.add({ channel, timestamp, name: bot.table[mark][0] });
    } catch (error) {
      if (refusal(error) === 'already_reacted') continue;
      if (!isGone(error)) bot.log.warn('Reactions could not be added', { channel, error });
      return;
    }
  }
}

async function explain(bot: Bot, question: Question, error: unknown, draft: Draft): Promise<void> {
  const problem = error instanceof PalateClientError ? error : null;
  if (!problem || problem.code === 'INTERNAL') bot.log.error('A question could not be answered', { error });
  const sentence = problemText(problem ?? { code: 'INTERNAL' }, await question.words);
  await draft.fail(sentence).catch((failure: unknown) => {
    bot.log.warn('A problem could not be told', { error: failure });
  });
}
