/**
 * ggml's weight formats: how many elements and bytes a block has, and what numbers it stands for.
 * Layouts and arithmetic follow ggml's block definitions (ggml-common.h, dequantize_row_* in ggml-quants.c).
 * Products of a block's scales are exact in double precision, so that rounding once to float32 gives ggml's own numbers.
 */
import { PalateError } from '../common/errors.js';
import { fromHalf } from '../common/half.js';

export type WeightFormat = 'F32' | 'F16' | 'Q8_0' | 'Q4_0' | 'Q4_1' | 'Q4_K' | 'Q6_K';

/** A matrix as it is stored: row-major, rows are output features, each row is a whole number of blocks. */
export interface WeightTensor {
  name: string;
  rows: number;
  columns: number;
  format: WeightFormat;
  /** `rows` times `rowBytes(format, columns)` bytes. */
  bytes: Uint8Array;
}

export interface BlockLayout {
  /** Consecutive elements of a row that share a block. */
  elements: number;
  bytes: number;
  /** Where in a block its half floats are; all other bytes are finite whatever they hold, but for F32's. */
  halves: readonly number[];
}

export const BLOCK_LAYOUTS: Readonly<Record<WeightFormat, BlockLayout>> = {
  F32: { elements: 1, bytes: 4, halves: [] },
  F16: { elements: 1, bytes: 2, halves: [0] },
  Q8_0: { elements: 32, bytes: 34, halves: [0] },
  Q4_0: { elements: 32, bytes: 18, halves: [0] },
  Q4_1: { elements: 32, bytes: 20, halves: [0, 2] },
  Q4_K: { elements: 256, bytes: 144, halves: [0, 2] },
  Q6_K: { elements: 256, bytes: 210, halves: [208] },
};

/** Bytes of one row of `columns` elements. */
export function rowBytes(format: WeightFormat, columns: number): number {
  const { elements, bytes } = BLOCK_LAYOUTS[format];
  return (columns / elements) * bytes;
}

/** No model's weights come near; what is beyond overflows somewhere inside. */
const LARGEST_WEIGHT = 1e6;

/** Whether all numbers of a matrix are finite, and such that can be computed with. */
export function soundWeights({ format, bytes }: Pick<WeightTensor, 'format' | 'bytes'>): boolean {
  if (format === 'F32') {
    const weights = new Float32Array(new Uint8Array(bytes).buffer);
    return weights.every((weight) => Math.abs(weight) <= LARGEST_WEIGHT);
  }
  const { bytes: stride, halves } = BLOCK_LAYOUTS[format];
  for (let from = 0; from < bytes.length; from += stride) {
    // A half float is NaN or infinite where all five bits of its exponent are set.
    for (const at of halves) if ((bytes[from + at + 1] & 0x7c) === 0x7c) return false;
  }
  return true;
}

/** Formats whose weights are 4-bit codes with a scale and a minimum for every 32 of them. */
export type FourBitFormat = 'Q4_0' | 'Q4_1' | 'Q4_K';

/** Codes of 4 bits that share a scale and a minimum. */
export const GROUP = 32;

/**
 * A 4-bit matrix taken apart: weight = scale * (code - middle) + minimum. Scales and minima are exact in float32, so that
 * this sum, rounded once, is the weight to the last bit.
 */
export interface FourBitWeights {
  /** One code from 0 to 15 a byte, in the order of the weights [rows, columns]. */
  codes: Uint8Array;
  /** A number a group [rows, columns / 32]. */
  scales: Float32Array;
  /** A number a group [rows, columns / 32]; minus zero, which changes no sum, where the format has no minima. */
  minima: Float32Array;
  /** The code that stands for the minimum itself. */
  middle: number;
}

/** Takes apart the block that starts at `from`; its first group has the index `group`. */
type GroupReader = (bytes: Uint8Array, from: number, out: FourBitWeights, group: number) => void;

