/**
 * Every question that was taken in, kept before anything is written for it: ids only. So one that is delivered again, or found
 * again after downtime, is answered once; and a restart knows which answers were being written, and in which messages.
 */
import { LRUCache } from 'lru-cache';
import type { PluginStorage } from '../../src/plugins/contract.js';

/** How old a question may be to be answered after downtime; after that its asker has gone on without an answer. Milliseconds. */
export const ANSWERED_WITHIN_MS = 15 * 60_000;
/** Times that an answer which restarts interrupted is begun again. */
export const RESUMPTIONS = 2;

/** What identifies a question; a platform adds where it was asked. */
export interface Asked {
  channel: string;
  /** The message that asks, or what else began the answer; nothing else in the channel has it. */
  id: string;
}

/** How far the answer got. */
export interface Progress {
  /** Milliseconds since 1970, when it was taken in. */
  at: number;
  /** The message that is being written; undefined before it is posted, or where it could not be kept. */
  message?: string;
  /** Times a restart has interrupted it. */
  resumed: number;
}

export type Interrupted<Question extends Asked> = Progress & { asked: Question };

interface Row<Question extends Asked> extends Progress {
  asked: Question;
  done: boolean;
}

const HELD = 10_000;
/** Platforms repeat an event for an hour at most; a day is plenty. */
const KEPT_MS = 86_400_000;
/** Questions answered between two looks for rows that are old. */
const SWEPT = 500;

export class Questions<Question extends Asked> {
  /** Resolves when a question is kept; rejects when it could not be. */
  private readonly taken = new LRUCache<string, Promise<boolean>>({ max: HELD });
  private readonly inHand = new Map<string, Row<Question>>();
  private finished = 0;

  constructor(private readonly storage: PluginStorage) {}

  /**
   * Takes a question in: true where it is new. When this resolves a restart knows of it. `repeated`: it may have been taken in before
   * this process began.
   * @throws PalateClientError where it could not be kept: the same question may then be taken in again
   */
  async take(asked: Question, repeated: boolean): Promise<boolean> {
    const key = keyOf(asked);
    const known = this.taken.get(key);
    if (known) {
      await known;
      return false;
    }
    const keeping = this.keep(key, asked, repeated);
    this.taken.set(key, keeping);
    keeping.catch(() => this.taken.delete(key));
    return keeping;
  }

  private async keep(key: string, asked: Question, repeated: boolean): Promise<boolean> {
    if (repeated && (await this.storage.get(key)) !== null) return false;
    const row = { asked, done: false, at: Date.now(), resumed: 0 };
    this.inHand.set(key, row);
    try {
      await this.write(key, row);
    } catch (error) {
      this.inHand.delete(key);
      throw error;
    }
    return true;
  }

  /** The answer stands in this message from now on. */
  async writtenIn(asked: Question, message: string): Promise<void> {
    const row = this.inHand.get(keyOf(asked));
    if (!row || row.message === message) return;
    row.message = message;
    await this.write(keyOf(asked), row);
  }

  /** It was answered, or will never be. */
  async done(asked: Question): Promise<void> {
    const key = keyOf(asked);
    const { at = Date.now(), resumed = 0 } = this.inHand.get(key) ?? {};
    await this.write(key, { asked, done: true, at, resumed });
    this.inHand.delete(key);
    if (++this.finished % SWEPT === 0) await this.sweep();
  }

  /** Nobody deals with it any more, though it is not done: it can be taken in again, or found interrupted. */
  release(asked: Question): void {
    this.inHand.delete(keyOf(asked));
    this.taken.delete(keyOf(asked));
  }

  /** Questions that were taken in, are not answered, and are in nobody's hands: now in the caller's. */
  async interrupted(): Promise<Interrupted<Question>[]> {
    const found: Interrupted<Question>[] = [];
    for (const [key, { done, ...row }] of await this.sweep()) {
      if (done || this.inHand.has(key)) continue;
      const resumed = { ...row, done, resumed: row.resumed + 1 };
      this.inHand.set(key, resumed);
      this.taken.set(key, Promise.resolve(true));
      // Kept before it is begun again: what ends the process is not begun for ever.
      await this.write(key, resumed);
      found.push(resumed);
    }
    return found;
  }

  /** Drops rows that are old, and gives the others. */
  private async sweep(): Promise<Map<string, Row<Question>>> {
    const rows = new Map<string, Row<Question>>();
    const old: string[] = [];
    for await (const { key, value } of this.storage.list('question/')) {
      const row = readRow<Question>(value);
      if (row.at >= Date.now() - KEPT_MS) rows.set(key, row);
      else old.push(key);
    }
    for (const key of old) await this.storage.delete(key);
    return rows;
  }

  private write(key: string, row: Row<Question>): Promise<void> {
    return this.storage.set(key, JSON.stringify(row));
  }
}

function readRow<Question extends Asked>(text: string): Row<Question> {
  const row = JSON.parse(text) as Row<Question>;
  // Rows of an earlier version do not say all of it: they keep a question from being answered again, and no more.
  return row.asked ? row : { ...row, done: true };
}

function keyOf({ channel, id }: Asked): string {
  return `question/${channel}/${id}`;
}
