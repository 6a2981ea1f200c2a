/** Sessions, masks and caches of the serving graphs against the plain decoder, on a tiny float32 model. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyValueCache } from '../../src/runtime/kv-cache.js';
import { ServingModel } from '../../src/runtime/serving-model.js';
import { logSoftmax, rowOf } from '../support/decoder-session.js';
import { TinyModel } from './tiny-model.js';

let folder: string;
let tiny: TinyModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-serving-'));
  tiny = await TinyModel.open(folder);
});

afterAll(async () => {
  await tiny?.close();
  await rm(folder, { recursive: true, force: true });
});

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i])));
  expect(worst).toBeLessThan(1e-4);
}

describe('readPrompt', () => {
  it.each([
    ['a short prompt', 9, [2, 7]],
    ['a prompt of two tokens', 2, [0, 1]],
    ['a prompt of several chunks, whose turn crosses their border', 300, [200, 290]],
  ] as [string, number, [number, number]][])('reads %s', async (seed, length, turn) => {
    const ids = tiny.text(seed, length);
    const { cache, features } = await tiny.model.readPrompt(ids, turn);
    expect(cache.length).toBe(length - 1);
    expectClose(features, tiny.features(ids.slice(0, turn[0]), ids.slice(...turn)));
    const plain = tiny.plain(ids.slice(0, -1));
    const { kvHeads, headSize, layers } = tiny.file.config;
    for (let layer = 0; layer < layers; layer++) {
      for (const [kept, expected] of [
        [cache.keys[layer], plain.keys[layer]],
        [cache.values[layer], plain.values[layer]],
      ] as const) {
        for (let head = 0; head < kvHeads; head++) {
          const rows = kept.subarray(head * cache.length * headSize, (head + 1) * cache.length * headSize);
          expectClose(
            rows,
            expected.flatMap((vector) => [...vector.subarray(head * headSize, (head + 1) * headSize)]),
          );
        }
      }
    }
  });

  it('gives an empty turn zeros', async () => {
    const { features } = await tiny.model.readPrompt(tiny.text('empty turn', 6), [3, 3]);
    expect([...features].every((value) => value === 0)).toBe(true);
  });
});

describe('replies behind a read prompt', () => {
  it('have the features of each alone, whatever lengths are read together', async () => {
    const ids = tiny.text('prompt', 8);
    const replies = [3, 11, 1, 6].map((length, i) => tiny.text(`reply ${i}`, length));
    const prompt = await tiny.model.readPrompt(ids, [1, 5]);
    const features = await tiny.model.readReplies(prompt, ids[7], replies);
    replies.forEach((reply, i) => {
      expectClose(features[i], tiny.features(ids, reply));
    });
  });

  it('have the log-probabilities of each alone', async () => {
    const ids = tiny.text('prompt', 8);
    const replies = [5, 2, 9].map((length, i) => tiny.text(`scored ${i}`, length));
    const prompt = await tiny.model.readPrompt(ids, [0, 1]);
    const scores = await tiny.model.scoreReplies(prompt, ids[7], replies);
    replies.forEach((reply, i) => {
      const plain = tiny.plain(ids.slice(0, -1));
      const read = [ids[7], ...reply.slice(0, -1)];
      expectClose(
        scores[i],
        read.map((id, t) => logSoftmax(plain.read(id).logits)[reply[t]]),
      );
    });
  });
});

describe('step', () => {
  it('gives every row the logits it would have alone, behind its own prefix and length', async () => {
    const { config } = tiny.file;
    const rows = [
      { ids: tiny.text('a', 5), latent: null },
      { ids: tiny.text('b', 70), latent: tiny.latent('b') },
      { ids: tiny.text('c', 12), latent: tiny.latent('c') },
      { ids: tiny.text('d', 2), latent: null },
    ];
    const cache = new KeyValueCache(config, rows.length);
    cache.reserve(80, 0);
    const lengths: number[] = [];
    for (const [slot, { ids, latent }] of rows.entries()) {
      const prompt = await tiny.model.readPrompt(ids, [0, 1]);
      cache.write(slot, 0, prompt.cache);
      lengths[slot] = prompt.cache.length;
      if (!latent) continue;
      const prefix = await tiny.model.prefixes([latent], prompt.cache.length);
      cache.write(slot, prompt.cache.length, prefix);
      lengths[slot] += prefix.length;
    }
    const plains = rows.map(({ ids, latent }) => {
      const plain = tiny.plain(ids.slice(0, -1));
      if (latent) plain.addPrefix(tiny.adapter, latent);
      return plain;
    });
    let next = rows.map(({ ids }) => ids[ids.length - 1]);
    for (let round = 0; round < 3; round++) {
      const out = await tiny.model.step(cache, next, lengths);
      for (const [slot, plain] of plains.entries()) {
        expectClose(rowOf(out.logits, slot, config.vocabulary), plain.read(next[slot]).logits);
        cache.write(slot, lengths[slot]++, out.cache, slot);
      }
      next = tiny.text(`round ${round}`, rows.length);
    }
  });

  it('writes the prefixes of several latents at once as each alone', async () => {
    const latents = ['x', 'y', 'z'].map((seed) => tiny.latent(seed));
    const together = await tiny.model.prefixes(latents, 6);
    for (const [row, latent] of latents.entries()) {
      const alone = await tiny.model.prefixes([latent], 6);
      together.keys.forEach((keys, layer) => {
        const size = alone.keys[layer].length;
        expectClose(rowOf(keys, row, size), alone.keys[layer]);
        expectClose(rowOf(together.values[layer], row, size), alone.values[layer]);
      });
    }
  });
});

describe('a model opened without a graph', () => {
  it('says which one', async () => {
    const model = new ServingModel(tiny.file.config, {});
    const error = { code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('adapter') };
    await expect(model.prefixes([tiny.latent('a')], 3)).rejects.toMatchObject(error);
  });
});
