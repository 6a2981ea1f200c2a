/** Replies as they are written: one generation's events, its text in pieces that the eye takes for a flow. */
import { type GenerateInput, type Generation, type PalateClient, PalateClientError } from '../../client/index.js';
import type { Waiting } from './conversation.js';

export interface WritingListener {
  /** Also when it is picked up again after a lost connection: its text then comes from the beginning. */
  onStart(generationId: string, candidateIds: string[]): void;
  /** New text by candidate, at most fifteen times a second. */
  onText(texts: ReadonlyMap<string, string>): void;
  /** It waits for its turn, or for the service to answer again. */
  onWait?(waiting: Waiting): void;
}

/** Milliseconds of text that are shown at once: each piece is read as Markdown anew, and keys and clicks go before it. */
const PIECE_MS = 66;

/** Pauses before a generation is asked for again after the connection was lost: a minute in all. */
const AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/** A generation that is picked up again where the connection is lost. Aborting the signal cancels it. */
export function writeOn(
  client: PalateClient,
  input: GenerateInput & { key: string },
  listener: WritingListener,
  signal: AbortSignal,
): Promise<Generation | null> {
  return askAgain(() => write(client, input, listener, signal), listener, signal);
}

/** Asks again where the connection is lost: what is asked for by a key is then answered as it was. Null where the signal is aborted meanwhile. */
export async function askAgain<T>(
  ask: () => Promise<T>,
  { onWait }: Pick<WritingListener, 'onWait'>,
  signal: AbortSignal,
): Promise<T | null> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const pause = AGAIN_MS[attempt];
      const away = error instanceof PalateClientError && error.code === 'UNREACHABLE';
      if (signal.aborted || pause === undefined || !away) throw error;
      onWait?.('AWAY');
      await rest(pause, signal);
      if (signal.aborted) return null;
    }
  }
}

/** Aborting the signal cancels the generation. */
export async function write(
  client: PalateClient,
  input: GenerateInput,
  { onStart, onText, onWait }: WritingListener,
  signal: AbortSignal,
): Promise<Generation | null> {
  let texts = new Map<string, string>();
  let timer = 0;
  const flush = () => {
    timer = 0;
    if (texts.size === 0) return;
    onText(texts);
    texts = new Map();
  };
  try {
    for await (const event of client.generateStream(input, { signal })) {
      if (event.__typename === 'GenerationStarted') {
        onStart(
          event.generationId,
          event.candidates.map(({ id }) => id),
        );
      } else if (event.__typename === 'GenerationQueued') {
        onWait?.({ ahead: event.ahead, estimatedWaitMs: event.estimatedWaitMs });
      } else if (event.__typename === 'CandidateDelta') {
        texts.set(event.candidateId, (texts.get(event.candidateId) ?? '') + event.text);
        timer ||= window.setTimeout(flush, PIECE_MS);
      } else if (event.__typename === 'GenerationFinished') {
        return event.generation;
      }
    }
    return null;
  } finally {
    window.clearTimeout(timer);
    texts.clear();
  }
}

function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(done, milliseconds);
    function done() {
      window.clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

/** An id that nobody else has; unlike randomUUID, it is there without https as well. */
export function localId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('');
}
