/** Repacks a file's weights into MatMulNBits' layout: blocks of 32 codes of 8 bits, a scale and a zero point a block. */
import { dequantize, type WeightTensor } from '../quantization.js';

export const BLOCK = 32;

export interface PackedWeights {
  bits: 8;
  rows: number;
  columns: number;
  /** uint8 [rows, columns / 32, 32]. */
  codes: Uint8Array;
  /** float32 [rows x columns / 32]. */
  scales: Float32Array;
  /** uint8 [rows x columns / 32]. */
  zeroPoints: Uint8Array;
}

/**
 * Stacks the tensors' rows and packs each block of 32 weights between its least and its greatest value.
 * A 4-bit block has 16 levels; 256 levels hold them to 1/34 of a step at worst, where MatMulNBits' own whole-number
 * 4-bit zero points would move them by up to half a step.
 */
export function packBlocks(tensors: readonly WeightTensor[]): PackedWeights {
  const columns = tensors[0].columns;
  const rows = tensors.reduce((sum, tensor) => sum + tensor.rows, 0);
  const count = (rows * columns) / BLOCK;
  const codes = new Uint8Array(rows * columns);
  const scales = new Float32Array(count);
  const zeroPoints = new Uint8Array(count);
  let block = 0;
  for (const tensor of tensors) {
    const weights = dequantize(tensor);
    for (let start = 0; start < weights.length; start += BLOCK, block++) {
      packBlock(weights, start, codes, scales, zeroPoints, block);
    }
  }
  return { bits: 8, rows, columns, codes, scales, zeroPoints };
}

function packBlock(
  weights: Float32Array,
  start: number,
  codes: Uint8Array,
  scales: Float32Array,
  zeroPoints: Uint8Array,
  block: number,
): void {
  let low = 0;
  let high = 0;
  for (let i = start; i < start + BLOCK; i++) {
    low = Math.min(low, weights[i]);
    high = Math.max(high, weights[i]);
  }
  const scale = (high - low) / 255 || 1;
  const zero = Math.round(-low / scale);
  scales[block] = scale;
  zeroPoints[block] = zero;
  for (let i = 0; i < BLOCK; i++) {
    const code = Math.round(weights[start + i] / scale) + zero;
    codes[block * BLOCK + i] = Math.min(255, Math.max(0, code));
  }
}
