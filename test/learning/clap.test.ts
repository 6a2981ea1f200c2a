import { appendFile, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { Graph } from '../../src/graph/index.js';
import { openGguf } from '../../src/language-model/gguf.js';
import { FrozenWeights } from '../../src/language-model/graphs/linear.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import { adapterWeights, decodeCheckpoint, encodeCheckpoint } from '../../src/learning/checkpoint.js';
import { decoderFeeds } from '../../src/learning/clap/batch.js';
import {
  adapterNames,
  buildClapGraph,
  buildResponseGraph,
  type ClapSizes,
  parameterNames,
  parameterShapes,
} from '../../src/learning/clap/graph.js';
import { goOnFrom, pretrain } from '../../src/learning/clap/pretrain.js';
import { OnPolicy } from '../../src/learning/clap/response/on-policy.js';
import { openRun } from '../../src/learning/clap/run.js';
import { PRETRAIN_DEFAULTS, type PretrainSettings, type PretrainTools } from '../../src/learning/clap/settings.js';
import { writeGraphs } from '../../src/runtime/graph-files.js';
import { GraphThread } from '../../src/runtime/graph-thread.js';
import type { AdapterWeights } from '../../src/runtime/messages.js';
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
    signed: 3,
    prompt: 8,
    tokens: 5,
    aggregate: 4,
    draws: 2,
  };

  it.each([
    ['CLaP', buildClapGraph, parameterNames],
    ['the response', buildResponseGraph, adapterNames],
  ] as const)('of %s has the gradients that finite differences of its loss show', async (_, build, names) => {
    const session = await openStep(sizes, build);
    const random = new Random(5);
    const feeds = randomFeeds(sizes, random);
    const out = await session.run(feeds);
    const lossAt = async (name: string, index: number, shift: number) => {
      const data = (feeds[name].data as Float32Array).slice();
      data[index] += shift;
      return (await session.run({ ...feeds, [name]: { ...feeds[name], data } })).loss[0];
    };
    for (const name of names) {
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

  it('of the response weighs every reply behind its own latent, and tells halves apart as much as it is told to', async () => {
    const session = await openStep(sizes, buildResponseGraph);
    const feeds = randomFeeds(sizes, new Random(7));
    const weights = Float32Array.of(1, -2, 0.5, 0, 3, -1);
    const lossWith = async (contrast: number) => {
      const fed = {
        ...feeds,
        row_weights: { data: weights, dims: [6] },
        contrast_weight: { data: Float32Array.of(contrast), dims: [1] },
      };
      return session.run(fed);
    };
    const { nll, loss } = await lossWith(0);
    const weighted = nll.reduce((sum, value, row) => sum + value * weights[row], 0) / 6;
    expect(loss[0]).toBeCloseTo(weighted, 3);
    const apart = [0, 1, 2].reduce((sum, row) => sum + Math.log1p(Math.exp(nll[row] - nll[row + 3])), 0) / 3;
    expect((await lossWith(2)).loss[0]).toBeCloseTo(weighted + 2 * apart, 3);
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
    response: { ...PRETRAIN_DEFAULTS.response, steps: 4, signed: 2, zeroCost: 10, clapEvery: 2, saveEvery: 2 },
  };

  const whole = once(() => inFolder('whole', (tools) => pretrain(settings, tools)));

  it('gives the same checkpoint, byte for byte, when it is interrupted and goes on', async () => {
    const parts = (stop?: Stop) => inFolder('parts', (tools) => pretrain(settings, tools), stop);
    await expect(parts({ stage: 'train', at: 3 })).rejects.toThrow('enough');
    await breakOff('parts', ['samples.jsonl', 'features.f32', 'training.jsonl'], '{"step":3}');
    await expect(parts({ stage: 'respond', at: 3 })).rejects.toThrow('enough');
    await breakOff('parts', ['response-4.jsonl'], '{"responseStep":3}');
    const resumed = await parts();
    const { checkpoint, ...reached } = await whole();
    expect(Buffer.compare(encodeCheckpoint(checkpoint), encodeCheckpoint(resumed.checkpoint))).toBe(0);
    expect(resumed).toMatchObject(reached);
    for (const name of ['training.jsonl', 'response-4.jsonl']) {
      const log = (run: string) => readFile(join(folder, run, name), 'utf8');
      expect(await log('parts'), name).toBe(await log('whole'));
    }
  });

  it('tells what the adapter reaches before and behind the steps that raise its response', async () => {
    const { before, reconstruction, response } = await whole();
    expect(Number.isFinite(reconstruction.own)).toBe(true);
    for (const measured of [response, before?.response]) {
      expect(measured).toMatchObject({ prompts: 2, pairs: 8 });
      expect(measured?.byDirection.map(({ first }) => first)).toEqual([0, 1, 2, 3]);
      expect([measured?.slope, measured?.error, measured?.drift].every(Number.isFinite)).toBe(true);
    }
    expect(response).not.toEqual(before?.response);
  });

  it('goes on from a checkpoint, of which it changes the adapter alone', async () => {
    const from = await finished();
    const { checkpoint, before } = await inFolder('from', (tools) => goOnFrom(from, { ...settings, steps: 0 }, tools));
    const { adapter, training, digest, ...encoder } = from;
    expect(checkpoint).toMatchObject(encoder);
    for (const name of adapterNames) expect(checkpoint.adapter[name].data).not.toEqual(adapter[name].data);
    expect(checkpoint.training).toMatchObject({ startedFrom: digest, steps: 4 });
    expect(before?.response.pairs).toBe(8);
  });

  it('ends where z = 0 costs more than it may, with the adapter that was kept before', async () => {
    const from = await finished();
    const response = { ...settings.response, zeroCost: -10 };
    const raise = () => inFolder('ended', (tools) => goOnFrom(from, { ...settings, steps: 0, response }, tools));
    const { checkpoint, ended } = await raise();
    expect(ended).toMatchObject({ responseStep: 2, keptStep: 0 });
    expect(checkpoint.training.responseEnded).toEqual(ended);
    for (const name of adapterNames) expect(checkpoint.adapter[name].data).toEqual(from.adapter[name].data);
    const log = () => readFile(join(folder, 'ended', 'response-0.jsonl'), 'utf8');
    const written = await log();
    expect(written).toContain(`\n${JSON.stringify(ended)}\n`);
    expect((await raise()).ended).toEqual(ended);
    expect(await log()).toBe(written);
  });

  const prompt = { promptIds: [5, 6, 7, 8, 9], lastUserTurn: [1, 3] as [number, number] };
  const finished = async () => decodeCheckpoint(encodeCheckpoint((await whole()).checkpoint), 'whole');

  /** Gives `work` the policy of the finished checkpoint's encoder. */
  async function withPolicy<T>(work: (policy: OnPolicy) => Promise<T>): Promise<T> {
    const checkpoint = await finished();
    return inFolder('policy', async (tools) => {
      const { open, shapes } = await openRun(settings, tools, [prompt]);
      const { config } = file;
      const parts = { config, stopTokens: [], shapes, runtime: tools.runtime, prefix: await open('prefix') };
      return work(new OnPolicy(checkpoint, parts));
    });
  }

  it('reads nothing out of a reply without a token, and of others what it reads where there is none', async () => {
    await withPolicy(async (policy) => {
      const written = await policy.judge(prompt, [[5, 6, 7], [8]]);
      expect(written.map((reply) => reply?.drift).every(Number.isFinite)).toBe(true);
      const [first, second] = written;
      expect(await policy.judge(prompt, [[], [5, 6, 7], [], [8]])).toEqual([undefined, first, undefined, second]);
      expect(await policy.judge(prompt, [[], []])).toEqual([undefined, undefined]);
    });
  });

  it('writes replies behind an adapter in training as the runtime does that serves it', async () => {
    const checkpoint = await finished();
    const { w1, b1, w2, b2 } = checkpoint.adapter;
    const latents = [new Random('z').normals(4), new Random('other z').normals(4)];
    const values = { w1: w1.data, b1: b1.data, w2: w2.data, b2: b2.data };
    const trained = await withPolicy((policy) => policy.write(values, prompt, latents, 6, new Random('draws')));
    const served = await inFolder(
      'served',
      async ({ runtime }) => {
        const random = new Random('draws');
        const sampling = { temperature: 1, topP: 0.95, minP: 0.03, dryMultiplier: 1.2 };
        const rows = latents.map((latent) => ({ latent, seed: random.next(), ...sampling }));
        return runtime.generate({ ...prompt, rows, maxTokens: 6, stopTokens: [] }, () => {});
      },
      undefined,
      adapterWeights(checkpoint),
    );
    expect(trained).toEqual(served.map(({ tokens }) => tokens));
  });
});

interface Stop {
  stage: string;
  at: number;
}

/** Gives `work` what a run needs, with a work folder of that name; stops with an error at the given step of a stage. */
async function inFolder<T>(
  name: string,
  work: (tools: PretrainTools) => Promise<T>,
  stop?: Stop,
  adapter: AdapterWeights | null = null,
): Promise<T> {
  const cacheFolder = join(folder, 'cache');
  const runtime = new WorkerRuntime({ modelPath: file.path, cacheFolder, adapter, slots: 4, threads: 1 });
  const thread = new GraphThread();
  try {
    await runtime.start();
    return await work({
      file,
      runtime,
      thread,
      cacheFolder,
      workFolder: join(folder, name),
      threads: 1,
      onProgress: (stage, done) => {
        if (stage === stop?.stage && done === stop.at) throw new Error('enough');
      },
    });
  } finally {
    await runtime.stop();
    await thread.close();
  }
}

/** Does what a power cut does to files that were being written: `line` stands for one that was not to be there. */
async function breakOff(run: string, names: string[], line: string): Promise<void> {
  for (const name of names) {
    const path = join(folder, run, name);
    await truncate(path, (await stat(path)).size - 5);
    await appendFile(path, Buffer.concat([Buffer.alloc(32), Buffer.from(`\n${line}\n`)]));
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function openStep(sizes: ClapSizes, build: typeof buildClapGraph = buildClapGraph): Promise<Session> {
  const graph = build(new FrozenWeights(new Graph(`${build.name}-${sizes.prompt}`), file, 'float32'), sizes);
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
    latents: normal([2 * sizes.signed, sizes.latent]),
    row_weights: normal([2 * sizes.signed]),
    contrast_weight: normal([1]),
    features: normal([sizes.replies, sizes.projected]),
    noise: normal([sizes.replies, sizes.latent]),
    shrink: { data: Float32Array.of(1, 0.5, 1), dims: [sizes.replies, 1] },
    aggregate_features: normal([sizes.aggregate, sizes.projected]),
    aggregate_noise: normal([sizes.draws, sizes.aggregate, sizes.latent]),
  };
}
