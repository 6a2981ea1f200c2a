/** Weight formats: agreement with an independent implementation's numbers and with the plain formula, to the last bit. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { BLOCK_LAYOUTS, dequantize, rowBytes, type WeightFormat } from '../../src/language-model/quantization.js';
import { half, randomBlocks } from './random-blocks.js';

const FORMATS = Object.keys(BLOCK_LAYOUTS) as WeightFormat[];

interface Golden {
  formats: Record<string, { bytes: string; float32: string }>;
}

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/ggml-blocks.json', import.meta.url), 'utf8'));

function floats(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}

describe('dequantize', () => {
  it.each(Object.keys(golden.formats))('gives the numbers that ggml gives for arbitrary %s blocks', (format) => {
    const { bytes, float32 } = golden.formats[format];
    const expected = floats(float32);
    const tensor = { name: 'w', rows: 1, columns: expected.length, format: format as WeightFormat };
    expect(dequantize({ ...tensor, bytes: Buffer.from(bytes, 'base64') })).toEqual(expected);
  });

  it.each(FORMATS)('follows the formula of %s', (format) => {
    const [rows, columns] = [8, 512];
    const { bytes, values } = randomBlocks(format, rows * columns, new Random(format), 0.3);
    expect(bytes.length).toBe(rows * rowBytes(format, columns));
    expect(dequantize({ name: 'w', rows, columns, format, bytes })).toEqual(values);
  });

  it('reads half floats that are subnormal, infinite or not numbers', () => {
    const bits = [0x0001, 0x83ff, 0x0400, 0x7bff, 0xfc00, 0x7e00, 0x8000];
    const bytes = new Uint8Array(Uint16Array.from(bits).buffer);
    const expected = [2 ** -24, -1023 * 2 ** -24, 2 ** -14, 65504, Number.NEGATIVE_INFINITY, Number.NaN, -0];
    expect([...dequantize({ name: 'w', rows: 1, columns: bits.length, format: 'F16', bytes })]).toEqual(expected);
  });

  it('does not change the bytes it reads, nor share them', () => {
    const bytes = Buffer.from(Float32Array.of(1, 2).buffer);
    const values = dequantize({ name: 'w', rows: 1, columns: 2, format: 'F32', bytes });
    values[0] = 7;
    expect(bytes.readFloatLE(0)).toBe(1);
  });

  it.each([
    ['bytes that are too few', 1, 32, 17],
    ['rows that are not whole blocks', 1, 48, 27],
  ])('refuses %s', (_, rows, columns, length) => {
    const tensor = { name: 'w', rows, columns, format: 'Q4_0' as const, bytes: new Uint8Array(length) };
    expect(() => dequantize(tensor)).toThrow(/Tensor w/);
  });
});

describe('half', () => {
  it('rounds to the nearest half float', () => {
    expect(half(1)).toEqual({ bytes: [0x00, 0x3c], value: 1 });
    expect(half(-0.1).value).toBeCloseTo(-0.1, 4);
    expect(half(1.9999).value).toBe(2);
  });
});
