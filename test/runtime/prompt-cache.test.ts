/** The cache of read prompts: what is known is not read again, and the least recently used go first. */
import { describe, expect, it } from 'vitest';
import { PromptCache } from '../../src/runtime/prompt-cache.js';
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
  const get = (ids: number[], turn: [number, number] = [0, 1], length = 10) =>
    cache.get(ids, turn, async () => {
      reads.push(ids.join(' '));
      return read(length);
    });
  return { get, reads };
}

describe('PromptCache', () => {
  it('reads a prompt once', async () => {
    const { get, reads } = recording(1e6);
    const first = await get([1, 2, 3]);
    expect(await get([1, 2, 3])).toBe(first);
    expect(reads).toEqual(['1 2 3']);
  });

  it('tells prompts apart by every token and by the turn', async () => {
    const { get, reads } = recording(1e6);
    const first = await get([1, 2, 3], [0, 1]);
    expect(await get([1, 2, 3], [0, 2])).not.toBe(first);
    expect(await get([1, 23], [0, 1])).not.toBe(first);
    expect(await get([12, 3], [0, 1])).not.toBe(first);
    expect(reads.length).toBe(4);
  });

  it('drops the least recently used when the bytes are too many', async () => {
    const { get, reads } = recording(bytesOf(30));
    for (const id of [1, 2, 3]) await get([id]);
    await get([1]);
    await get([4]);
    expect(reads).toEqual(['1', '2', '3', '4']);
    await get([1]);
    await get([3]);
    await get([4]);
    expect(reads.length).toBe(4);
    await get([2]);
    expect(reads).toEqual(['1', '2', '3', '4', '2']);
  });

  it('drops as many as a large one takes, and keeps the newest even if it is larger than all', async () => {
    const { get, reads } = recording(bytesOf(30));
    for (const id of [1, 2, 3]) await get([id]);
    await get([4], [0, 1], 15);
    await get([3]);
    expect(reads).toEqual(['1', '2', '3', '4']);
    await get([5], [0, 1], 1000);
    await get([5], [0, 1], 1000);
    expect(reads).toEqual(['1', '2', '3', '4', '5']);
    await get([4], [0, 1], 15);
    await get([5], [0, 1], 1000);
    expect(reads).toEqual(['1', '2', '3', '4', '5', '4', '5']);
  });

  it('counts a prompt once that two have read at the same time', async () => {
    const { get, reads } = recording(bytesOf(30));
    await Promise.all([get([1]), get([1]), get([1])]);
    for (const id of [2, 3]) await get([id]);
    reads.length = 0;
    for (const id of [1, 2, 3]) await get([id]);
    expect(reads).toEqual([]);
  });

  it('keeps nothing of a reading that failed', async () => {
    const cache = new PromptCache();
    const fail = () => Promise.reject(new Error('broken'));
    await expect(cache.get([1], [0, 1], fail)).rejects.toThrow('broken');
    const prompt = read(3);
    expect(await cache.get([1], [0, 1], async () => prompt)).toBe(prompt);
  });
});
