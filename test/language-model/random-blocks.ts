/** Random weights in every format: the blocks' bytes, packed here, and the numbers they stand for, from the plain formula. */
import type { Random } from '../../src/common/random.js';
import { rowBytes, type WeightFormat } from '../../src/language-model/quantization.js';

export interface RandomBlocks {
  bytes: Uint8Array;
  /** float32 numbers in the order of the elements. */
  values: Float32Array;
}

interface Block {
  bytes: number[];
  values: number[];
}

const f32 = Math.fround;

/** A number as the nearest half float: its 16 bits, low byte first, and its value. */
export function half(value: number): { bytes: [number, number]; value: number } {
  const size = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1)));
  const fraction = Math.round(size / 2 ** (exponent - 10));
  // Numbers of at least 2^-14 have an implied leading one, 1024 here; the fraction of smaller ones stands alone.
  const bits = fraction < 1024 ? fraction : ((exponent + 15) << 10) + fraction - 1024;
  const sign = value < 0 ? 0x80 : 0;
  return { bytes: [bits & 255, (bits >> 8) | sign], value: Math.sign(value) * fraction * 2 ** (exponent - 10) };
}

/** `count` elements, a whole number of blocks, with a standard deviation of about `size`. */
export function randomBlocks(format: WeightFormat, count: number, random: Random, size = 1): RandomBlocks {
  const bytes = new Uint8Array(rowBytes(format, count));
  const values = new Float32Array(count);
  for (let byte = 0, element = 0; element < count; ) {
    const block = BLOCKS[format](random, size);
    // A typed array keeps the low eight bits of what is put into it.
    bytes.set(block.bytes, byte);
    values.set(block.values, element);
    byte += block.bytes.length;
    element += block.values.length;
  }
  return { bytes, values };
}

const BLOCKS: Record<WeightFormat, (random: Random, size: number) => Block> = {
  F32: (random, size) => {
    const value = f32(random.normal() * size);
    return { bytes: [...new Uint8Array(Float32Array.of(value).buffer)], values: [value] };
  },
  F16: (random, size) => {
    const { bytes, value } = half(random.normal() * size);
    return { bytes, values: [value] };
  },
  Q8_0: (random, size) => {
    const scale = half(size / 40);
    const codes = list(32, () => clamp(random.normal() * 40, -128, 127));
    return { bytes: [...scale.bytes, ...codes], values: codes.map((code) => f32(scale.value * code)) };
  },
  Q4_0: (random, size) => {
    const scale = half((random.uniform() < 0.5 ? -1 : 1) * (size / 4));
    const codes = nibbles(random);
    return { bytes: [...scale.bytes, ...halves(codes)], values: codes.map((code) => f32(scale.value * (code - 8))) };
  },
  Q4_1: (random, size) => {
    const scale = half(size / 4);
    const minimum = half(-7.5 * scale.value + random.normal() * size * 0.1);
    const codes = nibbles(random);
    const values = codes.map((code) => f32(f32(scale.value * code) + minimum.value));
    return { bytes: [...scale.bytes, ...minimum.bytes, ...halves(codes)], values };
  },
  Q4_K: (random, size) => {
    const scale = half(size / 4 / 48);
    const minimum = half((7.5 * size) / 4 / 48);
    const scales = list(8, () => 33 + random.integer(31));
    const minima = scales.map((value) => clamp(value + random.normal() * 3, 0, 63));
    const groups = list(8, () => nibbles(random));
    const values = groups.flatMap((codes, group) =>
      codes.map((code) => f32(f32(f32(scale.value * scales[group]) * code) - f32(minimum.value * minima[group]))),
    );
    const pairs = list(4, (pair) => groups[2 * pair].map((low, i) => low | (groups[2 * pair + 1][i] << 4))).flat();
    return { bytes: [...scale.bytes, ...minimum.bytes, ...sixBits(scales, minima), ...pairs], values };
  },
  Q6_K: (random, size) => {
    const scale = half(size / 12 / 64);
    const scales = list(16, () => (random.uniform() < 0.5 ? -1 : 1) * (40 + random.integer(60)));
    const codes = list(256, () => clamp(random.normal() * 12, -32, 31));
    const values = codes.map((code, i) => f32(f32(scale.value * scales[i >> 4]) * code));
    const low = new Array(128).fill(0);
    const high = new Array(64).fill(0);
    codes.forEach((code, i) => {
      const [section, row, column] = [i >> 7, (i >> 5) & 3, i & 31];
      low[section * 64 + (row % 2) * 32 + column] |= ((code + 32) & 15) << (row < 2 ? 0 : 4);
      high[section * 32 + column] |= ((code + 32) >> 4) << (2 * row);
    });
    return { bytes: [...low, ...high, ...scales, ...scale.bytes], values };
  },
};

function list<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}

/** A whole number in range; adding zero makes minus zero, which no code stands for, plain zero. */
function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, Math.round(value))) + 0;
}

function nibbles(random: Random): number[] {
  return list(32, () => clamp(7.5 + random.normal() * 4, 0, 15));
}

/** 32 codes in 16 bytes: the first half low, the second half high. */
function halves(codes: readonly number[]): number[] {
  return list(16, (i) => codes[i] | (codes[i + 16] << 4));
}

/** Eight scales and eight minima of six bits in twelve bytes. */
function sixBits(scales: readonly number[], minima: readonly number[]): number[] {
  return [
    ...list(4, (i) => scales[i] | ((scales[i + 4] >> 4) << 6)),
    ...list(4, (i) => minima[i] | ((minima[i + 4] >> 4) << 6)),
    ...list(4, (i) => (scales[i + 4] & 15) | ((minima[i + 4] & 15) << 4)),
  ];
}
