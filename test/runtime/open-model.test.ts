/** Model files that are in order as files, but cannot answer: each is refused where it is opened, with what is wrong. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGguf } from '../../src/language-model/gguf.js';
import type { AdapterWeights } from '../../src/runtime/messages.js';
import { openModel } from '../../src/runtime/open-model.js';
import { type TinyModelOptions, tinyTokenizer, writeTinyModel } from '../language-model/gguf-writer.js';
import { randomAdapter } from '../support/adapter.js';

const SHAPE = { layers: 1, hidden: 64, heads: 1, kvHeads: 1, feedForward: 64 };
const TOKENIZER = tinyTokenizer();
const tokens = TOKENIZER['tokenizer.ggml.tokens'] as string[];
const types = TOKENIZER['tokenizer.ggml.token_type'] as number[];
const E = tokens.indexOf('e');

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-open-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function open(
  options: TinyModelOptions,
  adapter: (path: string) => Promise<AdapterWeights | null> = async () => null,
) {
  const { path } = await writeTinyModel(join(folder, `${files++}.gguf`), { ...SHAPE, ...options });
  const opened = await openModel({
    modelPath: path,
    cacheFolder: join(folder, 'compiled'),
    adapter: await adapter(path),
    threads: 1,
  });
  await opened.close();
}

/** A matrix of one number. */
const filled = (name: string, rows: number, value: number) => ({
  name,
  shape: [64, rows],
  type: 'F32' as const,
  bytes: new Uint8Array(new Float32Array(64 * rows).fill(value).buffer),
});

describe('a model file', () => {
  it('is opened where it answers, with an adapter and without one', async () => {
    await open({});
    await open({}, async (path) => randomAdapter((await openGguf(path)).config, 4, 5));
  });

  it('is compiled anew where what was compiled is damaged', async () => {
    const { path } = await writeTinyModel(join(folder, 'again.gguf'), SHAPE);
    const cacheFolder = join(folder, 'again');
    const adapter = randomAdapter((await openGguf(path)).config, 4, 5);
    const answer = async () => {
      const { model, close } = await openModel({ modelPath: path, cacheFolder, adapter, threads: 1 });
      const { cache } = await model.readPrompt([1, 5, 9, 7], [1, 3]);
      await close();
      return cache.keys[0].slice();
    };
    const whole = await answer();
    for (const compiled of await readdir(cacheFolder)) {
      const weights = join(cacheFolder, compiled, 'weights.bin');
      const bytes = await readFile(weights);
      await writeFile(weights, bytes.fill(0, bytes.length >>> 2, bytes.length >>> 1));
    }
    expect(await answer()).toEqual(whole);
  });

  it.each<[string, TinyModelOptions, RegExp]>([
    [
      'an embedding of NaN',
      { tensors: [filled('token_embd.weight', tokens.length, Number.NaN)] },
      /token_embd\.weight that are not finite/,
    ],
    [
      'an infinite matrix',
      { tensors: [filled('blk.0.ffn_up.weight', 64, Infinity)] },
      /ffn_up\.weight that are not finite/,
    ],
    ['no room for a question', { metadata: { 'llama.context_length': 10 } }, /first question.*this model reads 10/],
    [
      'letters that are no tokens',
      { metadata: { 'tokenizer.ggml.tokens': tokens.with(E, 'é'), 'tokenizer.ggml.merges': [] } },
      /first question: it reads .* as .*hllo world/,
    ],
    [
      'letters that are special',
      { metadata: { 'tokenizer.ggml.token_type': types.with(E, 3), 'tokenizer.ggml.merges': [] } },
      /first question: it reads .* as .*hllo world/,
    ],
  ])('is refused that has %s', async (_, options, message) => {
    await expect(open(options)).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringMatching(message),
    });
  });

  it('is refused with a checkpoint whose adapter overflows', async () => {
    const overflowing = async (path: string) => {
      const adapter = randomAdapter((await openGguf(path)).config, 4, 5);
      return {
        ...adapter,
        digest: 'overflow'.padEnd(16, '-'),
        b1: adapter.b1.map(() => 3e38),
        w2: adapter.w2.map(() => 3e38),
      };
    };
    await expect(open({}, overflowing)).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringMatching(/not finite\. Use another model file, or another checkpoint/),
    });
  });
});
