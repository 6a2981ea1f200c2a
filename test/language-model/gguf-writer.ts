/** Writes GGUF files: any metadata and tensors, and a tiny random Llama model with a small byte-level vocabulary. */
import { writeFile } from 'node:fs/promises';
import { Random } from '../../src/common/random.js';
import type { WeightFormat } from '../../src/language-model/quantization.js';
import { BYTE_CHARACTERS } from '../../src/language-model/vocabulary.js';
import { type RandomBlocks, randomBlocks } from './random-blocks.js';

/** ggml's numbers of the formats; Q5_0 is here to be refused. */
const TYPE_NUMBERS = { F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q5_0: 6, Q8_0: 8, Q4_K: 12, Q6_K: 14 } as const;

const ALIGNMENT = 32;

/** A whole number is written as uint32, a Float as float32, a list of whole numbers as int32, Float32Array as floats. */
export type MetadataEntry = number | Float | string | boolean | string[] | number[] | Float32Array;

export class Float {
  constructor(readonly value: number) {}
}

export interface TensorToWrite {
  name: string;
  /** Innermost first: columns, rows. */
  shape: number[];
  type: keyof typeof TYPE_NUMBERS;
  bytes: Uint8Array;
}

export async function writeGguf(path: string, metadata: Record<string, MetadataEntry>, tensors: TensorToWrite[]) {
  await writeFile(path, ggufBytes(metadata, tensors));
}

export function ggufBytes(metadata: Record<string, MetadataEntry>, tensors: TensorToWrite[]): Buffer {
  const entries = Object.entries(metadata);
  const header = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(entries.length)];
  for (const [key, value] of entries) header.push(text(key), ...metadataValue(value));
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    header.push(text(name), uint32(shape.length), ...shape.map(uint64), uint32(TYPE_NUMBERS[type]), uint64(offset));
    const padded = pad(Buffer.from(bytes));
    data.push(padded);
    offset += padded.length;
  }
  return Buffer.concat([pad(Buffer.concat(header)), ...data]);
}

function metadataValue(value: MetadataEntry): Buffer[] {
  if (typeof value === 'number') return [uint32(4), uint32(value)];
  if (typeof value === 'boolean') return [uint32(7), Buffer.from([value ? 1 : 0])];
  if (typeof value === 'string') return [uint32(8), text(value)];
  if (value instanceof Float) return [uint32(6), float32(value.value)];
  const start = (type: number) => [uint32(9), uint32(type), uint64(value.length)];
  if (value instanceof Float32Array) return [...start(6), ...Array.from(value, float32)];
  if (typeof value[0] === 'string') return [...start(8), ...(value as string[]).map(text)];
  return [...start(5), ...(value as number[]).map(uint32)];
}

function uint32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeInt32LE(value | 0);
  return out;
}

function uint64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}

function float32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeFloatLE(value);
  return out;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)]);
}

const SPECIAL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

const MERGES = [
  ...['h e', 't he', 'Ġ the', 'Ġ a', 'i n', 'o n', 'e r', 'r e', 'Ġ w', 'o r', 'l d', 'Ġw or', 'Ġwor ld', 'l l'],
  ...['he ll', 'hell o', 'H e', 'He ll', 'Hell o', 'u s', 'us er', 'a s', 's i', 'as si', 'assi s', 't an', 'a n'],
  ...['Ċ Ċ', 'Ġ Ġ'],
];

export const CHAT_TEMPLATE = [
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}",
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
].join('');

/** Metadata of a tokenizer with 3 special tokens, the 256 bytes and some merges. */
export function tinyTokenizer(): Record<string, MetadataEntry> {
  const tokens = [...SPECIAL_TOKENS, ...BYTE_CHARACTERS, ...MERGES.map((merge) => merge.replace(' ', ''))];
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((_, id) => (id < SPECIAL_TOKENS.length ? 3 : 1)),
    'tokenizer.ggml.merges': MERGES,
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.add_bos_token': false,
    'tokenizer.chat_template': CHAT_TEMPLATE,
  };
}

export interface TinyModelOptions {
  seed?: number | string;
  format?: WeightFormat;
  layers?: number;
  hidden?: number;
  heads?: number;
  kvHeads?: number;
  feedForward?: number;
  /** Without an output matrix of its own the embedding is used; true unless told. */
  tied?: boolean;
  /** Added to the metadata, or taken out of it where undefined. */
  metadata?: Record<string, MetadataEntry | undefined>;
  /** Tensors to leave out. */
  without?: string[];
  /** Tensors to add, or to write instead of those of the same name. */
  tensors?: TensorToWrite[];
}

