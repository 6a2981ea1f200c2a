/** A prompt on its way into the cache of read prompts: read a pass at a time, so that others can be served in between. */
import { type PromptCache, promptKey } from './prompt-cache.js';
import { CHUNK, type ReadPrompt, type ServingModel } from './serving-model.js';

export class PromptReading {
  private readonly key: string;
  private begun: ReadPrompt | undefined;

  constructor(
    private readonly model: ServingModel,
    private readonly prompts: PromptCache,
    private readonly ids: readonly number[],
    private readonly turn: readonly [number, number],
  ) {
    this.key = promptKey(ids, turn);
  }

  /** Passes until it is read; none where somebody else has read the same prompt. */
  get left(): number {
    if (this.prompts.has(this.key)) return 0;
    return Math.ceil((this.length - (this.begun?.cache.length ?? 0)) / CHUNK);
  }

  /** Whether all of it takes one pass at most, and that over few tokens. */
  get quick(): boolean {
    return this.length <= CHUNK || this.prompts.has(this.key);
  }

  private get length(): number {
    return this.ids.length - 1;
  }

  /** Reads on by one pass. @returns the whole prompt after the last one */
  async pass(): Promise<ReadPrompt | undefined> {
    const known = this.prompts.get(this.key);
    if (!known) this.begun = await this.model.readFurther(this.ids, this.turn, this.begun);
    const read = known ?? this.begun;
    if (read?.cache.length !== this.length) return undefined;
    this.begun = undefined;
    if (!known) this.prompts.set(this.key, read);
    return read;
  }
}
