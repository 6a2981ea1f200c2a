/**
 * The latent space by its principal directions: the same for every member behind a checkpoint, so that places can be compared and do not
 * jump when a version lands. They are the axes along which replies differ most, by the posterior's mean head on features of unit
 * variance; the first two of them are the map.
 */
import { Random } from '../common/random.js';
import type { Checkpoint } from './checkpoint.js';
import type { PersonalEncoder } from './encoder.js';
import { dot, leadingEigenpairs, type Matrix, multiplyTransposed } from './linear-algebra.js';

/** Orthonormal directions, one a row [d, d], strongest first. */
export type TasteDirections = Matrix;

/** Eigenvectors of W Wᵀ for the mean head's weight W [d, k]; each one's largest entry is positive. */
export function tasteDirections({
  meanHead,
  latentSize,
}: Pick<Checkpoint, 'meanHead' | 'latentSize'>): TasteDirections {
  const columns = meanHead.weight.length / latentSize;
  const weight = { rows: latentSize, columns, data: Float64Array.from(meanHead.weight) };
  const square = multiplyTransposed(weight, weight);
  const map = (x: Float64Array, y: Float64Array) => {
    for (let row = 0; row < latentSize; row++) y[row] = dot(square.data, x, row * latentSize, 0, latentSize);
  };
  return leadingEigenpairs(map, latentSize, latentSize, new Random('taste directions')).vectors;
}

/** A latent's coordinates along the directions, strongest first. The prior has mean 0 and variance 1 along each. */
export function coordinatesOf(directions: TasteDirections, latent: Float32Array): Float64Array {
  const { rows, columns, data } = directions;
  return Float64Array.from({ length: rows }, (_, row) => dot(data, latent, row * columns, 0, columns));
}

/** The encoder with its mean moved along the directions by so much each; directions that are not named stay. */
export function movedEncoder(
  encoder: PersonalEncoder,
  directions: TasteDirections,
  offsets: readonly number[],
): PersonalEncoder {
  const mean = encoder.mean.slice();
  offsets.forEach((offset, row) => {
    for (let i = 0; i < mean.length; i++) mean[i] += offset * directions.data[row * directions.columns + i];
  });
  return { ...encoder, mean };
}
