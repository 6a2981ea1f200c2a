import { appendFile, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { Graph } from '../../src/graph/index.js';
import { openGguf } from '../../src/language-model/gguf.js';
import { FrozenWeights } from '../../src/language-model/graphs/linear.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import { encodeCheckpoint } from '../../src/learning/checkpoint.js';
import { decoderFeeds } from '../../src/learning/clap/batch.js';
import { buildClapGraph, type ClapSizes, parameterNames, parameterShapes } from '../../src/learning/clap/graph.js';
import { pretrain } from '../../src/learning/clap/pretrain.js';
import { PRETRAIN_DEFAULTS, type PretrainSettings } from '../../src/learning/clap/settings.js';
import { writeGraphs } from '../../src/runtime/graph-files.js';
import { GraphThread } from '../../src/runtime/graph-thread.js';
import { WorkerRuntime } from '../../src/runtime/runtime.js';
import { type Feed, Session } from '../../src/runtime/session.js';
import { writeTinyModel } from '../language-model/gguf-writer.js';

let folder: string;
let file: LanguageModelFile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-clap-'));
  await writeTinyModel(join(folder, 'tiny.gguf'), { seed: 3, format: 'F32', tied: false });
  file = await openGguf(join(folder, 'tiny.gguf'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the CLaP step', () => {
  const sizes: ClapSizes = {
    latent: 4,
    middle: 5,
    projected: 6,
    replies: 3,
    prompt: 8,
    tokens: 5,
    aggregate: 4,
    draws: 2,
  };

  it('has the gradients that finite differences of its loss show, for every parameter', async () => {
    const session = await openStep(sizes);
    const random = new Random(5);
    const feeds = randomFeeds(sizes, random);
    const out = await session.run(feeds);
    const lossAt = async (name: string, index: number, shift: number) => {
      const data = (feeds[name].data as Float32Array).slice();
      data[index] += shift;
      return (await session.run({ ...feeds, [name]: { ...feeds[name], data } })).loss[0];
    };
    for (const name of parameterNames) {
      const gradient = out[`d_${name}`];
      const scale = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / gradient.length);
      expect(scale, name).toBeGreaterThan(0);
      for (let trial = 0; trial < 4; trial++) {
        const index = random.integer(gradient.length);
        const step = 0.02;
        const slope = ((await lossAt(name, index, step)) - (await lossAt(name, index, -step))) / (2 * step);
        expect(Math.abs(slope - gradient[index]), `${name}[${index}]`).toBeLessThan(
          0.05 * (scale + Math.abs(slope)) + 2e-3,
        );
      }
    }
    await session.close();
  });

  it('scores a reply the same however much its prompt and the other replies are padded', async () => {
    const random = new Random(6);
    const feeds = randomFeeds(sizes, random);
    const wide = { ...sizes, prompt: 16, tokens: 9 };
    const narrow = await (await openStep(sizes)).run(feeds);
    const widened = await (await openStep(wide)).run({ ...feeds, ...textFeeds(wide) });
    narrow.nll.forEach((value, row) => expect(widened.nll[row]).toBeCloseTo(value, 3));
  });
});

describe('a CLaP run', () => {
  const settings: PretrainSettings = {
    ...PRETRAIN_DEFAULTS,
    prompts: 6,
    validation: 2,
    repliesPerPrompt: 4,
    lengths: [4, 6],
    latent: 4,
    middle: 4,
    projected: 5,
    batch: 3,
    tokens: 4,
    steps: 4,
    saveEvery: 2,
  };

  it('gives the same checkpoint, byte for byte, when it is interrupted and goes on', async () => {
    const whole = await run('whole', settings);
    await expect(run('parts', settings, 3)).rejects.toThrow('enough');
    // What a power cut leaves of files that were being written.
    for (const name of ['samples.jsonl', 'features.f32', 'training.jsonl']) {
      const path = join(folder, 'parts', name);
      await truncate(path, (await stat(path)).size - 5);
      await appendFile(path, Buffer.concat([Buffer.alloc(32), Buffer.from('\n{"step":3}\n')]));
    }
    const resumed = await run('parts', settings);
    expect(Buffer.compare(encodeCheckpoint(whole.checkpoint), encodeCheckpoint(resumed.checkpoint))).toBe(0);
    expect(resumed.reconstruction).toEqual(whole.reconstruction);
    const log = (name: string) => readFile(join(folder, name, 'training.jsonl'), 'utf8');
    expect(await log('parts')).toBe(await log('whole'));
    expect(Number.isFinite(whole.reconstruction.own)).toBe(true);
  });
});

/** Runs CLaP in a work folder of its own; stops with an error before the given training step. */
async function run(name: string, settings: PretrainSettings, stopAt?: number) {
  const cacheFolder = join(folder, 'cache');
  const runtime = new WorkerRuntime({ modelPath: file.path, cacheFolder, adapter: null, slots: 4, threads: 1 });
  const thread = new GraphThread();
  try {
    await runtime.start();
    return await pretrain(settings, {
      file,
      runtime,
      thread,
      cacheFolder,
      workFolder: join(folder, name),
      threads: 1,
      onProgress: (stage, done) => {
        if (stage === 'train' && done === stopAt) throw new Error('enough');
      },
    });
  } finally {
    await runtime.stop();
    await thread.close();
  }
}

async function openStep(sizes: ClapSizes): Promise<Session> {
  const graph = buildClapGraph(new FrozenWeights(new Graph(`step-${sizes.prompt}`), file, 'float32'), sizes);
  await writeGraphs(folder, [graph], `${graph.name}.weights`);
  return Session.open(join(folder, `${graph.name}.onnx`), 1);
}

/** The same prompt of five tokens and replies of different lengths, padded to the sizes. */
function textFeeds(sizes: ClapSizes): Record<string, Feed> {
  const { layers, kvHeads, headSize } = file.config;
  const random = new Random(9);
  const array = () => random.normals(kvHeads * 4 * headSize);
  const cache = {
    keys: Array.from({ length: layers }, array),
    values: Array.from({ length: layers }, array),
    length: 4,
  };
  const replies = [
    [5, 6, 7, 8, 9],
    [10, 11],
    [12, 13, 14],
  ];
  return decoderFeeds(file.config, sizes, [1, 2, 3, 4, 5], cache, [...replies, ...replies]);
}

function randomFeeds(sizes: ClapSizes, random: Random): Record<string, Feed> {
  const shapes = parameterShapes(new FrozenWeights(new Graph('shapes'), file, 'float32'), sizes);
  const normal = (dims: number[], scale = 1): Feed => ({
    data: random.normals(dims.reduce((a, b) => a * b, 1)).map((value) => value * scale),
    dims,
  });
  return {
    ...Object.fromEntries(parameterNames.map((name) => [name, normal(shapes[name], 0.5)])),
    ...textFeeds(sizes),
    features: normal([sizes.replies, sizes.projected]),
    noise: normal([sizes.replies, sizes.latent]),
    shrink: { data: Float32Array.of(1, 0.5, 1), dims: [sizes.replies, 1] },
    aggregate_features: normal([sizes.aggregate, sizes.projected]),
    aggregate_noise: normal([sizes.draws, sizes.aggregate, sizes.latent]),
  };
}
