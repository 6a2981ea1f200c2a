/** GGUF files: what is read is what was written, and what cannot be served is refused by name. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { appendFile, chmod, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../src/language-model/catalogue.js';
import { openGguf, openTokenizer } from '../../src/language-model/gguf.js';
import { BLOCK_LAYOUTS, dequantize, type WeightFormat } from '../../src/language-model/quantization.js';
import { defaultModelPath } from '../support/model.js';
import {
  Float,
  type MetadataEntry,
  type TinyModelOptions,
  tinyTokenizer,
  writeGguf,
  writeTinyModel,
} from './gguf-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'palate-gguf-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A user without rights. */
const NOBODY = 65_534;

const golden = JSON.parse(readFileSync(new URL('../golden/smollm2-135m-q4_1.json', import.meta.url), 'utf8'));

let files = 0;
const newPath = () => join(folder, `${files++}.gguf`);

/** One head of 64 in one layer, unless told: quick to write. */
async function tinyModel(options: TinyModelOptions = {}) {
  const shape = { layers: 1, hidden: 64, heads: 1, kvHeads: 1, feedForward: 64 };
  return writeTinyModel(newPath(), { ...shape, ...options });
}

const manyTokens = {
  'tokenizer.ggml.tokens': Array.from({ length: 1000 }, (_, id) => `t${id}`),
  'tokenizer.ggml.token_type': undefined,
  'tokenizer.ggml.merges': undefined,
};

const TINY = tinyTokenizer();
const types = TINY['tokenizer.ggml.token_type'] as number[];
const merges = TINY['tokenizer.ggml.merges'] as string[];
/** The same vocabulary as one with scores; bytes and merges stand in it as texts. */
const scored = (scores: Float32Array, more: Record<string, MetadataEntry> = {}) => ({
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.scores': scores,
  ...more,
});