const GROUP_READERS: Readonly<Record<FourBitFormat, { middle: number; read: GroupReader }>> = {
  Q4_0: { middle: 8, read: readQ4 },
  Q4_1: { middle: 0, read: readQ4WithMinimum },
  Q4_K: { middle: 0, read: readQ4K },
};

export function isFourBit(format: WeightFormat): format is FourBitFormat {
  return format in GROUP_READERS;
}

/**
 * The codes, scales and minima of a 4-bit matrix.
 * @throws PalateError INTERNAL when the format is another or the bytes do not fit the shape
 */
export function fourBitWeights(tensor: WeightTensor): FourBitWeights {
  const { rows, columns, format, bytes, name } = tensor;
  if (!isFourBit(format)) throw new PalateError('INTERNAL', `Tensor ${name} is ${format}, which has no 4-bit codes`);
  expectBytes(tensor);
  const { middle, read } = GROUP_READERS[format];
  const groups = (rows * columns) / GROUP;
  const out: FourBitWeights = {
    codes: new Uint8Array(rows * columns),
    scales: new Float32Array(groups),
    minima: new Float32Array(groups).fill(-0),
    middle,
  };
  const layout = BLOCK_LAYOUTS[format];
  for (let from = 0, group = 0; from < bytes.length; from += layout.bytes, group += layout.elements / GROUP) {
    read(bytes, from, out, group);
  }
  return out;
}

/** A Q8_0 matrix taken apart: weight = scale * code. */
export interface EightBitWeights {
  /** One code a weight [rows, columns]. */
  codes: Int8Array;
  /** A number a group of 32 weights. */
  scales: Float32Array;
}

/**
 * The codes and scales of a Q8_0 matrix.
 * @throws PalateError INTERNAL when the format is another or the bytes do not fit the shape
 */
export function eightBitWeights(tensor: WeightTensor): EightBitWeights {
  const { rows, columns, format, bytes, name } = tensor;
  if (format !== 'Q8_0') throw new PalateError('INTERNAL', `Tensor ${name} is ${format}, which has no 8-bit codes`);
  expectBytes(tensor);
  const codes = new Int8Array(rows * columns);
  const scales = new Float32Array(codes.length / GROUP);
  // Scale (half), 32 signed bytes.
  for (let group = 0, from = 0; group < scales.length; group++, from += BLOCK_LAYOUTS.Q8_0.bytes) {
    scales[group] = half(bytes, from);
    codes.set(bytes.subarray(from + 2, from + 2 + GROUP), group * GROUP);
  }
  return { codes, scales };
}

/** Writes the numbers of the block that starts at `from` into `out`, beginning at `to`. */
type BlockDecoder = (bytes: Uint8Array, from: number, out: Float32Array, to: number) => void;

const DECODERS: Readonly<Record<Exclude<WeightFormat, FourBitFormat | 'Q8_0' | 'F32'>, BlockDecoder>> = {
  F16: (bytes, from, out, to) => {
    out[to] = half(bytes, from);
  },
  Q6_K: decodeQ6K,
};

/**
 * The matrix in float32, `rows` times `columns` numbers, row-major.
 * @throws PalateError INTERNAL when the bytes do not fit the shape
 */
export function dequantize(tensor: WeightTensor): Float32Array {
  const { rows, columns, format, bytes } = tensor;
  expectBytes(tensor);
  if (format === 'F32') return new Float32Array(new Uint8Array(bytes).buffer);
  const out = new Float32Array(rows * columns);
  if (isFourBit(format)) {
    const { codes, scales, minima, middle } = fourBitWeights(tensor);
    for (let i = 0; i < out.length; i++) {
      const group = Math.floor(i / GROUP);
      out[i] = scales[group] * (codes[i] - middle) + minima[group];
    }
    return out;
  }
  if (format === 'Q8_0') {
    const { codes, scales } = eightBitWeights(tensor);
    for (let i = 0; i < out.length; i++) out[i] = scales[Math.floor(i / GROUP)] * codes[i];
    return out;
  }
  const layout = BLOCK_LAYOUTS[format];
  const decode = DECODERS[format];
  for (let from = 0, to = 0; from < bytes.length; from += layout.bytes, to += layout.elements) {
    decode(bytes, from, out, to);
  }
  return out;
}

