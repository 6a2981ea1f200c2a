/**
 * Opens a GGUF file of the Llama family: checks that this product's arithmetic is the model's, and hands out its weights
 * and tokenizer. What it cannot serve faithfully it refuses by name; nothing is guessed.
 * Format: the GGUF specification of ggml; tensor names and metadata keys: llama.cpp's.
 */

import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { GGMLQuantizationType, type GGUFParseOutput, gguf } from '@huggingface/gguf';
import { sha256 } from '../common/digest.js';
import { messageOf, PalateError } from '../common/errors.js';
import { catalogueName } from './catalogue.js';
import { MetadataReader, printable } from './gguf-metadata.js';
import type { LanguageModelConfig, LanguageModelFile } from './model.js';
import { BLOCK_LAYOUTS, rowBytes, soundWeights, type WeightFormat, type WeightTensor } from './quantization.js';
import { createTokenizer, type Tokenizer } from './tokenizer.js';

const SUPPORTED_FORMATS = Object.keys(BLOCK_LAYOUTS).join(', ');

/** Metadata that changes the arithmetic, with the values that leave it as it is. */
const NEUTRAL_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  'rope.scaling.type': ['none'],
  'rope.scaling.factor': [0, 1],
  'rope.scale_linear': [0, 1],
  expert_count: [0],
  'attention.clamp_kqv': [0],
  'attention.max_alibi_bias': [0],
  'attention.causal': [true],
  'attention.scale': [0],
  logit_scale: [0, 1],
  embedding_scale: [0, 1],
  residual_scale: [0, 1],
  use_parallel_residual: [false],
};

/** More positions are not served: the tables of their rotation grow with them. */
const LONGEST_CONTEXT = 131_072;
/** No model reads so much; a file that says so is damaged. */
const IMPOSSIBLE_CONTEXT = 2 ** 26;

const NAME_CHARACTERS = 120;
/** Bytes, where the file says nothing else. */
const ALIGNMENT = 32;

interface TensorEntry {
  name: string;
  rows: number;
  columns: number;
  format: WeightFormat;
  /** Byte position in the file. */
  offset: number;
}

/**
 * Opens a model file. Reads its header and computes its digest; weights are read when asked for.
 * @param path a complete, single-part, little-endian GGUF file
 * @throws PalateError MODEL_UNAVAILABLE for a missing, truncated, foreign or unsupported file
 */
export async function openGguf(path: string): Promise<LanguageModelFile> {
  const stats = await statFile(path);
  const header = await readHeader(path, stats);
  const digest = await sha256(path).catch((error) => {
    throw unreadable(path, error);
  });
  const metadata = new MetadataReader(path, { ...header.metadata });
  const entries = tensorEntries(path, header, stats.size);
  const config = readConfig(path, metadata, entries);
  checkTensors(path, config, entries);
  const tokenizer = readTokenizer(path, metadata, config);
  const find = (name: string): TensorEntry => {
    const entry = entries.get(name);
    if (!entry) throw unavailable(path, `has no tensor ${name}`, 'Use a complete model file');
    return entry;
  };
  return {
    path,
    digest,
    config: { ...config, name: catalogueName(digest) ?? config.name },
    tensor: (name) => readTensor(path, stats, find(name), config),
    has: (name) => entries.has(name),
    tokenizer,
  };
}

/**
 * The tokenizer alone, for another thread than the one that opened the file: nothing but its header is read.
 * @throws PalateError MODEL_UNAVAILABLE when the file has changed since and is none any more
 */
export async function openTokenizer(path: string): Promise<Tokenizer> {
  const { metadata } = await readHeader(path, await statFile(path));
  return createTokenizer(new MetadataReader(path, { ...metadata }));
}

async function statFile(path: string): Promise<Stats> {
  let stats: Stats;
  try {
    stats = await stat(path);
  } catch (error) {
    throw unavailable(
      path,
      `cannot be read (${messageOf(error)})`,
      'Check the path that --model or PALATE_MODEL names',
      error,
    );
  }
  if (!stats.isFile())
    throw unavailable(path, 'is not a file', 'Name the .gguf file itself with --model or PALATE_MODEL');
  return stats;
}