describe('openGguf', () => {
  it.each(Object.keys(BLOCK_LAYOUTS) as WeightFormat[])('reads every tensor of a model in %s', async (format) => {
    const shape = { hidden: 256, heads: 4, kvHeads: 2, feedForward: 256 };
    const { path, weights } = await tinyModel({ format, seed: format, tied: format !== 'Q8_0', ...shape });
    const model = await openGguf(path);
    expect(model.has('output.weight')).toBe(format === 'Q8_0');
    for (const [name, { rows, columns, values, format: stored }] of weights) {
      const tensor = model.tensor(name);
      expect(tensor).toMatchObject({ name, rows, columns, format: stored });
      expect(sameBytes(dequantize(tensor), values)).toBe(true);
    }
  });

  it('reads the configuration, the digest and the tokenizer', async () => {
    const { path } = await tinyModel({ hidden: 256, heads: 4, kvHeads: 2, layers: 3, feedForward: 512 });
    const model = await openGguf(path);
    expect(model.config).toEqual({
      architecture: 'llama',
      name: 'Tiny',
      layers: 3,
      hidden: 256,
      heads: 4,
      kvHeads: 2,
      headSize: 64,
      feedForward: 512,
      vocabulary: model.tokenizer.vocabularySize,
      ropeTheta: 10000,
      normEpsilon: Math.fround(1e-5),
      contextLength: 512,
      ropeDimensions: 64,
    });
    expect(model.digest).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
    expect(model.tokenizer.decode(model.tokenizer.encode('hello world'))).toBe('hello world');
  });

  it('reads the default model as the other implementation does', async () => {
    const model = await openGguf(await defaultModelPath());
    const { layers, hidden, heads, kv_heads, ffn, vocab, rope_theta, eps, tied } = golden.config;
    expect(model.digest).toBe(DEFAULT_MODEL.digest);
    expect(model.config).toMatchObject({
      layers,
      hidden,
      heads,
      kvHeads: kv_heads,
      feedForward: ffn,
      vocabulary: vocab,
    });
    expect(model.config).toMatchObject({ ropeTheta: rope_theta.rope_theta, normEpsilon: eps });
    expect(model.has('output.weight')).toBe(!tied);
  });

  it.each<[name: string, options: TinyModelOptions, message: RegExp]>([
    ['another architecture', { metadata: { 'general.architecture': 'qwen2' } }, /architecture qwen2/],
    [
      'an architecture without an end',
      { metadata: { 'general.architecture': 'x'.repeat(100_000) } },
      /x{500,600}…\. Use/,
    ],
    ['a tensor without numbers', { tensors: [{ ...vector('token_embd.weight', 0), shape: [] }] }, /impossible shape/],
    [
      'an architecture of control characters',
      { metadata: { 'general.architecture': 'a\u001b[2J\u202eb' } },
      /architecture a \[2J b;/,
    ],
    ['no heads', { metadata: { 'llama.attention.head_count': 0 } }, /0 as its number of heads/],
    ['rotary scaling', { metadata: { 'llama.rope.scaling.type': 'yarn' } }, /rope\.scaling\.type = yarn/],
    ['experts', { metadata: { 'llama.expert_count': 8 } }, /expert_count = 8/],
    ['one part of several', { metadata: { 'split.count': 2 } }, /one part of several/],
    ['heads of different kinds', { metadata: { 'llama.attention.value_length': 32 } }, /attention heads/],
    ['partial rotation', { metadata: { 'llama.rope.dimension_count': 32 } }, /rotates 32 of 64/],
    ['no layer count', { metadata: { 'llama.block_count': undefined } }, /does not say llama\.block_count/],
    ['a text for a number', { metadata: { 'llama.block_count': 'two' } }, /not one number/],
    ['more layers than tensors', { metadata: { 'llama.block_count': 2_000_000_000 } }, /too few tensors/],
    ['an impossible epsilon', { metadata: { 'llama.attention.layer_norm_rms_epsilon': new Float(0) } }, /epsilon/],
    ['more tokens than embeddings', { metadata: manyTokens }, /1000 tokens but embeds/],
    ['a missing tensor', { without: ['blk.0.ffn_up.weight'] }, /no tensor blk\.0\.ffn_up\.weight/],
    ['no embedding', { without: ['token_embd.weight'] }, /no tensor token_embd\.weight/],
    ['a bias', { tensors: [vector('blk.0.attn_q.bias', 64)] }, /blk\.0\.attn_q\.bias, a bias/],
    ['frequency factors', { tensors: [vector('rope_freqs.weight', 32)] }, /rope_freqs\.weight, a rotary scaling/],
    ['a wrong shape', { tensors: [vector('output_norm.weight', 32)] }, /shape 1 x 32 instead of 1 x 64/],
    ['an unsupported format', { tensors: [q5('blk.0.ffn_up.weight')] }, /format Q5_0.*formats F32, F16/],
    ['another kind of tokenizer', { metadata: { 'tokenizer.ggml.model': 'bert' } }, /kind bert/],
    ['unknown pre-tokenizer', { metadata: { 'tokenizer.ggml.pre': 'tekken' } }, /rules of tekken/],
    [
      'a context beyond all models',
      { metadata: { 'llama.context_length': 2 ** 31 } },
      /2147483648 as its number of context/,
    ],
    ['a negative context', { metadata: { 'llama.context_length': -5 } }, /as its number of context/],
    [
      'a context that is no whole number',
      { metadata: { 'llama.context_length': new Float(100.5) } },
      /100\.5 as its number/,
    ],
    [
      'an infinite rotary base',
      { metadata: { 'llama.rope.freq_base': new Float(Infinity) } },
      /freq_base that is not one number/,
    ],
    ['an infinite epsilon', { metadata: { 'llama.attention.layer_norm_rms_epsilon': new Float(Infinity) } }, /epsilon/],
    ['an epsilon of NaN', { metadata: { 'llama.attention.layer_norm_rms_epsilon': new Float(NaN) } }, /epsilon/],
    [
      'an end token out of range',
      { metadata: { 'tokenizer.ggml.eos_token_id': 288 } },
      /eos_token_id that is not one of its 288/,
    ],
    [
      'a start token out of range',
      { metadata: { 'tokenizer.ggml.bos_token_id': -7 } },
      /bos_token_id that is not one of its/,
    ],
    [
      'a merge to what is no token',
      { metadata: { 'tokenizer.ggml.merges': [...merges, 'hell us'] } },
      /merge "hell us"/,
    ],
    ['a merge of what is no token', { metadata: { 'tokenizer.ggml.merges': ['xy z'] } }, /merge "xy z"/],
    ['a merge of one token', { metadata: { 'tokenizer.ggml.merges': ['he'] } }, /merge "he"/],
    [
      'too few types',
      { metadata: { 'tokenizer.ggml.token_type': types.slice(1) } },
      /token_type that is not a known type/,
    ],
    [
      'an unknown type',
      { metadata: { 'tokenizer.ggml.token_type': types.with(9, 77) } },
      /token_type that is not a known/,
    ],
    ['a byte without a name', { metadata: { 'tokenizer.ggml.token_type': types.with(9, 6) } }, /a byte's token/],
    ['too few scores', { metadata: scored(new Float32Array(5)) }, /scores that is not a score for each of its 288/],
    [
      'a score of NaN',
      { metadata: scored(new Float32Array(288).fill(NaN)) },
      /scores that is not a list of finite numbers/,
    ],
    ['a template of white space', { metadata: { 'tokenizer.chat_template': ' \n' } }, /chat template.*leaves out/],
    [
      'a template with an unknown filter',
      { metadata: { 'tokenizer.chat_template': '{{ messages | shout }}' } },
      /shout/,
    ],
    ['a broken chat template', { metadata: { 'tokenizer.chat_template': '{% for %}' } }, /chat template/],
  ])('refuses a model with %s', async (_, options, message) => {
    const { path } = await tinyModel(options);
    await expect(openGguf(path)).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringMatching(message),
    });
  });

  it('refuses tensors that lie where none can, twice or in each other', async () => {
    const { path } = await tinyModel();
    const whole = readFileSync(path);
    const refusal = async (spoil: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(whole);
      spoil(bytes);
      await writeFile(path, bytes);
      return openGguf(path).catch(({ code, message }) => `${code} ${message}`);
    };
    const move = (name: string, by: bigint) => (bytes: Buffer) => {
      const dimensions = bytes.indexOf(name) + name.length;
      const offset = dimensions + 4 + 8 * bytes.readUInt32LE(dimensions) + 4;
      bytes.writeBigUInt64LE(bytes.readBigUInt64LE(offset) + by, offset);
    };
    expect(await refusal(move('blk.0.attn_k.weight', 1n))).toMatch(
      /UNAVAILABLE.*attn_k\.weight at an impossible place/,
    );
    expect(await refusal(move('blk.0.attn_k.weight', 32n))).toMatch(/UNAVAILABLE.* within /);
    expect(await refusal((bytes) => bytes.write('q', bytes.indexOf('blk.0.attn_k') + 11))).toMatch(
      /two tensors.*attn_q/,
    );
  });

  it.each(Object.keys(BLOCK_LAYOUTS) as WeightFormat[])(
    'does not hand out weights in %s that are no numbers',
    async (format) => {
      const shape = { hidden: 256, heads: 4, kvHeads: 2, feedForward: 256 };
      const { path } = await tinyModel({ format, ...shape });
      const whole = readFileSync(path);
      const { bytes } = (await openGguf(path)).tensor('blk.0.ffn_down.weight');
      const start = whole.indexOf(bytes);
      const last = BLOCK_LAYOUTS[format].halves.at(-1);
      const bad =
        format === 'F32'
          ? [
              [0, 0, 0xc0, 0x7f],
              [0, 0, 0x80, 0xff],
              [0xff, 0xff, 0x7f, 0x7f],
            ]
          : [
              [0, 0x7e],
              [0, 0x7c],
              [0, 0xfc],
            ];
      for (const number of bad) {
        const spoiled = Buffer.from(whole);
        spoiled.set(number, start + 3 * BLOCK_LAYOUTS[format].bytes + (last ?? 0));
        await writeFile(path, spoiled);
        const model = await openGguf(path);
        expect(() => model.tensor('blk.0.ffn_down.weight')).toThrow(/ffn_down\.weight that are not finite/);
      }
    },
  );

  it('shows a name without what cannot be shown, and never an empty one', async () => {
    const named = async (name: string) =>
      (await openGguf((await tinyModel({ metadata: { 'general.name': name } })).path)).config.name;
    expect(await named('A\0 model\u202e of\n old')).toBe('A  model  of  old');
    expect(await named('\0')).toBe('unnamed');
    expect([...(await named('🦉'.repeat(1000)))].length).toBe(120);
  });

  it('serves no more positions than their tables can be had for', async () => {
    const { path } = await tinyModel({ metadata: { 'llama.context_length': 1_000_000 } });
    expect((await openGguf(path)).config.contextLength).toBe(131_072);
    const none = await tinyModel({ metadata: { 'llama.attention.sliding_window': 0 } });
    expect((await openGguf(none.path)).config.contextLength).toBe(512);
  });

  it('accepts ids of tokens that say there is none', async () => {
    const { path } = await tinyModel({ metadata: { 'tokenizer.ggml.eot_token_id': -1 } });
    expect([...(await openGguf(path)).tokenizer.stopTokens].sort()).toEqual([0, 2]);
  });

  it('accepts scaling that scales nothing', async () => {
    const neutral = { 'llama.rope.scaling.type': 'none', 'llama.rope.scaling.factor': new Float(1) };
    const { path } = await tinyModel({ metadata: { ...neutral, 'llama.expert_count': 0 } });
    expect((await openGguf(path)).config.layers).toBe(1);
  });

  it.each([0, 3, 20, 1000, 5000, 100_000])('refuses a file that ends after %i bytes', async (length) => {
    const { path } = await tinyModel();
    await truncate(path, length);
    const error = { code: 'MODEL_UNAVAILABLE', message: expect.stringMatching(/etch it again/) };
    await expect(openGguf(path)).rejects.toMatchObject(error);
  });

  it('refuses other files, folders and paths that lead nowhere', async () => {
    const path = newPath();
    await writeFile(path, 'a text, '.repeat(100));
    const refused = (what: RegExp) => ({ code: 'MODEL_UNAVAILABLE', message: expect.stringMatching(what) });
    await expect(openGguf(path)).rejects.toMatchObject(refused(/not a GGUF file/));
    await expect(openGguf(folder)).rejects.toMatchObject(refused(/not a file.*PALATE_MODEL/));
    await expect(openGguf(join(folder, 'none.gguf'))).rejects.toMatchObject(refused(/cannot be read.*PALATE_MODEL/));
  });

  it.skipIf(process.platform === 'win32')('says which file it may not read', async () => {
    const { path } = await tinyModel();
    const opened = await openGguf(path);
    await chmod(folder, 0o755);
    await chmod(path, 0);
    const unreadable = {
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringMatching(/cannot be read \(EACCES.*permissions/),
    };
    // The administrator may read everything.
    const administrator = process.geteuid?.() === 0;
    if (administrator) process.seteuid?.(NOBODY);
    try {
      await expect(openGguf(path)).rejects.toMatchObject(unreadable);
      await expect(openTokenizer(path)).rejects.toMatchObject(unreadable);
      expect(() => opened.tensor('output_norm.weight')).toThrow(expect.objectContaining(unreadable));
    } finally {
      if (administrator) process.seteuid?.(0);
    }
  });

  it('takes the window of sliding attention for the context', async () => {
    const { path } = await tinyModel({ metadata: { 'llama.attention.sliding_window': 256 } });
    expect((await openGguf(path)).config.contextLength).toBe(256);
  });

  it('meets damage anywhere in the header with a typed error or not at all', async () => {
    const { path } = await tinyModel();
    const whole = readFileSync(path);
    const damaged = newPath();
    const damage = fc.array(fc.tuple(fc.nat(12_000), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [position, value] of changes) bytes[position] = value;
        await writeFile(damaged, bytes);
        const code = await openGguf(damaged).then(
          () => 'MODEL_UNAVAILABLE',
          (error) => error.code,
        );
        expect(code).toBe('MODEL_UNAVAILABLE');
      }),
      { numRuns: 60 },
    );
  });

  it('does not read weights of a file that was changed since', async () => {
    const { path } = await tinyModel();
    const model = await openGguf(path);
    await appendFile(path, 'x');
    expect(() => model.tensor('output_norm.weight')).toThrow(/has changed since it was opened/);
  });

  it('refuses a GGUF file without a model', async () => {
    const path = newPath();
    await writeGguf(path, { 'general.architecture': 'llama' }, []);
    await expect(openGguf(path)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });
});

function sameBytes(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

function vector(name: string, length: number) {
  return { name, shape: [length], type: 'F32' as const, bytes: new Uint8Array(4 * length) };
}

function q5(name: string) {
  return { name, shape: [64, 64], type: 'Q5_0' as const, bytes: new Uint8Array(64 * 2 * 22) };
}
