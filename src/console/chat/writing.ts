/** Replies as they are written: one generation's events, its text in one piece a frame. */
import type { GenerateInput, Generation, PalateClient } from '../../client/index.js';

export interface WritingListener {
  onStart(generationId: string, candidateIds: string[]): void;
  /** New text by candidate, once a frame at most. */
  onText(texts: ReadonlyMap<string, string>): void;
}

/** Aborting the signal cancels the generation. */
export async function write(
  client: PalateClient,
  input: GenerateInput,
  { onStart, onText }: WritingListener,
  signal: AbortSignal,
): Promise<Generation | null> {
  let texts = new Map<string, string>();
  let frame = 0;
  const flush = () => {
    frame = 0;
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
        frame ||= requestAnimationFrame(flush);
      } else {
        return event.generation;
      }
    }
    return null;
  } finally {
    cancelAnimationFrame(frame);
    texts.clear();
  }
}

/** An id of this page only; unlike randomUUID, it is there without https as well. */
export function localId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join('');
}
