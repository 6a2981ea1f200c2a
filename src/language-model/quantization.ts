/**
 * ggml's weight formats: how many elements and bytes a block has, and what numbers it stands for.
 * Layouts and arithmetic follow ggml's block definitions (ggml-common.h, dequantize_row_* in ggml-quants.c).
 * Products of a block's scales are exact in double precision, so that rounding once to float32 gives ggml's own numbers.
 */
import { PalateError } from '../common/errors.js';

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
}

export const BLOCK_LAYOUTS: Readonly<Record<WeightFormat, BlockLayout>> = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  Q8_0: { elements: 32, bytes: 34 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q4_K: { elements: 256, bytes: 144 },
  Q6_K: { elements: 256, bytes: 210 },
};

/** Bytes of one row of `columns` elements. */
export function rowBytes(format: WeightFormat, columns: number): number {
  const { elements, bytes } = BLOCK_LAYOUTS[format];
  return (columns / elements) * bytes;
}

/** Writes the numbers of the block that starts at `from` into `out`, beginning at `to`. */
type BlockDecoder = (bytes: Uint8Array, from: number, out: Float32Array, to: number) => void;

const DECODERS: Readonly<Record<Exclude<WeightFormat, 'F32'>, BlockDecoder>> = {
  F16: (bytes, from, out, to) => {
    out[to] = half(bytes, from);
  },
  Q8_0: decodeQ8,
  Q4_0: decodeQ4,
  Q4_1: decodeQ4WithMinimum,
  Q4_K: decodeQ4K,
  Q6_K: decodeQ6K,
};

/**
 * The matrix in float32, `rows` times `columns` numbers, row-major.
 * @throws PalateError INTERNAL when the bytes do not fit the shape
 */
export function dequantize(tensor: WeightTensor): Float32Array {
  const { rows, columns, format, bytes, name } = tensor;
  const layout = BLOCK_LAYOUTS[format];
  if (columns % layout.elements !== 0 || bytes.byteLength !== rows * rowBytes(format, columns)) {
    throw new PalateError(
      'INTERNAL',
      `Tensor ${name}: ${bytes.byteLength} bytes do not hold ${rows} x ${columns} elements of ${format}`,
    );
  }
  if (format === 'F32') return new Float32Array(new Uint8Array(bytes).buffer);
  const out = new Float32Array(rows * columns);
  const decode = DECODERS[format];
  for (let from = 0, to = 0; from < bytes.length; from += layout.bytes, to += layout.elements) {
    decode(bytes, from, out, to);
  }
  return out;
}

/** Scale (half), 32 signed bytes. */
function decodeQ8(bytes: Uint8Array, from: number, out: Float32Array, to: number): void {
  const scale = half(bytes, from);
  for (let i = 0; i < 32; i++) out[to + i] = scale * signed(bytes[from + 2 + i]);
}

/** Scale (half), 16 bytes: the low nibbles are elements 0 to 15, the high ones 16 to 31; 8 stands for zero. */
function decodeQ4(bytes: Uint8Array, from: number, out: Float32Array, to: number): void {
  const scale = half(bytes, from);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[from + 2 + i];
    out[to + i] = scale * ((pair & 15) - 8);
    out[to + 16 + i] = scale * ((pair >> 4) - 8);
  }
}

/** Scale and minimum (halves), 16 bytes of nibbles as in Q4_0; 0 stands for the minimum. */
function decodeQ4WithMinimum(bytes: Uint8Array, from: number, out: Float32Array, to: number): void {
  const scale = half(bytes, from);
  const minimum = half(bytes, from + 2);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[from + 4 + i];
    out[to + i] = scale * (pair & 15) + minimum;
    out[to + 16 + i] = scale * (pair >> 4) + minimum;
  }
}

/** Scale and minimum scale (halves), 12 bytes that pack eight 6-bit scales and minima, 128 bytes of nibbles. */
function decodeQ4K(bytes: Uint8Array, from: number, out: Float32Array, to: number): void {
  const scale = half(bytes, from);
  const minimum = half(bytes, from + 2);
  const packed = from + 4;
  const nibbles = from + 16;
  for (let group = 0; group < 8; group++) {
    // Groups 0 to 3 have whole bytes for their low six bits; 4 to 7 take four bits there and two from the tops of those.
    const low = group & 3;
    const first = bytes[packed + low];
    const second = bytes[packed + 4 + low];
    const third = bytes[packed + 8 + low];
    const s = group < 4 ? first & 63 : (third & 15) | ((first >> 6) << 4);
    const m = group < 4 ? second & 63 : (third >> 4) | ((second >> 6) << 4);
    const shift = (group & 1) * 4;
    const source = nibbles + (group >> 1) * 32;
    const step = scale * s;
    const offset = minimum * m;
    for (let i = 0; i < 32; i++) out[to + group * 32 + i] = step * ((bytes[source + i] >> shift) & 15) - offset;
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
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  return halves[bytes[offset] | (bytes[offset + 1] << 8)];
}

/** IEEE 754 binary16: one sign, five exponent (bias 15) and ten fraction bits. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
