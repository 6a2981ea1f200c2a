/** The order of rows under rotary position embedding: files keep neighbouring pairs, the graphs take halves. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { unpermuteRows } from '../../src/language-model/gguf.js';
import { interleaveRows } from './gguf-writer.js';

describe('unpermuteRows', () => {
  it('turns attention over neighbouring pairs into the same attention over halves', () => {
    const [headSize, columns] = [8, 4];
    const random = new Random(3);
    const stored = [random.normals(headSize * columns), random.normals(headSize * columns)];
    const [query, key] = stored.map((rows) => product(rows, random.normals(columns)));
    const inputs = stored.map(
      (rows) => new Float32Array(unpermuteRows(new Uint8Array(rows.buffer), columns * 4, headSize).buffer),
    );
    const again = new Random(3);
    again.normals(2 * headSize * columns);
    const [halfQuery, halfKey] = inputs.map((rows) => product(rows, again.normals(columns)));
    for (const [p, q] of [
      [0, 0],
      [5, 2],
      [40, 7],
    ]) {
      const neighbours = dot(rotate(query, p, neighbouringPairs), rotate(key, q, neighbouringPairs));
      expect(dot(rotate(halfQuery, p, halves), rotate(halfKey, q, halves))).toBeCloseTo(neighbours, 10);
    }
  });

  it('undoes the order in which files are written', () => {
    const rows = Uint8Array.from({ length: 2 * 6 * 3 }, (_, i) => i);
    expect(unpermuteRows(interleaveRows(rows, 12, 6), 3, 6)).toEqual(rows);
  });
});

type Pairing = (pair: number, size: number) => [first: number, second: number];
const neighbouringPairs: Pairing = (pair) => [2 * pair, 2 * pair + 1];
const halves: Pairing = (pair, size) => [pair, pair + size / 2];

/** Rotary position embedding: pair i turns by position * 10000^(-2i/size). */
function rotate(vector: number[], position: number, pairing: Pairing): number[] {
  const out = [...vector];
  for (let pair = 0; pair < vector.length / 2; pair++) {
    const [a, b] = pairing(pair, vector.length);
    const angle = position * 10000 ** ((-2 * pair) / vector.length);
    out[a] = vector[a] * Math.cos(angle) - vector[b] * Math.sin(angle);
    out[b] = vector[a] * Math.sin(angle) + vector[b] * Math.cos(angle);
  }
  return out;
}

function product(rows: Float32Array, x: Float32Array): number[] {
  const out = new Array<number>(rows.length / x.length).fill(0);
  rows.forEach((weight, i) => {
    out[Math.floor(i / x.length)] += weight * x[i % x.length];
  });
  return out;
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
