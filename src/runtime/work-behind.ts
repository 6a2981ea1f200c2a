/** Long work that nobody watches: it is done in the order in which it came, a piece at a time, whenever there is room for one. */
import type { PromptReading } from './prompt-reading.js';
import type { ReadPrompt, ServingModel } from './serving-model.js';
import type { ReadRequest, ReadResult } from './types.js';

/** Each `yield` ends a piece. */
type Pieces<T> = AsyncGenerator<undefined, T>;

interface Work {
  pieces: Pick<Pieces<unknown>, 'next'>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class WorkBehind {
  private readonly waiting: Work[] = [];

  get empty(): boolean {
    return this.waiting.length === 0;
  }

  add<T>(pieces: Pick<Pieces<T>, 'next'>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ pieces, resolve: resolve as Work['resolve'], reject });
    });
  }

  /** Does the next piece; whoever asked hears of the last one, and of what went wrong. */
  async goOn(): Promise<void> {
    const [{ pieces, resolve, reject }] = this.waiting;
    try {
      const { done, value } = await pieces.next();
      if (!done) return;
      resolve(value);
    } catch (error) {
      reject(error);
    }
    this.waiting.shift();
  }
}

/** A prompt and its replies without any prefix. */
export async function* readFeatures(
  model: ServingModel,
  reading: PromptReading,
  { promptIds, replies }: ReadRequest,
): Pieces<ReadResult> {
  const prompt = yield* wholePrompt(reading);
  const last = promptIds[promptIds.length - 1];
  const written = replies.filter((reply) => reply.length > 0);
  const features = written.length > 0 ? await model.readReplies(prompt, last, written) : [];
  const next = features.values();
  const none = () => new Float32Array(model.featureSize);
  return {
    prompt: prompt.features.slice(),
    replies: replies.map((reply) => (reply.length > 0 ? (next.next().value as Float32Array) : none())),
  };
}

/** @param last the prompt's last token */
export async function* scoreReplies(
  model: ServingModel,
  reading: PromptReading,
  last: number,
  replies: number[][],
): Pieces<Float32Array[]> {
  return model.scoreReplies(yield* wholePrompt(reading), last, replies);
}

async function* wholePrompt(reading: PromptReading): Pieces<ReadPrompt> {
  for (;;) {
    const prompt = await reading.pass();
    if (prompt) return prompt;
    yield undefined;
  }
}
