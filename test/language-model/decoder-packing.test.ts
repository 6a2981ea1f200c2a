/** Repacked weights: 4-bit formats keep every weight, others lose at most half a step of 8 bits. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import {
  BLOCK,
  type EightBitPacked,
  type FourBitPacked,
  hasMinima,
  keepsFourBits,
  packWeights,
} from '../../src/language-model/graphs/packing.js';
import type { WeightFormat, WeightTensor } from '../../src/language-model/quantization.js';
import { randomBlocks } from './random-blocks.js';

interface Known {
  tensor: WeightTensor;
  values: Float32Array;
}

function known(format: WeightFormat, rows: number, columns: number): Known {
  const { bytes, values } = randomBlocks(format, rows * columns, new Random(`${format}/${rows}`), 0.1);
  return { tensor: { name: format, rows, columns, format, bytes }, values };
}

const tensorsOf = (parts: Known[]) => parts.map(({ tensor }) => tensor);
const valuesOf = (parts: Known[]) => parts.flatMap(({ values }) => [...values]);

/** The weights that 4-bit codes stand for, stacked rows after each other. */
function unpackFourBits({ codes, scales, minima }: FourBitPacked, rows: number, columns: number): number[] {
  const blocks = columns / BLOCK;
  return Array.from({ length: rows * columns }, (_, i) => {
    const code = (codes[i >> 1] >> (4 * (i & 1))) & 15;
    const [row, block] = [Math.floor(i / columns), Math.floor(i / BLOCK) % blocks];
    return scales[row * blocks + block] * (code - 8) + minima[block * rows + row];
  });
}

function unpackEightBits({ codes, scales, zeroPoints }: EightBitPacked): number[] {
  return Array.from(codes, (code, i) => {
    const block = Math.floor(i / BLOCK);
    return scales[block] * (code - zeroPoints[block]);
  });
}

describe('4-bit formats', () => {
  it.each([
    ['Q4_0', [known('Q4_0', 3, 96), known('Q4_0', 5, 96)]],
    ['Q4_1', [known('Q4_1', 4, 64), known('Q4_1', 2, 64), known('Q4_1', 1, 64)]],
    ['Q4_K', [known('Q4_K', 3, 512), known('Q4_K', 2, 512)]],
    ['mixed', [known('Q4_0', 2, 256), known('Q4_K', 3, 256), known('Q4_1', 1, 256)]],
  ] as [string, Known[]][])('keep every weight of %s', (_, parts) => {
    const packed = packWeights(tensorsOf(parts));
    expect(packed.bits).toBe(4);
    const expected = valuesOf(parts);
    const columns = parts[0].tensor.columns;
    const weights = unpackFourBits(packed as FourBitPacked, expected.length / columns, columns);
    // Only the moved minimum is rounded, to 24 bits.
    weights.forEach((weight, i) => expect(Math.abs(weight - expected[i])).toBeLessThan(1e-7));
  });

  it('leave nothing beside the product where there are no minima', () => {
    const parts = [known('Q4_0', 3, 64)];
    const { minima } = packWeights(tensorsOf(parts)) as FourBitPacked;
    expect([...minima].every((minimum) => minimum === 0)).toBe(true);
    expect(hasMinima(tensorsOf(parts))).toBe(false);
    expect(hasMinima([...tensorsOf(parts), known('Q4_1', 2, 64).tensor])).toBe(true);
  });
});

describe('other formats', () => {
  it.each([
    ['F32', [known('F32', 3, 96)]],
    ['F16', [known('F16', 3, 64), known('F16', 1, 64)]],
    ['Q8_0 beside other ones', [known('Q8_0', 3, 96), known('F32', 1, 96)]],
    ['Q6_K', [known('Q6_K', 2, 512)]],
    ['4-bit beside other ones', [known('Q4_K', 2, 256), known('Q6_K', 2, 256)]],
  ] as [string, Known[]][])('lose at most half a step: %s', (_, parts) => {
    expect(keepsFourBits(tensorsOf(parts))).toBe(false);
    const packed = packWeights(tensorsOf(parts)) as EightBitPacked;
    expect(packed.bits).toBe(8);
    const expected = valuesOf(parts);
    unpackEightBits(packed).forEach((weight, i) => {
      // The ends of the range may lose another half, for the zero point is a whole number.
      expect(Math.abs(weight - expected[i])).toBeLessThanOrEqual(1.01 * packed.scales[Math.floor(i / BLOCK)]);
    });
    const errors = unpackEightBits(packed).map((weight, i) => Math.abs(weight - expected[i]));
    const range = Math.max(...expected) - Math.min(...expected);
    expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(range / 255 / 2);
  });

  it('keep every weight of Q8_0', () => {
    const parts = [known('Q8_0', 3, 96), known('Q8_0', 2, 96)];
    const weights = unpackEightBits(packWeights(tensorsOf(parts)) as EightBitPacked);
    expect(Float32Array.from(weights)).toEqual(Float32Array.from(valuesOf(parts)));
  });

  it('fill up a short last block with zeros', () => {
    const [part, columns] = [known('F32', 2, 40), 40];
    const packed = packWeights([part.tensor]) as EightBitPacked;
    expect(packed.codes.length).toBe(2 * 2 * BLOCK);
    const weights = unpackEightBits(packed);
    for (let row = 0; row < 2; row++) {
      for (let column = 0; column < 2 * BLOCK; column++) {
        const expected = column < columns ? part.values[row * columns + column] : 0;
        expect(Math.abs(weights[row * 2 * BLOCK + column] - expected)).toBeLessThan(0.005);
      }
    }
  });

  it('hold a block of one value, zero included', () => {
    for (const value of [0, 0.25, -3]) {
      const bytes = new Uint8Array(new Float32Array(BLOCK).fill(value).buffer);
      const tensor: WeightTensor = { name: 'same', rows: 1, columns: BLOCK, format: 'F32', bytes };
      const weights = unpackEightBits(packWeights([tensor]) as EightBitPacked);
      for (const weight of weights) expect(weight).toBeCloseTo(value, 5);
    }
  });
});
