/**
 * Every question that was taken in, kept before Slack hears that it was: ids only. So one that is delivered again is
 * answered once, one that was never seen is answered although it is a repetition, and one that a crash interrupted is
 * read again from Slack and answered then.
 */
import type { PluginStorage } from '../../src/plugins/contract.js';
import type { Place } from './place.js';

/** Which message asks. */
export interface Asked extends Place {
  ts: string;
}

interface Row extends Asked {
  done: boolean;
  /** Milliseconds since 1970. */
  at: number;
}

const HELD = 10_000;
/** Slack repeats an event for an hour at most; a day is plenty. */
const KEPT_MS = 86_400_000;

export class Questions {
  /** Resolves when a question is kept; rejects when it could not be. */
  private readonly taken = new Map<string, Promise<boolean>>();
  private readonly inHand = new Set<string>();

  constructor(private readonly storage: PluginStorage) {}

  /**
   * Takes a question in: true where it is new. When this resolves a restart knows of it.
   * @throws PalateClientError where it could not be kept: the same question may then be taken in again
   */
  async take(asked: Asked, repeated: boolean): Promise<boolean> {
    const key = keyOf(asked);
    const known = this.taken.get(key);
    if (known) {
      await known;
      return false;
    }
    const keeping = this.keep(key, asked, repeated);
    this.taken.set(key, keeping);
    if (this.taken.size > HELD) this.taken.delete(this.taken.keys().next().value ?? '');
    keeping.catch(() => this.taken.delete(key));
    return keeping;
  }

  private async keep(key: string, asked: Asked, repeated: boolean): Promise<boolean> {
    if (repeated && (await this.storage.get(key)) !== null) return false;
    this.inHand.add(key);
    try {
      await this.write(key, { ...asked, done: false, at: Date.now() });
    } catch (error) {
      this.inHand.delete(key);
      throw error;
    }
    return true;
  }

  /** It was answered, or will never be. */
  async done(asked: Asked): Promise<void> {
    const key = keyOf(asked);
    await this.write(key, { ...asked, done: true, at: Date.now() });
    this.inHand.delete(key);
  }

  /** Questions that were taken in, are not answered, and are in nobody's hands: now in the caller's. */
  async interrupted(): Promise<Asked[]> {
    const found: Asked[] = [];
    const old: string[] = [];
    for await (const { key, value } of this.storage.list('question/')) {
      const { done, at, ...asked } = JSON.parse(value) as Row;
      if (at < Date.now() - KEPT_MS) old.push(key);
      else if (!done && !this.inHand.has(key)) {
        this.inHand.add(key);
        this.taken.set(key, Promise.resolve(true));
        found.push(asked);
      }
    }
    for (const key of old) await this.storage.delete(key);
    return found;
  }

  private write(key: string, row: Row): Promise<void> {
    return this.storage.set(key, JSON.stringify(row));
  }
}

function keyOf({ channel, ts }: Asked): string {
  return `question/${channel}/${ts}`;
}
