/**
 * Repacks a file's weights into MatMulNBits' layout, blocks of 32 codes with a scale each: 4-bit formats and Q8_0 keep their
 * own codes exactly, all others become 8-bit codes.
 */
import { dequantize, eightBitWeights, fourBitWeights, GROUP, isFourBit, type WeightTensor } from '../quantization.js';

/** Weights that share a scale; the group of the 4-bit formats. */
export const BLOCK = GROUP;

/** The code that MatMulNBits takes for zero where a 4-bit weight has no zero points. */
const FOUR_BIT_ZERO = 8;

/** Weight [row, column] = scale * (code - 8) + minimum of its block. */
export interface FourBitPacked {
  bits: 4;
  /** uint8 [rows, blocks, 16]; the low half of a byte is the earlier weight. */
  codes: Uint8Array;
  /** float32 [rows, blocks]. */
  scales: Float32Array;
  /** float32 [blocks, rows]: what each block's sum of inputs adds to an output. */
  minima: Float32Array;
}

/** Weight [row, column] = scale * (code - zero point) of its block. */
export interface EightBitPacked {
  bits: 8;
  /** uint8 [rows, blocks, 32]. */
  codes: Uint8Array;
  /** float32 [rows, blocks]. */
  scales: Float32Array;
  /** uint8 [rows, blocks]. */
  zeroPoints: Uint8Array;
}

export type PackedWeights = FourBitPacked | EightBitPacked;

/** Whether these tensors, stacked, keep their 4-bit codes: all of them have some. */
export function keepsFourBits(tensors: readonly WeightTensor[]): boolean {
  return tensors.every(({ format }) => isFourBit(format));
}

/** Whether 4-bit blocks have minima beside what MatMulNBits computes; Q4_0 has none. */
export function hasMinima(tensors: readonly WeightTensor[]): boolean {
  return tensors.some(({ format }) => format !== 'Q4_0');
}

/** Stacks the tensors' rows and packs them; all have the same number of columns. */
export function packWeights(tensors: readonly WeightTensor[]): PackedWeights {
  return keepsFourBits(tensors) ? packFourBits(tensors) : packEightBits(tensors);
}

/** The file's own codes, moved so that 8 is their zero: scale * code + minimum = scale * (code - 8) + (minimum + 8 scale). */
function packFourBits(tensors: readonly WeightTensor[]): FourBitPacked {
  const { rows, blocks } = stackedSize(tensors);
  const codes = new Uint8Array((rows * blocks * BLOCK) / 2);
  const scales = new Float32Array(rows * blocks);
  const minima = new Float32Array(blocks * rows);
  let start = 0;
  for (const tensor of tensors) {
    const weights = fourBitWeights(tensor);
    const shift = FOUR_BIT_ZERO - weights.middle;
    const bytes = codes.subarray((start * BLOCK) / 2);
    for (let i = 0; i < weights.codes.length; i += 2) bytes[i / 2] = weights.codes[i] | (weights.codes[i + 1] << 4);
    scales.set(weights.scales, start);
    for (let block = 0; block < weights.scales.length; block++) {
      const [row, column] = [Math.floor((start + block) / blocks), block % blocks];
      minima[column * rows + row] = weights.minima[block] + shift * weights.scales[block];
    }
    start += weights.scales.length;
  }
  return { bits: 4, codes, scales, minima };
}

/** A row's last block may be short; it is filled with zeros. */
function packEightBits(tensors: readonly WeightTensor[]): EightBitPacked {
  const { rows, blocks } = stackedSize(tensors);
  const packed: EightBitPacked = {
    bits: 8,
    codes: new Uint8Array(rows * blocks * BLOCK),
    scales: new Float32Array(rows * blocks),
    zeroPoints: new Uint8Array(rows * blocks),
  };
  let start = 0;
  for (const tensor of tensors) {
    if (tensor.format === 'Q8_0') copyCodes(tensor, packed, start);
    else roundRows(tensor, packed, start);
    start += tensor.rows * blocks;
  }
  return packed;
}

/** Signed codes counted from 0 instead of -128. */
function copyCodes(tensor: WeightTensor, packed: EightBitPacked, start: number): void {
  const { codes, scales } = eightBitWeights(tensor);
  const target = packed.codes.subarray(start * BLOCK);
  codes.forEach((code, i) => {
    target[i] = code + 128;
  });
  packed.scales.set(scales, start);
  packed.zeroPoints.fill(128, start, start + scales.length);
}

/** 256 levels between each block's least and greatest weight. */
function roundRows(tensor: WeightTensor, packed: EightBitPacked, start: number): void {
  const { rows, columns } = tensor;
  const weights = dequantize(tensor);
  let block = start;
  for (let row = 0; row < rows; row++) {
    const values = weights.subarray(row * columns, (row + 1) * columns);
    for (let from = 0; from < columns; from += BLOCK, block++) {
      const codes = packed.codes.subarray(block * BLOCK, (block + 1) * BLOCK);
      const { scale, zero } = packBlock(values.subarray(from, from + BLOCK), codes);
      packed.scales[block] = scale;
      packed.zeroPoints[block] = zero;
    }
  }
}

function packBlock(weights: Float32Array, codes: Uint8Array): { scale: number; zero: number } {
  let low = 0;
  let high = 0;
  for (const weight of weights) {
    low = Math.min(low, weight);
    high = Math.max(high, weight);
  }
  const scale = (high - low) / 255 || 1;
  const zero = Math.round(-low / scale);
  codes.fill(zero);
  weights.forEach((weight, i) => {
    codes[i] = Math.min(255, Math.max(0, Math.round(weight / scale) + zero));
  });
  return { scale, zero };
}

function stackedSize(tensors: readonly WeightTensor[]): { rows: number; blocks: number } {
  const rows = tensors.reduce((sum, tensor) => sum + tensor.rows, 0);
  return { rows, blocks: Math.ceil(tensors[0].columns / BLOCK) };
}
