/** Recently read prompts. What is kept depends on the text alone: no member's prefix is in it, so anybody may share it. */
import type { ReadPrompt } from './serving-model.js';

/** Bytes of keys and values kept unless told otherwise. */
const CAPACITY_BYTES = 256 * 1024 * 1024;

export class PromptCache {
  private readonly entries = new Map<string, { prompt: ReadPrompt; bytes: number }>();
  private bytes = 0;

  /** @param capacity bytes of keys and values kept; the least recently used go first, the newest one always stays */
  constructor(private readonly capacity = CAPACITY_BYTES) {}

  /** Tells prompts apart by every token and by the turn. */
  keyOf(ids: readonly number[], turn: readonly [number, number]): string {
    return `${turn[0]},${turn[1]}:${ids.join(',')}`;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  find(key: string): ReadPrompt | undefined {
    const found = this.entries.get(key);
    if (!found) return undefined;
    this.entries.delete(key);
    this.entries.set(key, found);
    return found.prompt;
  }

  keep(key: string, prompt: ReadPrompt): void {
    const bytes = prompt.cache.keys.reduce((sum, keys) => sum + 2 * keys.byteLength, 0);
    this.bytes += bytes - (this.entries.get(key)?.bytes ?? 0);
    this.entries.set(key, { prompt, bytes });
    this.evict();
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
  }

  private evict(): void {
    for (const [key, { bytes }] of this.entries) {
      if (this.bytes <= this.capacity || this.entries.size === 1) return;
      this.entries.delete(key);
      this.bytes -= bytes;
    }
  }
}
