/** Answers that are being written: whose they are, how they are stopped, and how one is begun again after a restart. */
import { type GenerateInput, type PalateClient, PalateClientError } from '../../src/client/index.js';
import { RESUMPTIONS } from './questions.js';
import { type Growth, readReplies, type WrittenReplies } from './replies.js';

/** Milliseconds after which a question that nothing was heard of is told that it is there. */
const RECEIVED_MS = 1_000;

export interface Wanted {
  asker: string;
  channel: string;
  /** With its key: the same one again gives the same replies. */
  input: GenerateInput;
  /** Whether it may have been begun before: what was cancelled then, by a restart for example, is written anew. */
  again: boolean;
}

export interface AnswerGrowth extends Growth {
  /** It is not begun at once: it is in line behind others, or the service has not said anything yet. */
  received(): void;
}

interface Writing {
  asker: string;
  channel: string;
  isStopped: boolean;
}

export class Answers {
  private readonly writing = new Map<string, Writing>();
  /** Answers that were begun and have no text yet. */
  private silent = 0;

  constructor(private readonly client: Pick<PalateClient, 'generateStream' | 'cancelGeneration'>) {}

  /**
   * Writes an answer to its end; aborting `signal` cancels it.
   * @throws PalateClientError
   */
  async write(wanted: Wanted, signal: AbortSignal, growth: AnswerGrowth): Promise<WrittenReplies> {
    const heard = this.waitForText(growth);
    try {
      for (let attempt = 0; ; attempt++) {
        const written = await this.attempt(wanted, attempt, signal, growth, heard);
        if (written) return written;
      }
    } finally {
      heard();
    }
  }

  /** Whose answer is being written there; null where this one is not. */
  askerOf(generationId: string, channel: string | null): string | null {
    const writing = this.writing.get(generationId);
    return writing && writing.channel === channel ? writing.asker : null;
  }

  async stop(generationId: string): Promise<void> {
    const writing = this.writing.get(generationId);
    if (!writing) return;
    writing.isStopped = true;
    await this.client.cancelGeneration(generationId);
  }

  /** The function it gives is to be called when there is text, or will be none. */
  private waitForText(growth: AnswerGrowth): () => void {
    const timer = setTimeout(growth.received, this.silent > 0 ? 0 : RECEIVED_MS);
    this.silent++;
    let isHeard = false;
    return () => {
      clearTimeout(timer);
      if (!isHeard) this.silent--;
      isHeard = true;
    };
  }

  /** The answer; null where it has to be asked for under another key. */
  private async attempt(
    { asker, channel, input, again }: Wanted,
    attempt: number,
    signal: AbortSignal,
    growth: AnswerGrowth,
    heard: () => void,
  ): Promise<WrittenReplies | null> {
    const key = attempt === 0 ? input.key : `${input.key}/${attempt}`;
    const isLast = !again || attempt > RESUMPTIONS;
    const writing: Writing = { asker, channel, isStopped: false };
    let id: string | undefined;
    try {
      const written = await readReplies(this.client, asker, { ...input, key }, signal, {
        started: (generationId) => {
          id = generationId;
          this.writing.set(id, writing);
          growth.started(id);
        },
        queued: (...where) => {
          heard();
          growth.queued(...where);
        },
        grown: (...texts) => {
          heard();
          growth.grown(...texts);
        },
      });
      const isTorn = written.generation.candidates.some(({ finishReason }) => finishReason === 'CANCELLED');
      return isTorn && !writing.isStopped && !isLast ? null : written;
    } catch (error) {
      // What was said before it has changed since.
      if (error instanceof PalateClientError && error.code === 'CONFLICT' && !isLast) return null;
      throw error;
    } finally {
      if (id !== undefined) this.writing.delete(id);
    }
  }
}
