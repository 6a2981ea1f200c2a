/** What every way of fetching shares: its options, its progress, and repeating what a bad connection interrupts. */
import { setTimeout as wait } from 'node:timers/promises';
import { backOff } from '../common/back-off.js';

export interface FetchProgress {
  /** Bytes so far. */
  received: number;
  /** Bytes in all, where known. */
  total?: number;
  /** Where from, for people. */
  source: string;
}

export interface FetchOptions {
  /** Tries before giving up. */
  attempts: number;
  /** Milliseconds before the second try; each later wait is three times as long. */
  waitMs: number;
  signal?: AbortSignal;
}

/** An error that another try would only repeat. */
export class FinalError extends Error {}

/**
 * The result of the first try that succeeds.
 * @throws what the last try threw, or a FinalError at once, or the signal's reason
 */
export async function retry<T>({ attempts, waitMs, signal }: FetchOptions, action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (error instanceof FinalError || attempt >= attempts || signal?.aborted) throw error;
      await wait(backOff(attempt - 1, { first: waitMs, factor: 3 }), undefined, { signal });
    }
  }
}
