/** Long prompts beside others: whoever writes, asks or leaves while one is read does not wait for its end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CHUNK, type ServingModel } from '../../src/runtime/serving-model.js';
import type { DecodeRequest } from '../../src/runtime/types.js';
import { greedy, Recorder, request } from './recorder.js';
import { TinyModel } from './tiny-model.js';

let folder: string;
let tiny: TinyModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-long-'));
  tiny = await TinyModel.open(folder, 4 * CHUNK);
});

afterAll(async () => {
  await tiny?.close();
  await rm(folder, { recursive: true, force: true });
});

const recorderOf = (slots: number, model = tiny.model, heed?: () => Promise<void>) => new Recorder(slots, model, heed);

/** What the loop decodes for it when there is nothing else. */
async function alone(asked: DecodeRequest): Promise<number[][]> {
  const recorder = recorderOf(4);
  recorder.loop.submit(1, asked);
  await recorder.finish();
  return recorder.tokens(1);
}

it('are read one a step, and not at all for whoever has left meanwhile', async () => {
  let reads = 0;
  const slow: ServingModel = Object.create(tiny.model);
  slow.readPrompt = async (...args) => {
    reads++;
    await new Promise((resolve) => setTimeout(resolve, 60));
    return tiny.model.readPrompt(...args);
  };
  const recorder = recorderOf(4, slow);
  for (const id of [1, 2, 3]) recorder.loop.submit(id, request(tiny.text(`long ${id}`, 10), [greedy()]));
  await recorder.steps(1);
  expect([reads, recorder.loop.busySlots, recorder.loop.queued]).toEqual([1, 1, 2]);
  recorder.loop.cancel(2);
  await recorder.finish();
  expect(reads).toBe(2);
  expect([1, 2, 3].map((id) => recorder.tokens(id)[0].length > 0)).toEqual([true, false, true]);
});

it('let others write, begin and end between two passes', async () => {
  const long = request(tiny.text('long', 2 * CHUNK + 40), [greedy(), greedy(tiny.latent('long'))], { maxTokens: 4 });
  const written = request(tiny.text('written', 9), [greedy(tiny.latent('written'))], { maxTokens: 40 });
  const short = request(tiny.text('short', 7), [greedy()], { maxTokens: 1 });
  const seen: [number, boolean][] = [];
  const recorder = recorderOf(4, tiny.model, async () => {
    seen.push([recorder.streamed(1, 0).length, recorder.results.has(3)]);
    if (seen.length === 1) recorder.loop.submit(3, short);
  });
  recorder.loop.submit(1, written);
  await recorder.steps(2);
  recorder.loop.submit(2, long);
  await recorder.steps(1);
  // A step of the reply under way in each pause; what was asked in the first one was answered in it.
  expect(seen).toEqual([
    [2, false],
    [3, true],
  ]);
  await recorder.finish();
  for (const [id, asked] of [written, long, short].entries()) {
    expect(recorder.tokens(id + 1)).toHaveLength(asked.rows.length);
    expect(recorder.tokens(id + 1)).toEqual(await alone(asked));
  }
});

it('leave slots to those that they are read for', async () => {
  const recorder = recorderOf(2, tiny.model, async () => {
    if (recorder.loop.queued === 0) recorder.loop.submit(2, request(tiny.text('late', 7), [greedy()]));
  });
  recorder.loop.submit(1, request(tiny.text('both', CHUNK + 40), [greedy(), greedy()], { maxTokens: 2 }));
  await recorder.steps(1);
  expect([recorder.loop.busySlots, recorder.loop.queued]).toEqual([2, 1]);
  await recorder.finish();
  expect(recorder.failures.size).toBe(0);
  expect([recorder.tokens(1), recorder.tokens(2)].flat()).toHaveLength(3);
});

it('are read no further when nobody waits for them', async () => {
  let passes = 0;
  const recorder = recorderOf(4, tiny.model, async () => {
    passes++;
    recorder.loop.cancel(1);
  });
  recorder.loop.submit(1, request(tiny.text('left', 3 * CHUNK), [greedy(), greedy()]));
  await recorder.finish();
  expect(passes).toBe(1);
  expect(recorder.results.get(1)).toEqual([
    { tokens: [], finishReason: 'CANCELLED' },
    { tokens: [], finishReason: 'CANCELLED' },
  ]);
});

it('let others begin while they are read for their features', async () => {
  const recorder = recorderOf(4, tiny.model, async () => {
    if (!recorder.results.has(1)) recorder.loop.submit(1, request(tiny.text('asked', 7), [greedy()], { maxTokens: 1 }));
  });
  const promptIds = tiny.text('features', CHUNK + 40);
  const { prompt } = await recorder.loop.read({ promptIds, lastUserTurn: [1, CHUNK], replies: [] });
  expect(recorder.streamed(1, 0)).toHaveLength(1);
  expect(prompt).toEqual((await tiny.model.readPrompt(promptIds, [1, CHUNK])).features);
  await recorder.finish();
});
