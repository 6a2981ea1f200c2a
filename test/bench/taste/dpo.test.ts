import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BankReply } from '../../../bench/taste/bank.js';
import {
  batchOf,
  type DpoPart,
  type DpoSettings,
  dpo,
  fitDpo,
  type OpenedPart,
  openPart,
} from '../../../bench/taste/methods/dpo.js';
import { methodNamed } from '../../../bench/taste/methods/index.js';
import { lora } from '../../../bench/taste/methods/lora.js';
import type { WritingTask } from '../../../bench/taste/methods/method.js';
import { prefixAt, pTuning } from '../../../bench/taste/methods/p-tuning.js';
import { UNTOUCHED } from '../../../bench/taste/methods/untouched.js';
import { type ServedModel, servedModel } from '../../../bench/taste/served-model.js';
import { tasteNamed } from '../../../bench/taste/sets.js';
import type { Vote } from '../../../bench/taste/votes.js';
import { DEFAULT_LIMITS } from '../../../src/common/config.js';
import { Random } from '../../../src/common/random.js';
import { openGguf } from '../../../src/language-model/gguf.js';
import { parameterFeeds } from '../../../src/learning/clap/trainer.js';
import { holdBackRepeats } from '../../../src/runtime/repetition.js';
import { WorkerRuntime } from '../../../src/runtime/runtime.js';
import type { GraphRunner } from '../../../src/runtime/session.js';
import { type TinyWeight, writeTinyModel } from '../../language-model/gguf-writer.js';
import { PlainDecoder } from '../../language-model/plain-decoder.js';
import { tinyCheckpoint } from '../../services/fixture.js';
import { logSoftmax } from '../../support/decoder-session.js';

const PROMPTS = ['Why do we yawn?', 'Tell me about owls.', 'How do clouds stay up?'];
const settings: DpoSettings = { beta: 0.5, learningRate: 0.03, epochs: 4 };
const member = { seed: 'somebody', taste: tasteNamed('short') };