export interface TinyWeight {
  rows: number;
  columns: number;
  format: WeightFormat;
  /** float32, row-major; rows of queries and keys in the order of rotate-half. */
  values: Float32Array;
}

export interface TinyModel {
  path: string;
  weights: Map<string, TinyWeight>;
}

/** Writes a random Llama model. Its norms are float32, all matrices have the one format. */
export async function writeTinyModel(path: string, options: TinyModelOptions = {}): Promise<TinyModel> {
  const { hidden = 256, heads = 4, kvHeads = 2, layers = 2, feedForward = 512, tied = true } = options;
  const { format = 'F32', seed = 1 } = options;
  const random = new Random(seed);
  const tokenizer = tinyTokenizer();
  const vocabulary = (tokenizer['tokenizer.ggml.tokens'] as string[]).length;
  const headSize = hidden / heads;
  const weights = new Map<string, TinyWeight>();
  const tensors: TensorToWrite[] = [];
  const add = (name: string, rows: number, columns: number, size: number, rotary = false) => {
    const type = rows === 1 ? 'F32' : format;
    const blocks = randomBlocks(type, rows * columns, random.fork(name), size);
    if (rows === 1) addOne(blocks);
    weights.set(name, { rows, columns, format: type, values: blocks.values });
    const bytes = rotary ? interleaveRows(blocks.bytes, rows, headSize) : blocks.bytes;
    tensors.push({ name, shape: rows === 1 ? [columns] : [columns, rows], type, bytes });
  };
  add('token_embd.weight', vocabulary, hidden, 0.5);
  add('output_norm.weight', 1, hidden, 0.1);
  if (!tied) add('output.weight', vocabulary, hidden, hidden ** -0.5);
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    add(name('attn_norm'), 1, hidden, 0.1);
    add(name('attn_q'), hidden, hidden, hidden ** -0.5, true);
    add(name('attn_k'), kvHeads * headSize, hidden, hidden ** -0.5, true);
    add(name('attn_v'), kvHeads * headSize, hidden, hidden ** -0.5);
    add(name('attn_output'), hidden, hidden, hidden ** -0.5);
    add(name('ffn_norm'), 1, hidden, 0.1);
    add(name('ffn_gate'), feedForward, hidden, hidden ** -0.5);
    add(name('ffn_up'), feedForward, hidden, hidden ** -0.5);
    add(name('ffn_down'), hidden, feedForward, feedForward ** -0.5);
  }
  const shape = { hidden, heads, kvHeads, layers, feedForward };
  const metadata = { ...architectureMetadata(shape), ...tokenizer, ...options.metadata };
  const replaced = new Set([...(options.without ?? []), ...(options.tensors ?? []).map(({ name }) => name)]);
  const written = [...tensors.filter(({ name }) => !replaced.has(name)), ...(options.tensors ?? [])];
  await writeGguf(path, defined(metadata), written);
  return { path, weights };
}

type Shape = Required<Pick<TinyModelOptions, 'hidden' | 'heads' | 'kvHeads' | 'layers' | 'feedForward'>>;

function architectureMetadata({ hidden, heads, kvHeads, layers, feedForward }: Shape): Record<string, MetadataEntry> {
  return {
    'general.architecture': 'llama',
    'general.name': 'Tiny',
    'llama.block_count': layers,
    'llama.context_length': 512,
    'llama.embedding_length': hidden,
    'llama.feed_forward_length': feedForward,
    'llama.attention.head_count': heads,
    'llama.attention.head_count_kv': kvHeads,
    'llama.attention.layer_norm_rms_epsilon': new Float(1e-5),
    'llama.rope.freq_base': new Float(10000),
    'llama.rope.dimension_count': hidden / heads,
  };
}

function defined(entries: Record<string, MetadataEntry | undefined>): Record<string, MetadataEntry> {
  return Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, MetadataEntry] => entry[1] !== undefined),
  );
}

/** A norm's weights lie around one. */
function addOne({ bytes, values }: RandomBlocks): void {
  values.forEach((value, i) => {
    values[i] = 1 + value;
  });
  bytes.set(new Uint8Array(values.buffer));
}

/**
 * The order in which llama.cpp's converter stores query and key rows: each head's rows seen as 2 x headSize/2,
 * transposed to headSize/2 x 2.
 */
export function interleaveRows(bytes: Uint8Array, rows: number, headSize: number): Uint8Array {
  const stride = bytes.length / rows;
  const order: number[] = [];
  for (let head = 0; head < rows / headSize; head++) {
    for (let pair = 0; pair < headSize / 2; pair++) {
      for (const part of [0, 1]) order.push(head * headSize + part * (headSize / 2) + pair);
    }
  }
  return Buffer.concat(order.map((row) => bytes.subarray(row * stride, (row + 1) * stride)));
}