async function readHeader(path: string, stats: Stats): Promise<GGUFParseOutput> {
  let header: GGUFParseOutput;
  try {
    header = await gguf(path, { allowLocalFile: true });
  } catch (error) {
    // What the system says, as opposed to what lies in the file.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw unreadable(path, error);
    const what = /magic number/.test(messageOf(error))
      ? 'is not a GGUF file'
      : `has a damaged or truncated header (${messageOf(error)})`;
    throw unavailable(path, what, 'Use a GGUF model file, and fetch it again if it should be one', error);
  }
  if (!header.littleEndian) {
    throw unavailable(path, 'is a big-endian GGUF file', 'Use the little-endian file of the same model');
  }
  if (header.tensorInfoByteRange[1] > stats.size) throw truncated(path, stats.size, header.tensorInfoByteRange[1]);
  return header;
}

function tensorEntries(path: string, header: GGUFParseOutput, fileSize: number): Map<string, TensorEntry> {
  const entries = new Map<string, TensorEntry>();
  const alignment = Number((header.metadata as Record<string, unknown>)['general.alignment'] ?? ALIGNMENT);
  const places: { name: string; start: number; end: number }[] = [];
  for (const info of header.tensorInfos) {
    const [columns, rows, ...more] = [...info.shape.map(Number), 1];
    const type = GGMLQuantizationType[info.dtype] ?? `number ${info.dtype}`;
    if (!(type in BLOCK_LAYOUTS)) {
      const todo = `Use a file in one of the formats ${SUPPORTED_FORMATS}`;
      throw unavailable(path, `stores ${info.name} in the format ${type}, which is not supported`, todo);
    }
    const format = type as WeightFormat;
    const empty = !(rows >= 1 && columns >= 1);
    if (empty || more.some((size) => size !== 1) || columns % BLOCK_LAYOUTS[format].elements !== 0) {
      throw unavailable(path, `has a tensor ${info.name} of an impossible shape`, 'Fetch the file again');
    }
    const offset = Number(header.tensorDataOffset + info.offset);
    if (entries.has(info.name)) throw unavailable(path, `has two tensors ${info.name}`, 'Fetch the file again');
    if (Number(info.offset) % alignment !== 0) {
      throw unavailable(path, `has the tensor ${info.name} at an impossible place`, 'Fetch the file again');
    }
    entries.set(info.name, { name: info.name, rows, columns, format, offset });
    places.push({ name: info.name, start: offset, end: offset + rows * rowBytes(format, columns) });
  }
  places.sort((a, b) => a.start - b.start);
  for (const [i, { name, start }] of places.entries()) {
    if (i > 0 && start < places[i - 1].end) {
      throw unavailable(path, `has ${name} within ${places[i - 1].name}`, 'Fetch the file again');
    }
  }
  const end = places.at(-1)?.end ?? 0;
  if (end > fileSize) throw truncated(path, fileSize, end);
  return entries;
}