let folder: string;
let model: ServedModel;
let weights: Map<string, TinyWeight>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-dpo-'));
  const path = join(folder, 'tiny.gguf');
  ({ weights } = await writeTinyModel(path, { seed: 5, hidden: 64, heads: 4, kvHeads: 2, feedForward: 96 }));
  model = await modelIn(folder);
});
afterAll(async () => {
  await model.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Over the tiny model, with what it keeps in a folder. */
async function modelIn(cacheFolder: string): Promise<ServedModel> {
  const file = await openGguf(join(folder, 'tiny.gguf'));
  const workplace = { cacheFolder, slots: 4, threads: 1 };
  const runtime = new WorkerRuntime({ modelPath: file.path, adapter: null, ...workplace });
  await runtime.start();
  return servedModel(file, tinyCheckpoint(), runtime, workplace);
}

/** Three candidates a vote, of different lengths; the chosen one is somewhere among them. */
const votes = PROMPTS.map((prompt, i): Vote => {
  const random = new Random(`votes/${i}`);
  const tokens = [4, 7, 5].map((length) => Array.from({ length }, () => 3 + random.integer(200)));
  return { prompt, candidates: tokens.map((ids) => replyOf(prompt, ids)), chosen: i, slipped: false };
});

function replyOf(prompt: string, tokens: number[]): BankReply {
  const posterior = { mean: new Float32Array(4), logVariance: new Float32Array(4) };
  return {
    prompt,
    text: '',
    ended: false,
    tokens,
    nll: 0,
    scored: tokens.length,
    white: new Float32Array(4),
    posterior,
  };
}

type AnyPart = DpoPart<string>;
const PARTS = [
  ['LoRA', lora as AnyPart],
  ['P-Tuning', pTuning as AnyPart],
] as const;

describe.each(PARTS)('DPO with %s', (_, part) => {
  it('has the gradients that finite differences of its loss show', async () => {
    const opened = await openPart(part, model);
    const shapes = part.shapes(model.file.config);
    const parameters = await somewhere(opened);
    const { feeds } = await batchOf(opened, votes[0], 0.5);
    const run = (values: typeof parameters) => opened.step.run({ ...feeds, ...parameterFeeds(values, shapes) });
    const out = await run(parameters);
    const random = new Random('places');
    for (const [name, values] of Object.entries(parameters)) {
      const gradient = out[`d_${name}`];
      const scale = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / gradient.length);
      expect(scale, name).toBeGreaterThan(0);
      for (let trial = 0; trial < 6; trial++) {
        const at = random.integer(values.length);
        const moved = (by: number) => ({
          ...parameters,
          [name]: values.map((value, i) => (i === at ? value + by : value)),
        });
        const [above, below] = [await run(moved(0.02)), await run(moved(-0.02))];
        const slope = (above.loss[0] - below.loss[0]) / 0.04;
        expect(Math.abs(slope - gradient[at]), `${name}[${at}]: ${slope}, ${gradient[at]}`).toBeLessThan(
          0.05 * (scale + Math.abs(slope)) + 2e-3,
        );
      }
    }
  });

  it('scores replies as a plain decoder does that is changed in the same way', async () => {
    const opened = await openPart(part, model);
    const parameters = await somewhere(opened);
    const batch = await batchOf(opened, votes[1], 0.5);
    const shapes = part.shapes(model.file.config);
    const { log_likelihoods: scored } = await opened.step.run({
      ...batch.feeds,
      ...parameterFeeds(parameters, shapes),
    });
    const promptIds = idsOf(votes[1].prompt);
    rowsOf(votes[1]).forEach((tokens, row) => {
      expect(scored[row]).toBeCloseTo(plainLikelihood(plainBehind(part, parameters, promptIds), promptIds, tokens), 2);
    });
    const reference = batch.feeds.reference.data as Float32Array;
    rowsOf(votes[1]).forEach((tokens, row) => {
      expect(reference[row]).toBeCloseTo(plainLikelihood(untouchedBehind(promptIds), promptIds, tokens), 2);
    });
  });

  it('lowers the loss, and makes chosen replies likelier than rejected ones, against the untouched model', async () => {
    const opened = await openPart(part, model);
    const { parameters, steps } = await fitDpo(opened, settings, votes, 'learns');
    expect(steps).toHaveLength(settings.epochs * votes.length);
    const before = await told(opened, await part.start(opened.reader, model.file, new Random('learns/dpo/start')));
    const after = await told(opened, parameters);
    expect(after.loss).toBeLessThan(0.6 * before.loss);
    for (const margin of after.margins) expect(margin).toBeGreaterThan(0);
  });

  it('gives the same bytes for the same seed, when it is interrupted too', async () => {
    const whole = await fitDpo(await elsewhere(part, 'whole'), settings, votes, 'again');
    const opened = await elsewhere(part, 'parts');
    let left = 11;
    const run: GraphRunner['run'] = (feeds) => (left-- > 0 ? opened.step.run(feeds) : fail());
    await expect(fitDpo({ ...opened, step: { run } }, settings, votes, 'again')).rejects.toThrow('killed');
    const parts = await fitDpo(opened, settings, votes, 'again');
    expect(parts.parameters).toEqual(whole.parameters);
    expect(parts.steps.map(({ loss }) => loss)).toEqual(whole.steps.map(({ loss }) => loss));
    // What was kept is the fit: nothing is computed again.
    expect(await fitDpo({ ...opened, step: { run: fail } }, settings, votes, 'again')).toEqual(parts);
    expect((await fitDpo(opened, settings, votes, 'another')).parameters).not.toEqual(whole.parameters);
  });

  it('is the untouched model without a vote or a pass over them', async () => {
    expect(await dpo(part, settings).fit([], member, model)).toBe(UNTOUCHED);
    expect(await dpo(part, { ...settings, epochs: 0 }).fit(votes, member, model)).toBe(UNTOUCHED);
    await expect(async () => dpo(part, settings).fit(votes, member)).rejects.toThrow('no opinion');
  });

  it('writes what its own likelihoods put first', async () => {
    const policy = await dpo(part, settings).fit(votes, member, model);
    expect(policy.seconds).toBeGreaterThan(0);
    const opened = await openPart(part, model);
    const { parameters } = await fitDpo(opened, settings, votes, member.seed);
    const [reply] = await policy.write({ ...task, greedy: true });
    const [bare] = await UNTOUCHED.write({ ...task, greedy: true });
    expect(reply.tokens).not.toEqual(bare.tokens);
    const promptIds = idsOf(task.prompt);
    const plain = plainBehind(part, parameters, promptIds);
    let last = promptIds[promptIds.length - 1];
    for (const [i, token] of reply.tokens.entries()) {
      const logits = Float32Array.from(plain.read(last).logits);
      holdBackRepeats(logits, reply.tokens.slice(0, i), DEFAULT_LIMITS.dryMultiplierDefault);
      const likelihoods = logSoftmax(logits);
      // The serving graphs round their inputs to 8 bit.
      expect(likelihoods[token]).toBeGreaterThan(Math.max(...likelihoods) - 0.3);
      last = token;
    }
    expect((await policy.write(task)).map(({ tokens }) => tokens)).toEqual(
      (await policy.write(task)).map(({ tokens }) => tokens),
    );
  });
});

describe('an untrained adaptation', () => {
  it('writes the untouched model’s replies, token for token', async () => {
    const opened = await openPart(lora, model);
    const start = await lora.start(opened.reader, model.file, new Random('start'));
    const write = await lora.writer(start, model, opened.open);
    const several = { ...task, seeds: [1, 2, 3, 4, 5, 6] };
    expect(await write(several)).toEqual(await UNTOUCHED.write(several));
  });
});

describe('the grid', () => {
  it('has its points as methods by name', () => {
    expect(methodNamed('DPO with LoRA r=8 (beta 0.1; rate 0.0005; epochs 6)').name).toContain('epochs 6');
    expect(methodNamed('DPO with P-Tuning (beta 0.3; rate 0.005; epochs 1)').name).toContain('P-Tuning');
  });
});

const task: WritingTask = {
  get model() {
    return model;
  },
  prompt: 'What is a hello world?',
  unsteered: [],
  seeds: [7],
  maxTokens: 10,
};

async function fail(): Promise<never> {
  throw new Error('killed');
}

/** Away from where training starts, so that every parameter has a gradient. */
async function somewhere({ part, reader }: OpenedPart<string>): Promise<Record<string, Float32Array>> {
  const start = await part.start(reader, model.file, new Random('start'));
  const random = new Random('somewhere');
  return Object.fromEntries(
    Object.entries(start).map(([name, values]) => [name, values.map((value) => value + 0.2 * random.normal())]),
  );
}

/** Mean loss of all pairs, and of each how far the chosen reply gained on the rejected one. */
async function told(opened: OpenedPart<string>, parameters: Record<string, Float32Array>) {
  const shapes = opened.part.shapes(model.file.config);
  let [loss, weight] = [0, 0];
  const margins: number[] = [];
  for (const vote of votes) {
    const batch = await batchOf(opened, vote, settings.beta);
    const out = await opened.step.run({ ...batch.feeds, ...parameterFeeds(parameters, shapes) });
    const gains = out.log_likelihoods.map((value, row) => value - (batch.feeds.reference.data as Float32Array)[row]);
    margins.push(...gains.slice(1).map((gain) => gains[0] - gain));
    loss += out.loss[0];
    weight += batch.weight;
  }
  return { loss: loss / weight, margins };
}

/** The part with a folder of its own, where nothing was fitted. */
async function elsewhere(part: AnyPart, name: string): Promise<OpenedPart<string>> {
  const cacheFolder = join(folder, `${part.name} ${name}`);
  await mkdir(cacheFolder, { recursive: true });
  return { ...(await openPart(part, model)), model: { ...model, cacheFolder } };
}

const idsOf = (prompt: string): number[] => model.file.tokenizer.encodeChat([{ role: 'user', content: prompt }]).ids;

/** The candidates' tokens in the order of a batch's rows. */
function rowsOf({ candidates, chosen }: Vote): (readonly number[])[] {
  const others = candidates.filter((_, i) => i !== chosen);
  return [candidates[chosen], ...others].map(({ tokens }) => tokens);
}

/** The plain decoder behind all of the prompt but its last token. */
function untouchedBehind(promptIds: readonly number[], of = weights): PlainDecoder {
  const plain = new PlainDecoder(model.file.config, of);
  for (const id of promptIds.slice(0, -1)) plain.read(id);
  return plain;
}

/** The same with the adaptation merged into the weights, or with the prefix behind the prompt. */
function plainBehind(
  part: AnyPart,
  parameters: Record<string, Float32Array>,
  promptIds: readonly number[],
): PlainDecoder {
  if (part.prefixLength === 0) return untouchedBehind(promptIds, merged(parameters));
  const plain = untouchedBehind(promptIds);
  const { keys, values } = parameters;
  const prefix = prefixAt(model.file.config, { keys, values }, plain.length);
  const { kvHeads, headSize } = model.file.config;
  for (let i = 0; i < prefix.length; i++) {
    const sideBySide = (array: Float32Array) =>
      Float64Array.from({ length: kvHeads * headSize }, (_, j) => {
        return array[(Math.floor(j / headSize) * prefix.length + i) * headSize + (j % headSize)];
      });
    prefix.keys.forEach((array, layer) => plain.keys[layer].push(sideBySide(array)));
    prefix.values.forEach((array, layer) => plain.values[layer].push(sideBySide(array)));
  }
  return plain;
}

/** W + B A in the queries' and values' projections. */
function merged({ a, b_query, b_value }: Record<string, Float32Array>): Map<string, TinyWeight> {
  const { hidden, layers } = model.file.config;
  const out = new Map(weights);
  for (let layer = 0; layer < layers; layer++) {
    [b_query, b_value].forEach((b, half) => {
      const name = `blk.${layer}.attn_${'qv'[half]}.weight`;
      const weight = weights.get(name) as TinyWeight;
      const values = weight.values.map((value, at) => {
        const [row, column] = [Math.floor(at / hidden), at % hidden];
        let sum = value;
        for (let r = 0; r < 8; r++) {
          sum += b[(layer * weight.rows + row) * 8 + r] * a[(layer * 16 + half * 8 + r) * hidden + column];
        }
        return sum;
      });
      out.set(name, { ...weight, values });
    });
  }
  return out;
}

function plainLikelihood(plain: PlainDecoder, promptIds: readonly number[], tokens: readonly number[]): number {
  let [sum, last] = [0, promptIds[promptIds.length - 1]];
  for (const token of tokens) {
    sum += logSoftmax(plain.read(last).logits)[token];
    last = token;
  }
  return sum;
}
