/** The cache of read prompts: what is known is not read again, and the least recently used go first. */
import { describe, expect, it } from 'vitest';
import { PromptCache, promptKey } from '../../src/runtime/prompt-cache.js';
import type { ReadPrompt } from '../../src/runtime/serving-model.js';

/** Keys and values of 2 layers, 16 bytes a position in each of four arrays. */
function read(length: number): ReadPrompt {
  const layer = () => new Float32Array(4 * length);
  return { cache: { keys: [layer(), layer()], values: [layer(), layer()], length }, features: new Float32Array(1) };
}

const bytesOf = (length: number) => 64 * length;

/** A cache that notes which prompts had to be read. */
function recording(capacity: number) {
  const cache = new PromptCache(capacity);
  const reads: string[] = [];
  const get = (ids: number[], turn: [number, number] = [0, 1], length = 10): ReadPrompt => {
    const key = promptKey(ids, turn);
    const found = cache.get(key);
    expect(cache.has(key)).toBe(found !== undefined);
    if (found) return found;
    reads.push(ids.join(' '));
    const prompt = read(length);
    cache.set(key, prompt);
    return prompt;
  };
  return { cache, get, reads };
}

describe('PromptCache', () => {
  it('reads a prompt once', () => {
    const { get, reads } = recording(1e6);
    const first = get([1, 2, 3]);
    expect(get([1, 2, 3])).toBe(first);
    expect(reads).toEqual(['1 2 3']);
  });

  it('tells prompts apart by every token and by the turn', () => {
    const { get, reads } = recording(1e6);
    const first = get([1, 2, 3], [0, 1]);
    expect(get([1, 2, 3], [0, 2])).not.toBe(first);
    expect(get([1, 23], [0, 1])).not.toBe(first);
    expect(get([12, 3], [0, 1])).not.toBe(first);
    expect(reads.length).toBe(4);
  });

  it('drops the least recently used when the bytes are too many', () => {
    const { get, reads } = recording(bytesOf(30));
    for (const id of [1, 2, 3]) get([id]);
    get([1]);
    get([4]);
    expect(reads).toEqual(['1', '2', '3', '4']);
    get([1]);
    get([3]);
    get([4]);
    expect(reads.length).toBe(4);
    get([2]);
    expect(reads).toEqual(['1', '2', '3', '4', '2']);
  });

  it('drops as many as a large one takes, and keeps the newest even if it is larger than all', () => {
    const { get, reads } = recording(bytesOf(30));
    for (const id of [1, 2, 3]) get([id]);
    get([4], [0, 1], 15);
    get([3]);
    expect(reads).toEqual(['1', '2', '3', '4']);
    get([5], [0, 1], 1000);
    get([5], [0, 1], 1000);
    expect(reads).toEqual(['1', '2', '3', '4', '5']);
    get([4], [0, 1], 15);
    get([5], [0, 1], 1000);
    expect(reads).toEqual(['1', '2', '3', '4', '5', '4', '5']);
  });

  it('counts a prompt once that is kept again', () => {
    const { cache, get, reads } = recording(bytesOf(30));
    for (let i = 0; i < 3; i++) cache.set(promptKey([1], [0, 1]), read(10));
    for (const id of [2, 3]) get([id]);
    reads.length = 0;
    for (const id of [1, 2, 3]) get([id]);
    expect(reads).toEqual([]);
  });
});
