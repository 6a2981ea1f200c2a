import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { coordinatesOf, movedEncoder, tasteDirections } from '../../src/learning/directions.js';
import { priorEncoder } from '../../src/learning/encoder.js';

const [d, k] = [6, 10];

/** A mean head that writes mostly along its first row, then its second, and so on. */
function meanHead(seed: string) {
  const random = new Random(seed);
  const weight = Float32Array.from({ length: d * k }, (_, i) => random.normal() * 0.5 ** Math.floor(i / k));
  return { weight, bias: new Float32Array(d) };
}

const directions = tasteDirections({ meanHead: meanHead('a'), latentSize: d });
const row = (i: number) => directions.data.subarray(i * d, (i + 1) * d);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);

describe('the directions of a taste', () => {
  it('are perpendicular, of length 1, and as many as a latent has numbers', () => {
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) expect(dot(row(i), row(j))).toBeCloseTo(i === j ? 1 : 0, 6);
    }
  });

  it('come by how much replies differ along them', () => {
    const { weight } = meanHead('a');
    const spread = (direction: ArrayLike<number>) =>
      Array.from(
        { length: k },
        (_, c) => Array.from(direction).reduce((sum, x, r) => sum + x * weight[r * k + c], 0) ** 2,
      ).reduce((a, b) => a + b);
    const spreads = Array.from({ length: d }, (_, i) => spread(row(i)));
    expect(spreads).toEqual(spreads.toSorted((a, b) => b - a));
    const random = new Random('other directions');
    for (let i = 0; i < 20; i++) {
      const other = Array.from({ length: d }, () => random.normal());
      const length = Math.sqrt(dot(other, other));
      expect(spread(other.map((x) => x / length))).toBeLessThanOrEqual(spreads[0] + 1e-6);
    }
  });

  it('are the same each time, and others behind another checkpoint', () => {
    expect(tasteDirections({ meanHead: meanHead('a'), latentSize: d })).toEqual(directions);
    expect(tasteDirections({ meanHead: meanHead('b'), latentSize: d })).not.toEqual(directions);
  });

  it('keep lengths: coordinates are the latent turned', () => {
    const latent = new Random('z').normals(d);
    const coordinates = coordinatesOf(directions, latent);
    expect(dot(coordinates, coordinates)).toBeCloseTo(dot(latent, latent), 4);
  });

  it('move an encoder by so much along each, and nothing else', () => {
    const moved = movedEncoder(priorEncoder(d), directions, [0, 1.5, 0, -2]);
    const coordinates = [...coordinatesOf(directions, moved.mean)];
    [0, 1.5, 0, -2, 0, 0].forEach((expected, i) => expect(coordinates[i]).toBeCloseTo(expected, 5));
    expect(moved.logVariance).toEqual(priorEncoder(d).logVariance);
  });
});