function readConfig(path: string, metadata: MetadataReader, entries: Map<string, TensorEntry>): LanguageModelConfig {
  const architecture = metadata.text('general.architecture');
  if (architecture !== 'llama') {
    const todo = 'Use a Llama-family model, for example SmolLM2, TinyLlama or Mistral 7B';
    throw unavailable(path, `has the architecture ${architecture}; only llama is supported`, todo);
  }
  if (metadata.number('split.count', 1) > 1) {
    throw unavailable(path, 'is one part of several', 'Merge the parts into one file (llama-gguf-split --merge)');
  }
  for (const [key, neutral] of Object.entries(NEUTRAL_VALUES)) {
    const given = metadata.value(`llama.${key}`);
    const value = typeof given === 'bigint' ? Number(given) : given;
    if (value !== undefined && !neutral.includes(value)) {
      throw unavailable(path, `needs llama.${key} = ${value}, which is not supported`, 'Use another model');
    }
  }
  const hidden = metadata.number('llama.embedding_length');
  const heads = metadata.number('llama.attention.head_count');
  checkCounts(path, { hidden, heads });
  const headSize = metadata.number('llama.attention.key_length', hidden / heads);
  // Within its window, attention over a sliding window is plain attention.
  const context = metadata.number('llama.context_length');
  const config: LanguageModelConfig = {
    architecture,
    name: readableName(metadata.text('general.name', '')),
    layers: metadata.number('llama.block_count'),
    hidden,
    heads,
    kvHeads: metadata.number('llama.attention.head_count_kv', heads),
    headSize,
    feedForward: metadata.number('llama.feed_forward_length'),
    vocabulary: entries.get('token_embd.weight')?.rows ?? 0,
    ropeTheta: metadata.number('llama.rope.freq_base', 10000),
    normEpsilon: metadata.number('llama.attention.layer_norm_rms_epsilon'),
    contextLength: Math.min(context, metadata.number('llama.attention.sliding_window', 0) || context),
    ropeDimensions: metadata.number('llama.rope.dimension_count', headSize),
  };
  checkConfig(path, config, metadata.number('llama.attention.value_length', headSize));
  if (config.layers > entries.size) {
    throw unavailable(path, `has too few tensors for ${config.layers} layers`, 'Use a complete model file');
  }
  return { ...config, contextLength: Math.min(config.contextLength, LONGEST_CONTEXT) };
}

/** A name is for people, and kept with every reply: without what cannot be shown or stored. */
function readableName(name: string): string {
  return [...printable(name).trim()].slice(0, NAME_CHARACTERS).join('') || 'unnamed';
}

function checkCounts(path: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 1) {
      throw unavailable(path, `gives ${count} as its number of ${name}`, 'Fetch the file again');
    }
  }
}

function checkConfig(path: string, config: LanguageModelConfig, valueSize: number): void {
  const { layers, heads, kvHeads, headSize, feedForward, contextLength, ropeDimensions } = config;
  checkCounts(path, { layers, kvHeads, headSize, feedForward, contextLength });
  if (contextLength >= IMPOSSIBLE_CONTEXT) {
    throw unavailable(path, `gives ${contextLength} as its number of contextLength`, 'Fetch the file again');
  }
  if (!(config.normEpsilon > 0 && config.normEpsilon < 1) || !(config.ropeTheta > 1)) {
    throw unavailable(path, 'gives an impossible norm epsilon or rotary base', 'Fetch the file again');
  }
  if (heads % kvHeads !== 0 || headSize % 2 !== 0 || valueSize !== headSize) {
    throw unavailable(path, 'has attention heads of a kind that is not supported', 'Use another model');
  }
  if (ropeDimensions !== headSize) {
    throw unavailable(
      path,
      `rotates ${ropeDimensions} of ${headSize} components; only all is supported`,
      'Use another',
    );
  }
}

/** Every tensor that the arithmetic needs must be there in its shape, and none that it would leave out. */
function checkTensors(path: string, config: LanguageModelConfig, entries: Map<string, TensorEntry>): void {
  const expected = expectedShapes(config);
  for (const [name, [rows, columns]] of expected) {
    const entry = entries.get(name);
    if (!entry && name === 'output.weight') continue;
    if (!entry) throw unavailable(path, `has no tensor ${name}`, 'Use a complete model file');
    if (entry.rows !== rows || entry.columns !== columns) {
      const what = `has ${name} of shape ${entry.rows} x ${entry.columns} instead of ${rows} x ${columns}`;
      throw unavailable(path, what, 'Use another file of this model');
    }
  }
  for (const name of entries.keys()) {
    if (expected.has(name)) continue;
    const kind = name.endsWith('.bias')
      ? ', a bias'
      : name.startsWith('rope_freqs')
        ? ', a rotary scaling'
        : /_exps|gate_inp/.test(name)
          ? ', part of a mixture of experts'
          : '';
    throw unavailable(path, `needs the tensor ${name}${kind}, which is not supported`, 'Use another model');
  }
}

