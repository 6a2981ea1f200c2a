import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import {
  leadingEigenpairs,
  type Matrix,
  multiply,
  multiplyTransposed,
  solvePositiveDefinite,
} from '../../src/learning/linear-algebra.js';
import { identity, jacobiEigen, product, solve, type Table, transpose } from './textbook.js';

const random = new Random('linear algebra');
const randomTable = (rows: number, columns: number): Table =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));
const matrixOf = (table: Table): Matrix => ({
  rows: table.length,
  columns: table[0].length,
  data: Float64Array.from(table.flat()),
});
const tableOf = ({ rows, columns, data }: Matrix): Table =>
  Array.from({ length: rows }, (_, r) => [...data.subarray(r * columns, (r + 1) * columns)]);

function expectClose(actual: Table, expected: Table, digits = 9): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((row, r) => {
    row.forEach((value, c) => {
      expect(value).toBeCloseTo(expected[r][c], digits);
    });
  });
}

const mapOf = (table: Table) => (x: Float64Array, y: Float64Array) => {
  table.forEach((row, r) => {
    y[r] = row.reduce((sum, value, i) => sum + value * x[i], 0);
  });
};

describe('linear algebra', () => {
  it('multiplies as the textbook does', () => {
    const [a, b] = [randomTable(5, 7), randomTable(7, 6)];
    expectClose(tableOf(multiply(matrixOf(a), matrixOf(b))), product(a, b));
    expectClose(tableOf(multiplyTransposed(matrixOf(a), matrixOf(transpose(b)))), product(a, b));
  });

  it('solves positive definite systems', () => {
    const root = randomTable(9, 9);
    const a = product(root, transpose(root)).map((row, i) => row.map((value, j) => value + (i === j ? 0.5 : 0)));
    const rightSides = randomTable(3, 9);
    expectClose(
      tableOf(solvePositiveDefinite(matrixOf(a), matrixOf(rightSides))),
      transpose(solve(a, transpose(rightSides))),
    );
    const indefinite = matrixOf([
      [1, 2],
      [2, 1],
    ]);
    expect(() => solvePositiveDefinite(indefinite, indefinite)).toThrow(/not positive definite/);
  });

  it('finds the leading eigenvectors that Jacobi rotations find', () => {
    const root = randomTable(16, 16).map((row, i) => row.map((value) => value / (1 + i)));
    const a = product(root, transpose(root));
    const { values, vectors } = leadingEigenpairs(mapOf(a), 16, 6, new Random('start'));
    const exact = jacobiEigen(a);
    expectClose([[...values]], [exact.values.slice(0, 6)]);
    tableOf(vectors).forEach((vector, k) => {
      const cosine = vector.reduce((sum, value, i) => sum + value * exact.vectors[k][i], 0);
      expect(Math.abs(cosine)).toBeCloseTo(1, 9);
      expect(Math.max(...vector)).toBe(Math.max(...vector.map(Math.abs)));
    });
  });

  it('stops early on a large matrix with residuals below the tolerance', () => {
    const size = 400;
    const spectrum = Float64Array.from({ length: size }, (_, i) => 1 / (1 + i));
    const shear = random.normals(size).map((value) => value / Math.sqrt(size));
    const norm = shear.reduce((sum, value) => sum + value * value, 0);
    let calls = 0;
    // A Householder reflection of a diagonal matrix: eigenvalues known, eigenvectors dense.
    const reflect = (x: Float64Array) => {
      const along = (2 * x.reduce((sum, value, i) => sum + value * shear[i], 0)) / norm;
      return x.map((value, i) => value - along * shear[i]);
    };
    const map = (x: Float64Array, y: Float64Array) => {
      calls++;
      y.set(reflect(reflect(x).map((value, i) => value * spectrum[i])));
    };
    const { values, vectors } = leadingEigenpairs(map, size, 20, new Random('start'));
    expect(calls).toBeLessThan(150);
    tableOf(vectors).forEach((vector, k) => {
      expect(values[k]).toBeCloseTo(spectrum[k], 9);
      const image = new Float64Array(size);
      map(Float64Array.from(vector), image);
      expect(Math.hypot(...image.map((value, i) => value - values[k] * vector[i]))).toBeLessThan(2e-7);
    });
  });

  it('finds repeated eigenvalues and whole null spaces', () => {
    const diagonal = [3, 3, 3, 1, 0, 0, 0, 0];
    const map = (x: Float64Array, y: Float64Array) => y.set(x.map((value, i) => value * diagonal[i]));
    const { values, vectors } = leadingEigenpairs(map, 8, 8, new Random('start'));
    expectClose([[...values]], [diagonal]);
    const table = tableOf(vectors);
    expectClose(product(table, transpose(table)), identity(8));
  });
});
