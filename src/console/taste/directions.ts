/** Directions of taste as people meet them: by a name that stays, in an order that stays. */
import type { TasteMap } from '../../client/index.js';

type Direction = Pick<TasteMap['directions'][number], 'index' | 'value'>;

/** The same for every member and every version: only another model or checkpoint has other directions. */
export function nameOfDirection(index: number): string {
  return `Direction ${index + 1}`;
}

/**
 * In the order of their names. One that has been moved by hand stays, also when the taste is no longer among its strongest.
 * @param moved indexes
 */
export function shownDirections(strongest: readonly Direction[], moved: readonly number[]): Direction[] {
  const kept = moved.filter((index) => strongest.every((direction) => direction.index !== index));
  const others = kept.map((index) => ({ index, value: Number.NaN }));
  return [...strongest, ...others].sort((a, b) => a.index - b.index);
}

/** Where a taste lies along a direction. Untrained tastes are spread around 0 with a deviation of 1. */
export function leaning(value: number): string {
  const far = Math.abs(value);
  if (Number.isNaN(value)) return '';
  if (far < 0.25) return 'your taste: in the middle';
  const how = far < 1 ? 'a little' : far < 2 ? 'clearly' : 'far';
  return `your taste: ${how} to the ${value < 0 ? 'left' : 'right'}`;
}
