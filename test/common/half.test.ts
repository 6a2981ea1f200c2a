import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/common/half.js';

/** The value of a binary16 by its definition (IEEE 754, 3.4). */
function definedValue(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = (half & 0x3ff) / 1024;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('half floats', () => {
  it('read every bit pattern as the standard defines it, and write it back unchanged', () => {
    const patterns = Uint16Array.from({ length: 65536 }, (_, half) => half);
    const values = fromHalf(new Uint8Array(patterns.buffer));
    const isSame = (half: number) => Object.is(values[half], Math.fround(definedValue(half)));
    expect(patterns.filter((half) => !isSame(half))).toEqual(new Uint16Array());
    const numbers = patterns.filter((half) => !Number.isNaN(values[half]));
    const written = toHalf(Float32Array.from(numbers, (half) => values[half]));
    expect(Buffer.from(written).equals(Buffer.from(numbers.buffer))).toBe(true);
  });

  it('round to the nearest neighbour, ties to even', () => {
    const finite = Array.from({ length: 0x7c00 }, (_, half) => definedValue(half));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7bfe }), fc.double({ min: 0, max: 1, noNaN: true }), (half, share) => {
        const [low, high] = [finite[half], finite[half + 1]];
        const value = Math.fround(low + share * (high - low));
        const middle = (low + high) / 2;
        const nearest = value < middle ? low : value > middle ? high : half % 2 === 0 ? low : high;
        expect(fromHalf(toHalf(Float32Array.of(value, -value)))).toEqual(Float32Array.of(nearest, -nearest));
      }),
    );
    expect(fromHalf(toHalf(Float32Array.of(2048 + 1, 2048 + 3)))).toEqual(Float32Array.of(2048, 2052));
  });

  it('overflow to infinity from 65520 on', () => {
    expect([...fromHalf(toHalf(Float32Array.of(65519, 65520, -1e9)))]).toEqual([65504, Infinity, -Infinity]);
  });

  it('read from a view that is not aligned', () => {
    const bytes = new Uint8Array(9);
    bytes.set(toHalf(Float32Array.of(1, 2, 3, 4)), 1);
    expect(fromHalf(bytes.subarray(1))).toEqual(Float32Array.of(1, 2, 3, 4));
  });
});