function expectBytes({ rows, columns, format, bytes, name }: WeightTensor): void {
  if (columns % BLOCK_LAYOUTS[format].elements === 0 && bytes.byteLength === rows * rowBytes(format, columns)) return;
  throw new PalateError(
    'INTERNAL',
    `Tensor ${name}: ${bytes.byteLength} bytes do not hold ${rows} x ${columns} elements of ${format}`,
  );
}

/** Scale (half), 16 bytes of nibbles. */
function readQ4(bytes: Uint8Array, from: number, out: FourBitWeights, group: number): void {
  out.scales[group] = half(bytes, from);
  readNibbles(bytes, from + 2, out.codes, group * GROUP);
}

/** Scale and minimum (halves), 16 bytes of nibbles. */
function readQ4WithMinimum(bytes: Uint8Array, from: number, out: FourBitWeights, group: number): void {
  out.scales[group] = half(bytes, from);
  out.minima[group] = half(bytes, from + 2);
  readNibbles(bytes, from + 4, out.codes, group * GROUP);
}

/** 16 bytes: the low nibbles are elements 0 to 15, the high ones 16 to 31. */
function readNibbles(bytes: Uint8Array, from: number, codes: Uint8Array, to: number): void {
  for (let i = 0; i < 16; i++) {
    codes[to + i] = bytes[from + i] & 15;
    codes[to + 16 + i] = bytes[from + i] >> 4;
  }
}

/** Scale and minimum scale (halves), 12 bytes that pack eight 6-bit scales and minima, 128 bytes of nibbles. */
function readQ4K(bytes: Uint8Array, from: number, out: FourBitWeights, first: number): void {
  const scale = half(bytes, from);
  const minimum = half(bytes, from + 2);
  const packed = from + 4;
  for (let group = 0; group < 8; group++) {
    // Groups 0 to 3 have whole bytes for their low six bits; 4 to 7 take four bits there and two from the tops of those.
    const low = group & 3;
    const a = bytes[packed + low];
    const b = bytes[packed + 4 + low];
    const c = bytes[packed + 8 + low];
    out.scales[first + group] = scale * (group < 4 ? a & 63 : (c & 15) | ((a >> 6) << 4));
    out.minima[first + group] = -minimum * (group < 4 ? b & 63 : (c >> 4) | ((b >> 6) << 4));
    const nibbles = from + 16 + (group >> 1) * 32;
    const to = (first + group) * GROUP;
    for (let i = 0; i < GROUP; i++) out.codes[to + i] = (bytes[nibbles + i] >> ((group & 1) * 4)) & 15;
  }
}

/** 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales of 16 elements each, scale (half). */
function decodeQ6K(bytes: Uint8Array, from: number, out: Float32Array, to: number): void {
  const scale = half(bytes, from + 208);
  for (let element = 0; element < 256; element++) {
    const section = element >> 7;
    const within = element & 127;
    const nibble = (bytes[from + section * 64 + (within & 63)] >> ((within >> 6) * 4)) & 15;
    const pair = (bytes[from + 128 + section * 32 + (within & 31)] >> ((within >> 5) * 2)) & 3;
    out[to + element] = scale * signed(bytes[from + 192 + (element >> 4)]) * (nibble + pair * 16 - 32);
  }
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

let halves: Float32Array | undefined;

/** The little-endian half float at `offset`. A table of all 65,536 is made at first use. */
function half(bytes: Uint8Array, offset: number): number {
  halves ??= fromHalf(new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, bits) => bits).buffer));
  return halves[bytes[offset] | (bytes[offset + 1] << 8)];
}
