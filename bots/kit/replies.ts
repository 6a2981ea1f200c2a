/** From a question to its replies: reads the stream, tells how they grow, and words what went wrong. */
import { type GenerateInput, type Generation, type PalateClient, PalateClientError } from '../../src/client/index.js';
import type { PluginLog } from '../../src/plugins/contract.js';
import { layoutGrowing } from './layout.js';
import { problemText } from './problem.js';
import { LETTERS } from './reactions.js';
import { askedSession, step, type VoteSession } from './vote-session.js';
import type { Words } from './words/index.js';

export interface WrittenReplies {
  generation: Generation;
  session: VoteSession;
}

/** What is told while replies are written. */
export interface Growth {
  /** The generation has its id: it can be stopped. */
  started(generationId: string): void;
  /** It waits: so many are before it, and it begins in so many milliseconds, about. */
  queued(generationId: string, ahead: number, waitMs: number): void;
  /** The texts so far, in the order they are shown. */
  grown(generationId: string, texts: readonly string[]): void;
}

/**
 * Reads a generation to its end; aborting `signal` cancels it.
 * @throws PalateClientError CANCELLED where the stream ends early
 */
export async function readReplies(
  client: Pick<PalateClient, 'generateStream'>,
  asker: string,
  input: GenerateInput,
  signal: AbortSignal,
  { started, queued, grown }: Growth,
): Promise<WrittenReplies> {
  const texts = new Map<string, string>();
  let session = askedSession(asker);
  for await (const event of client.generateStream(input, { signal })) {
    switch (event.__typename) {
      case 'GenerationStarted': {
        const candidateIds = event.candidates.map(({ id }) => id);
        session = step(session, { kind: 'started', generationId: event.generationId, candidateIds }).session;
        started(event.generationId);
        break;
      }
      case 'GenerationQueued':
        queued(event.generationId, event.ahead, event.estimatedWaitMs);
        break;
      case 'CandidateDelta':
        texts.set(event.candidateId, (texts.get(event.candidateId) ?? '') + event.text);
        if (session.generationId === null) break;
        grown(
          session.generationId,
          session.candidates.map((id) => texts.get(id) ?? ''),
        );
        break;
      case 'GenerationFinished':
        return { generation: event.generation, session: step(session, { kind: 'finished' }).session };
    }
  }
  throw new PalateClientError('CANCELLED', 'The reply was given up.');
}

/** Replies while they grow, as one text of at most `limit` characters. */
export function growingText(texts: readonly string[], limit: number): string {
  if (texts.every((text) => text === '')) return '';
  const replies = texts.map((text, i) => ({ label: texts.length > 1 ? LETTERS[i] : '', text }));
  return layoutGrowing(replies, limit);
}

/** What went wrong, for the asker; what is nobody's but ours goes to the log as well. */
export function failureText(error: unknown, words: Words, log: PluginLog): string {
  const problem = error instanceof PalateClientError ? error : null;
  if (!problem || problem.code === 'INTERNAL') log.error('A question could not be answered', { error });
  return problemText(problem ?? { code: 'INTERNAL' }, words);
}

/** A reply that ended in a failure: what there is of it, if the sentence fits behind it. */
export function brokenOff(text: string, sentence: string, limit: number): string {
  return text === '' || text.length + sentence.length + 2 > limit ? sentence : `${text}\n\n${sentence}`;
}
