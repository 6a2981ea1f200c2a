/**
 * Projected features of prompts and replies: read behind the answer, kept with it, and read again where they are missing (the
 * process ended too early) or of another model or checkpoint.
 */
import { afterAnswers } from '../../common/after-answers.js';
import { PalateError } from '../../common/errors.js';
import { toHalf } from '../../common/half.js';
import type { Lifecycle } from '../../common/lifecycle.js';
import type { Log } from '../../common/log.js';
import type { EncodedChat } from '../../language-model/tokenizer.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import { projectPrompt, projectReply } from '../../learning/posterior.js';
import type { LanguageModelRuntime } from '../../runtime/types.js';
import type { FeatureDigests, GenerationRecord } from '../../store/generations.js';
import type { Store } from '../../store/store.js';
import type { PromptEncoder } from './prompt-thread.js';

export interface FeatureReaderParts {
  store: Pick<Store, 'generations'>;
  runtime: Pick<LanguageModelRuntime, 'read' | 'status'>;
  prompts: PromptEncoder;
  checkpoint: LoadedCheckpoint;
  log: Log;
}

/** Generations looked up at a time when old ones are read again. */
const BATCH = 20;

export class FeatureReader implements Lifecycle {
  readonly digests: FeatureDigests;
  private readonly pending = new Map<string, Promise<void>>();
  private readonly stopped = new AbortController();
  private recovery: Promise<void> | undefined;

  constructor(private readonly parts: FeatureReaderParts) {
    this.digests = { model: parts.checkpoint.modelDigest, checkpoint: parts.checkpoint.digest };
  }

  /** Begins to read, in the background, what earlier processes left unread. */
  async start(): Promise<void> {
    this.recovery ??= this.readOutdated();
  }

  /** Waits for what is being stored; what is still being read then is read again by the next start. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.recovery;
    await Promise.allSettled(this.pending.values());
  }

  /** Reads a fresh generation behind its answer; a failure is logged and the features are read again when they are needed. */
  readBehind(generation: GenerationRecord, prompt: EncodedChat): void {
    this.read(generation, prompt).catch((err) => {
      if (this.stopped.signal.aborted) return;
      this.parts.log.warn(
        { err, generation: generation.id },
        'The features of a reply could not be read; they will be when it is trained on',
      );
    });
  }

  /** Resolves when nothing that is being read now is being read any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.pending.values());
  }

  /** Resolves when the features of all these generations are stored. Rejects with what kept them from being read. */
  async ensure(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.pending.get(id)?.catch(() => undefined)));
    const { generations } = this.parts.store;
    const unread = await generations.withoutFeatures(this.digests, ids.length, ids);
    for (const generation of await generations.byIds(unread)) await this.readAgain(generation);
  }

  private async readOutdated(): Promise<void> {
    const { store, log } = this.parts;
    const failed = new Set<string>();
    try {
      for (;;) {
        const ids = await store.generations.withoutFeatures(this.digests, BATCH + failed.size);
        const due = ids.filter((id) => !failed.has(id));
        if (due.length === 0) return;
        for (const generation of await store.generations.byIds(due)) {
          if (this.stopped.signal.aborted) return;
          await this.readAgain(generation).catch((err) => {
            failed.add(generation.id);
            log.warn({ err, generation: generation.id }, 'The features of a stored reply could not be read');
          });
        }
      }
    } catch (err) {
      log.error({ err }, 'Reading the features of stored replies was given up');
    }
  }

  /** The history that came with the request is not stored: x is read as its last user turn alone. */
  private async readAgain(generation: GenerationRecord): Promise<void> {
    const own = generation.modelDigest === this.digests.model;
    const texts = own ? [] : generation.candidates.map(({ text }) => text);
    const { prompt, replies } = await this.parts.prompts.encode(generation.prompt, texts);
    const candidates = own
      ? generation.candidates
      : generation.candidates.map((candidate, i) => ({ ...candidate, tokenIds: replies[i], written: [] }));
    return this.read({ ...generation, candidates }, prompt);
  }

  private read(generation: GenerationRecord, prompt: EncodedChat): Promise<void> {
    const running = this.pending.get(generation.id);
    if (running) return running;
    const reading = afterAnswers()
      .then(() => this.readAndSave(generation, prompt))
      .finally(() => this.pending.delete(generation.id));
    this.pending.set(generation.id, reading);
    return reading;
  }

  /**
   * An empty reply has no features: it says nothing to learn from. One that goes on with another is read with it: nobody judges the end
   * of a sentence by itself.
   */
  private async readAndSave(generation: GenerationRecord, prompt: EncodedChat): Promise<void> {
    const { runtime, checkpoint, store } = this.parts;
    const candidates = generation.candidates.filter(({ tokenIds }) => tokenIds.length > 0);
    const features = await this.unlessStopped(
      runtime.read({
        promptIds: prompt.ids,
        lastUserTurn: prompt.lastUserTurn,
        replies: candidates.map(({ written, tokenIds }) => [...written, ...tokenIds]),
      }),
    );
    const projected = candidates.map(
      ({ id }, i) => [id, toHalf(projectReply(checkpoint, features.replies[i]))] as const,
    );
    await store.generations.saveFeatures(
      generation.id,
      { prompt: toHalf(projectPrompt(checkpoint, features.prompt)), candidates: new Map(projected) },
      this.digests,
    );
  }

  private unlessStopped<T>(reading: Promise<T>): Promise<T> {
    const { signal } = this.stopped;
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new PalateError('CANCELLED', 'The service is stopping.'));
      if (signal.aborted) giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      reading.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
    });
  }
}
