/** Directions that the response is trained and measured along (docs/method.md 2, response). */
import type { Random } from '../../../common/random.js';

/** A direction of length 1, its k-th number of variance proportional to 1/k: most along what replies vary in most. */
export function drawDirection(random: Random, size: number): Float32Array {
  const drawn = random.normals(size).map((value, k) => value / Math.sqrt(k + 1));
  const length = Math.sqrt(drawn.reduce((sum, value) => sum + value * value, 0));
  return drawn.map((value) => value / length);
}
