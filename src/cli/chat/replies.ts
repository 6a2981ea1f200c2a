/** Asks for replies and shows them as they grow. */
import type { GenerateInput, Generation, GenerationQueued, PalateClient } from '../../client/index.js';
import { type Learned, type Reply, renderGoingOn, renderQueue, renderReplies, renderVersion } from './render.js';
import type { Terminal } from './terminal.js';

/** Milliseconds between two drawings of growing replies. */
const FRAME_MS = 40;

/** Streams a generation to the terminal. An interrupt cancels it and keeps what is there. */
export async function showReplies(
  client: PalateClient,
  terminal: Terminal,
  input: GenerateInput,
  learned: Learned,
): Promise<Generation> {
  const replies = new Map<string, Reply>();
  let waiting: GenerationQueued | undefined;
  const frame = () => {
    const options = terminal.options();
    return [
      input.continues == null ? renderVersion(learned, options) : renderGoingOn(options),
      ...(waiting ? [renderQueue(waiting, options)] : []),
      '',
      ...renderReplies([...replies.values()], options),
    ];
  };
  const live = terminal.live();
  let drawn = 0;
  let generationId: string | undefined;
  const release = terminal.onInterrupt(() => {
    if (generationId !== undefined) client.cancelGeneration(generationId).catch(() => {});
  });
  try {
    for await (const event of client.generateStream(input)) {
      switch (event.__typename) {
        case 'GenerationStarted':
          generationId = event.generationId;
          for (const { id, index } of event.candidates) {
            replies.set(id, { label: String(index + 1), text: '', finishReason: null });
          }
          break;
        case 'GenerationQueued':
          waiting = event;
          drawn = 0;
          break;
        case 'CandidateDelta': {
          waiting = undefined;
          const reply = replies.get(event.candidateId);
          if (reply) reply.text += event.text;
          break;
        }
        case 'GenerationFinished':
          waiting = undefined;
          for (const { id, index, text, finishReason } of event.generation.candidates) {
            replies.set(id, { label: String(index + 1), text, finishReason });
          }
          live.finish(frame());
          return event.generation;
      }
      if (performance.now() - drawn >= FRAME_MS) {
        live.update(frame());
        drawn = performance.now();
      }
    }
  } finally {
    release();
  }
  throw new Error('The gateway ended the stream before the generation was finished.');
}
