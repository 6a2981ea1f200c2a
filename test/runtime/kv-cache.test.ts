/** The cache of keys and values: every number stays where it was put, whatever the capacity does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheShape, KeyValueCache, type KeyValues } from '../../src/runtime/kv-cache.js';

const SHAPE: CacheShape = { layers: 2, kvHeads: 3, headSize: 4 };

/** Keys and values whose every number tells its row, layer, head, position and component. */
function numbered(rows: number, length: number, first = 0): KeyValues {
  const { layers, kvHeads, headSize } = SHAPE;
  const layer = (base: number) =>
    Float32Array.from({ length: rows * kvHeads * length * headSize }, (_, i) => base + first + i);
  return {
    keys: Array.from({ length: layers }, (_, l) => layer(1000 * l)),
    values: Array.from({ length: layers }, (_, l) => layer(100_000 + 1000 * l)),
    length,
  };
}

/** What the cache holds of a slot, position by position, in the layout of a text's keys and values. */
function held(cache: KeyValueCache, slot: number, position: number, length: number): KeyValues {
  const { kvHeads, headSize } = SHAPE;
  const read = (array: Float32Array) => {
    const out: number[] = [];
    for (let head = 0; head < kvHeads; head++) {
      const start = ((slot * kvHeads + head) * cache.capacity + position) * headSize;
      out.push(...array.subarray(start, start + length * headSize));
    }
    return Float32Array.from(out);
  };
  return { keys: cache.keys.map(read), values: cache.values.map(read), length };
}

function rowOf(source: KeyValues, row: number): KeyValues {
  const size = SHAPE.kvHeads * source.length * SHAPE.headSize;
  const cut = (array: Float32Array) => array.slice(row * size, (row + 1) * size);
  return { keys: source.keys.map(cut), values: source.values.map(cut), length: source.length };
}

describe('KeyValueCache', () => {
  it('makes room in whole steps and begins empty', () => {
    const cache = new KeyValueCache(SHAPE, 4);
    cache.reserve(1, 0);
    expect(cache.capacity).toBe(64);
    cache.reserve(65, 0);
    expect(cache.capacity).toBe(128);
    expect(cache.keys.map((keys) => keys.length)).toEqual([4 * 3 * 128 * 4, 4 * 3 * 128 * 4]);
    expect(cache.values[1].every((value) => value === 0)).toBe(true);
  });

  it('holds what is written at a position, beside what was there', () => {
    const cache = new KeyValueCache(SHAPE, 3);
    cache.reserve(40, 0);
    cache.write(1, 0, numbered(1, 10));
    cache.write(1, 10, numbered(1, 4, 500));
    expect(held(cache, 1, 0, 10)).toEqual(numbered(1, 10));
    expect(held(cache, 1, 10, 4)).toEqual(numbered(1, 4, 500));
    expect(held(cache, 0, 0, 64).keys[0].every((key) => key === 0)).toBe(true);
    expect(held(cache, 2, 0, 64).keys[0].every((key) => key === 0)).toBe(true);
  });

  it('writes one row of a batch', () => {
    const cache = new KeyValueCache(SHAPE, 2);
    cache.reserve(8, 0);
    const batch = numbered(3, 2);
    cache.write(0, 5, batch, 2);
    expect(held(cache, 0, 5, 2)).toEqual(rowOf(batch, 2));
  });

  it('keeps the used slots when it grows', () => {
    const cache = new KeyValueCache(SHAPE, 3);
    cache.reserve(64, 0);
    for (const slot of [0, 1, 2]) cache.write(slot, 0, numbered(1, 64, slot * 10));
    cache.reserve(200, 2);
    expect(cache.capacity).toBe(256);
    for (const slot of [0, 1]) expect(held(cache, slot, 0, 64)).toEqual(numbered(1, 64, slot * 10));
  });

  it('does not shrink under what it holds, but does when it holds nothing', () => {
    const cache = new KeyValueCache(SHAPE, 2);
    cache.reserve(512, 0);
    cache.write(0, 0, numbered(1, 3));
    cache.reserve(10, 1);
    expect(cache.capacity).toBe(512);
    expect(held(cache, 0, 0, 3)).toEqual(numbered(1, 3));
    cache.reserve(300, 0);
    expect(cache.capacity).toBe(512);
    cache.reserve(10, 0);
    expect(cache.capacity).toBe(64);
  });

  it('moves a slot over another', () => {
    const cache = new KeyValueCache(SHAPE, 3);
    cache.reserve(20, 0);
    for (const slot of [0, 1, 2]) cache.write(slot, 0, numbered(1, 20, slot * 10));
    cache.move(2, 0);
    expect(held(cache, 0, 0, 20)).toEqual(numbered(1, 20, 20));
    expect(held(cache, 1, 0, 20)).toEqual(numbered(1, 20, 10));
  });

  it('clears one slot to its last position', () => {
    const cache = new KeyValueCache(SHAPE, 3);
    cache.reserve(64, 0);
    for (const slot of [0, 1, 2]) cache.write(slot, 0, numbered(1, 64, slot * 10));
    for (const array of [...cache.keys, ...cache.values]) array[3 * 64 * 4 + 7] = Number.NaN;
    cache.clear(1);
    for (const array of [held(cache, 1, 0, 64)].flatMap(({ keys, values }) => [...keys, ...values])) {
      expect(array.every((value) => value === 0)).toBe(true);
    }
    for (const slot of [0, 2]) expect(held(cache, slot, 0, 64)).toEqual(numbered(1, 64, slot * 10));
  });

  it('shows slots without a copy', () => {
    const cache = new KeyValueCache(SHAPE, 3);
    cache.reserve(20, 0);
    const view = cache.view(cache.keys[1], 2);
    expect(view.length).toBe(2 * 3 * 64 * 4);
    cache.write(1, 0, numbered(1, 1));
    expect(view[3 * 64 * 4]).toBe(numbered(1, 1).keys[1][0]);
    expect(cache.view(cache.keys[1], 1, 1)).toEqual(view.subarray(3 * 64 * 4));
  });

  it('holds the texts of rows that come, grow and go, whatever the order', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('come' as const), length: fc.integer({ min: 1, max: 90 }) }),
      fc.record({ kind: fc.constant('grow' as const), pick: fc.nat(), length: fc.integer({ min: 1, max: 70 }) }),
      fc.record({ kind: fc.constant('go' as const), pick: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
        const slots = 4;
        const cache = new KeyValueCache(SHAPE, slots);
        const rows: { length: number; parts: { at: number; data: KeyValues }[] }[] = [];
        let serial = 0;
        const put = (slot: number, length: number) => {
          const row = rows[slot];
          cache.reserve(Math.max(row.length + length, ...rows.map((other) => other.length)), rows.length);
          const data = numbered(1, length, serial++ * 7);
          cache.write(slot, row.length, data);
          row.parts.push({ at: row.length, data });
          row.length += length;
        };
        for (const step of actions) {
          if (step.kind === 'come' && rows.length < slots) {
            rows.push({ length: 0, parts: [] });
            put(rows.length - 1, step.length);
          } else if (step.kind === 'grow' && rows.length > 0) put(step.pick % rows.length, step.length);
          else if (step.kind === 'go' && rows.length > 0) {
            const slot = step.pick % rows.length;
            cache.move(rows.length - 1, slot);
            rows[slot] = rows[rows.length - 1];
            rows.pop();
          }
        }
        rows.forEach((row, slot) => {
          for (const { at, data } of row.parts) expect(held(cache, slot, at, data.length)).toEqual(data);
        });
      }),
      { numRuns: 60 },
    );
  });
});
