/** Recently read prompts. What is kept depends on the text alone: no member's prefix is in it, so anybody may share it. */
import { LRUCache } from 'lru-cache';
import type { ReadPrompt } from './serving-model.js';

/** Bytes of keys and values kept unless told otherwise. */
const CAPACITY_BYTES = 256 * 1024 * 1024;

export class PromptCache extends LRUCache<string, ReadPrompt> {
  /** @param capacity bytes of keys and values kept; the least recently used go first, the newest one always stays */
  constructor(capacity = CAPACITY_BYTES) {
    // One that is larger than all counts as all: nothing stays beside it.
    super({ maxSize: capacity, sizeCalculation: (prompt) => Math.max(1, Math.min(bytesOf(prompt), capacity)) });
  }
}

function bytesOf({ cache }: ReadPrompt): number {
  return cache.keys.reduce((sum, keys) => sum + 2 * keys.byteLength, 0);
}

/** Tells prompts apart by every token and by the turn. */
export function promptKey(ids: readonly number[], turn: readonly [number, number]): string {
  return `${turn[0]},${turn[1]}:${ids.join(',')}`;
}