function expectedShapes(config: LanguageModelConfig): Map<string, [rows: number, columns: number]> {
  const { hidden, vocabulary, feedForward } = config;
  const queries = config.heads * config.headSize;
  const keys = config.kvHeads * config.headSize;
  const shapes = new Map<string, [number, number]>([
    ['token_embd.weight', [vocabulary, hidden]],
    ['output_norm.weight', [1, hidden]],
    ['output.weight', [vocabulary, hidden]],
  ]);
  for (let layer = 0; layer < config.layers; layer++) {
    const set = (part: string, rows: number, columns: number) =>
      shapes.set(`blk.${layer}.${part}.weight`, [rows, columns]);
    set('attn_norm', 1, hidden);
    set('attn_q', queries, hidden);
    set('attn_k', keys, hidden);
    set('attn_v', keys, hidden);
    set('attn_output', hidden, queries);
    set('ffn_norm', 1, hidden);
    set('ffn_gate', feedForward, hidden);
    set('ffn_up', feedForward, hidden);
    set('ffn_down', hidden, feedForward);
  }
  return shapes;
}

function readTokenizer(path: string, metadata: MetadataReader, config: LanguageModelConfig): Tokenizer {
  let tokenizer: Tokenizer;
  try {
    tokenizer = createTokenizer(metadata);
  } catch (error) {
    if (error instanceof PalateError) throw error;
    throw unavailable(path, `has a tokenizer that cannot be used (${messageOf(error)})`, 'Fetch the file again', error);
  }
  if (tokenizer.vocabularySize > config.vocabulary) {
    const what = `has ${tokenizer.vocabularySize} tokens but embeds only ${config.vocabulary}`;
    throw unavailable(path, what, 'Use another file of this model');
  }
  return tokenizer;
}

function readTensor(path: string, opened: Stats, entry: TensorEntry, config: LanguageModelConfig): WeightTensor {
  const { name, rows, columns, format, offset } = entry;
  const stride = rowBytes(format, columns);
  const bytes = readBytes(path, opened, offset, rows * stride);
  if (!soundWeights({ format, bytes })) {
    throw unavailable(
      path,
      `holds numbers in ${name} that are not finite or far too large`,
      'Fetch the file again, or use another',
    );
  }
  const rotary = /\.attn_[qk]\.weight$/.test(name);
  return { name, rows, columns, format, bytes: rotary ? unpermuteRows(bytes, stride, config.headSize) : bytes };
}

function readBytes(path: string, opened: Stats, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const now = fstatSync(file);
    if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs) {
      throw unavailable(path, 'has changed since it was opened', 'Start again to use the new file');
    }
    for (let done = 0; done < length; ) {
      const read = readSync(file, bytes, done, Math.min(length - done, 1 << 30), offset + done);
      if (read === 0) throw truncated(path, opened.size, offset + length);
      done += read;
    }
  } catch (error) {
    if (error instanceof PalateError) throw error;
    throw unreadable(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return bytes;
}

/**
 * GGUF files of the architecture `llama` keep the rows of each query and key head interleaved, because ggml's rotary
 * embedding pairs component 2i with 2i + 1. This puts component 2i back to i and 2i + 1 to i + headSize / 2, the order
 * that rotate-half expects. Whole rows move, and quantisation blocks lie within rows: so it is exact in any format.
 * @param bytes rows of `stride` bytes; a whole number of heads
 */
export function unpermuteRows(bytes: Uint8Array, stride: number, headSize: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  const half = headSize / 2;
  for (let row = 0; row * stride < bytes.length; row++) {
    const component = row % headSize;
    const target = row - component + (component >> 1) + (component & 1) * half;
    out.set(bytes.subarray(row * stride, (row + 1) * stride), target * stride);
  }
  return out;
}

function truncated(path: string, size: number, needed: number): PalateError {
  const what = `is truncated: it has ${size} bytes and its header needs at least ${needed}`;
  return unavailable(path, what, 'Delete it and fetch it again');
}

function unreadable(path: string, error: unknown): PalateError {
  return unavailable(path, `cannot be read (${messageOf(error)})`, 'Check the disk and the permissions', error);
}

function unavailable(path: string, what: string, todo: string, cause?: unknown): PalateError {
  return new PalateError('MODEL_UNAVAILABLE', `Model file ${path} ${printable(what)}. ${todo}.`, { cause });
}
