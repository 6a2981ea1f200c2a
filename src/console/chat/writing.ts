/** Replies as they are written: one generation's events, its text in pieces that the eye takes for a flow. */
import type { GenerateInput, Generation, PalateClient } from '../../client/index.js';

export interface WritingListener {
  onStart(generationId: string, candidateIds: string[]): void;
  /** New text by candidate, at most fifteen times a second. */
  onText(texts: ReadonlyMap<string, string>): void;
}

/** Milliseconds of text that are shown at once: each piece is read as Markdown anew, and keys and clicks go before it. */
const PIECE_MS = 66;

/** Aborting the signal cancels the generation. */
export async function write(
  client: PalateClient,
  input: GenerateInput,
  { onStart, onText }: WritingListener,
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

/** An id of this page only; unlike randomUUID, it is there without https as well. */
export function localId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join('');
}
