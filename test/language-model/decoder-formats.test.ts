/** The decoder in every weight format and head layout: tiny random models against a plain decoder in loops over numbers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { openGguf } from '../../src/language-model/gguf.js';
import type { Precision } from '../../src/language-model/graphs/linear.js';
import { buildInspectGraph } from '../../src/language-model/graphs/serving.js';
import { BLOCK_LAYOUTS, type WeightFormat } from '../../src/language-model/quantization.js';
import { argmax, openDecoder, rowOf, runText } from '../support/decoder-session.js';
import { type TensorToWrite, type TinyModelOptions, type TinyWeight, writeTinyModel } from './gguf-writer.js';
import { PlainDecoder } from './plain-decoder.js';
import { randomBlocks } from './random-blocks.js';

const FORMATS = Object.keys(BLOCK_LAYOUTS) as WeightFormat[];
const TOKENS = 12;

/** Relative errors of logits; measured: 1e-6 in float32, at most 0.017 with kept codes and 0.028 with 8-bit ones. */
const EXACT = 1e-5;
const KEPT = 0.025;
const ROUNDED = 0.04;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-formats-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Root mean square of the differences, as a share of the root mean square of what is expected. */
function relativeError(actual: Float32Array, expected: Float64Array): number {
  const square = (values: Iterable<number>) => Array.from(values).reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(square(actual.map((value, i) => value - expected[i])) / square(expected));
}

/** The greatest relative errors of the hidden states and the logits over a random text, and how often the first choice is the same. */
async function compare(name: string, options: TinyModelOptions, precision: Precision, replace?: Replacement[]) {
  const replaced = (replace ?? []).map((replacement) => tensorInstead(replacement));
  const path = join(folder, `${name}.gguf`);
  const { weights } = await writeTinyModel(path, { ...options, tensors: replaced.map(({ tensor }) => tensor) });
  for (const { tensor, weight } of replaced) weights.set(tensor.name, weight);
  const file = await openGguf(path);
  const target = join(folder, `${name}-${precision}`);
  const session = await openDecoder(file, buildInspectGraph, precision, target);
  const plain = new PlainDecoder(file.config, weights);
  const random = new Random(name);
  const ids = Array.from({ length: TOKENS }, () => random.integer(file.config.vocabulary));
  const out = await runText(session, file, ids);
  await session.close();
  const worst = { hidden: 0, logits: 0, same: 0 };
  ids.forEach((id, position) => {
    const { hidden, logits } = plain.read(id);
    hidden.forEach((expected, layer) => {
      const actual = rowOf(out[`hidden_${layer}`], position, file.config.hidden);
      worst.hidden = Math.max(worst.hidden, relativeError(actual, expected));
    });
    const actual = rowOf(out.logits, position, file.config.vocabulary);
    worst.logits = Math.max(worst.logits, relativeError(actual, logits));
    if (argmax(actual) === argmax(logits)) worst.same += 1 / ids.length;
  });
  return worst;
}

interface Replacement {
  name: string;
  rows: number;
  columns: number;
  format: WeightFormat;
}

/** A random matrix in a format of its own. */
function tensorInstead({ name, rows, columns, format }: Replacement): { tensor: TensorToWrite; weight: TinyWeight } {
  const { bytes, values } = randomBlocks(format, rows * columns, new Random(name), columns ** -0.5);
  return {
    tensor: { name, shape: [columns, rows], type: format, bytes },
    weight: { rows, columns, format, values },
  };
}

describe.each(FORMATS)('weights in %s', (format) => {
  it('give the float32 graph the hidden states and logits of the plain decoder', async () => {
    const worst = await compare(`${format}-exact`, { format, seed: format }, 'float32');
    expect(worst.hidden).toBeLessThan(EXACT);
    expect(worst.logits).toBeLessThan(EXACT);
  });

  it('cost the packed graph little', async () => {
    const worst = await compare(`${format}-packed`, { format, seed: format, tied: false }, 'packed');
    const kept = ['Q4_0', 'Q4_1', 'Q4_K', 'Q8_0'].includes(format);
    expect(worst.hidden).toBeLessThan(kept ? KEPT : ROUNDED);
    expect(worst.logits).toBeLessThan(kept ? KEPT : ROUNDED);
    expect(worst.same).toBeGreaterThan(0.8);
  });
});

describe('a file of several formats', () => {
  const layer = (part: string) => `blk.0.${part}.weight`;

  it.each([
    ['4-bit formats with and without minima', 'Q4_0', 'Q4_1'],
    ['4-bit and 6-bit ones, as mixtures of K-quants are', 'Q4_K', 'Q6_K'],
    ['whole and 4-bit ones', 'F16', 'Q4_0'],
  ] as const)('packs products of %s', async (_, format, other) => {
    const replace: Replacement[] = [
      { name: layer('attn_v'), rows: 128, columns: 256, format: other },
      { name: layer('ffn_up'), rows: 512, columns: 256, format: other },
      { name: layer('ffn_down'), rows: 256, columns: 512, format: other },
    ];
    const name = `${format}-${other}`;
    expect((await compare(name, { format, seed: 7 }, 'float32', replace)).logits).toBeLessThan(EXACT);
    expect((await compare(name, { format, seed: 7 }, 'packed', replace)).logits).toBeLessThan(ROUNDED);
  });
});

describe.each([
  ['one key head for each query head', { heads: 4, kvHeads: 4 }],
  ['one key head for all', { heads: 4, kvHeads: 1 }],
  ['groups of three, odd sizes', { hidden: 192, heads: 6, kvHeads: 2, layers: 3, feedForward: 172 }],
  ['other frequencies, epsilon and an output matrix', { tied: false, metadata: { 'llama.rope.freq_base': undefined } }],
] satisfies [string, TinyModelOptions][])('a model with %s', (title, options) => {
  it.each(['float32', 'packed'] as const)('is computed in %s', async (precision) => {
    const worst = await compare(title, { format: 'F32', ...options }, precision);
    expect(worst.logits).toBeLessThan(precision === 'float32' ? EXACT : ROUNDED);
  });
});
