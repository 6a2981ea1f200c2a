/** The key/value cache that the caller of the decode graph owns: one row of positions a slot, of one capacity for all. */

import { allFinite } from '../common/finite.js';

export interface CacheShape {
  layers: number;
  kvHeads: number;
  headSize: number;
}

/** Keys and values of one text, a pair a layer, each [kvHeads, length, headSize]. */
export interface KeyValues {
  keys: Float32Array[];
  values: Float32Array[];
  length: number;
}

/** Positions are added in steps of this many, so that the decode graph reads little that is masked. */
const CAPACITY_STEP = 64;

export class KeyValueCache {
  readonly keys: Float32Array[] = [];
  readonly values: Float32Array[] = [];
  capacity = 0;

  constructor(
    readonly shape: CacheShape,
    readonly slots: number,
  ) {}

  /** Makes room for `positions` in every slot, keeping what the first `used` slots hold. Shrinks when nothing is held. */
  reserve(positions: number, used: number): void {
    const wanted = Math.ceil(positions / CAPACITY_STEP) * CAPACITY_STEP;
    if (wanted <= this.capacity && (used > 0 || wanted > this.capacity / 4)) return;
    for (let layer = 0; layer < this.shape.layers; layer++) {
      this.keys[layer] = this.relayout(this.keys[layer], wanted, used);
      this.values[layer] = this.relayout(this.values[layer], wanted, used);
    }
    this.capacity = wanted;
  }

  private relayout(old: Float32Array | undefined, capacity: number, used: number): Float32Array {
    const { kvHeads, headSize } = this.shape;
    const fresh = new Float32Array(this.slots * kvHeads * capacity * headSize);
    if (!old) return fresh;
    for (let row = 0; row < used * kvHeads; row++) {
      const from = row * this.capacity * headSize;
      fresh.set(old.subarray(from, from + this.capacity * headSize), row * capacity * headSize);
    }
    return fresh;
  }

  /** Writes a text's keys and values into a slot from `position` on. `row` picks one row of a batched source. */
  write(slot: number, position: number, source: KeyValues, row = 0): void {
    const { layers, kvHeads, headSize } = this.shape;
    const span = source.length * headSize;
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < kvHeads; head++) {
        const from = (row * kvHeads + head) * span;
        const to = ((slot * kvHeads + head) * this.capacity + position) * headSize;
        this.keys[layer].set(source.keys[layer].subarray(from, from + span), to);
        this.values[layer].set(source.values[layer].subarray(from, from + span), to);
      }
    }
  }

  /** Moves a slot's content over another's. */
  move(from: number, to: number): void {
    const size = this.slotSize;
    for (const arrays of [this.keys, this.values]) {
      for (const array of arrays) array.copyWithin(to * size, from * size, (from + 1) * size);
    }
  }

  /** Leaves nothing of what a slot held: a mask hides a position's score, not what a huge or broken number does to it. */
  clear(slot: number): void {
    for (const arrays of [this.keys, this.values]) {
      for (const array of arrays) array.fill(0, slot * this.slotSize, (slot + 1) * this.slotSize);
    }
  }

  /** `rows` slots of one layer's array from `first` on, without a copy: [rows, kvHeads, capacity, headSize]. */
  view(array: Float32Array, rows: number, first = 0): Float32Array {
    return array.subarray(first * this.slotSize, (first + rows) * this.slotSize);
  }

  private get slotSize(): number {
    return this.shape.kvHeads * this.capacity * this.shape.headSize;
  }
}

/** Whether keys and values hold nothing but finite numbers. */
export function finiteKeyValues({ keys, values }: KeyValues): boolean {
  return keys.every((array) => allFinite(array)) && values.every((array) => allFinite(array));
}

/** One row of keys and values that were computed for several. */
export function rowOf({ keys, values, length }: KeyValues, row: number, { kvHeads, headSize }: CacheShape): KeyValues {
  const size = kvHeads * length * headSize;
  const pick = (array: Float32Array) => array.subarray(row * size, (row + 1) * size);
  return { keys: keys.map(pick), values: values.map(pick), length };
}
