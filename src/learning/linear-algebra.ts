/** The little dense linear algebra that fitting a projection needs: products, Cholesky, leading eigenvectors (Lanczos). */
import { PalateError } from '../common/errors.js';
import type { Random } from '../common/random.js';

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

type Numbers = Float64Array | Float32Array;

export function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) };
}

/** Inner product of `length` numbers. */
export function dot(a: Numbers, b: Numbers, aStart = 0, bStart = 0, length = b.length): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    s0 += a[aStart + i] * b[bStart + i];
    s1 += a[aStart + i + 1] * b[bStart + i + 1];
    s2 += a[aStart + i + 2] * b[bStart + i + 2];
    s3 += a[aStart + i + 3] * b[bStart + i + 3];
  }
  for (; i < length; i++) s0 += a[aStart + i] * b[bStart + i];
  return s0 + s1 + (s2 + s3);
}

/** y += alpha x */
export function addScaled(y: Float64Array, x: Numbers, alpha: number): void {
  for (let i = 0; i < y.length; i++) y[i] += alpha * x[i];
}

/** a bᵀ; both row-major with equally many columns. */
export function multiplyTransposed(a: Matrix, b: Matrix): Matrix {
  const out = zeros(a.rows, b.rows);
  const inner = a.columns;
  for (let r = 0; r < a.rows; r++) {
    for (let c = 0; c < b.rows; c++) out.data[r * b.rows + c] = dot(a.data, b.data, r * inner, c * inner, inner);
  }
  return out;
}

/** a aᵀ, symmetric to the last bit. */
export function gram({ rows, columns, data }: Matrix): Matrix {
  const out = zeros(rows, rows);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c <= r; c++) {
      out.data[r * rows + c] = dot(data, data, r * columns, c * columns, columns);
      out.data[c * rows + r] = out.data[r * rows + c];
    }
  }
  return out;
}

/** a b */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const out = zeros(a.rows, b.columns);
  for (let r = 0; r < a.rows; r++) {
    const row = out.data.subarray(r * b.columns, (r + 1) * b.columns);
    for (let i = 0; i < a.columns; i++) {
      addScaled(row, b.data.subarray(i * b.columns, (i + 1) * b.columns), a.data[r * a.columns + i]);
    }
  }
  return out;
}

/** The rows and columns of `a` with the given indices. */
export function select(a: Matrix, rows: readonly number[], columns: readonly number[]): Matrix {
  const out = zeros(rows.length, columns.length);
  rows.forEach((row, r) => {
    columns.forEach((column, c) => {
      out.data[r * columns.length + c] = a.data[row * a.columns + column];
    });
  });
  return out;
}

/** a + ridge I, for a square matrix. */
export function addToDiagonal(a: Matrix, ridge: number): Matrix {
  const out = { ...a, data: a.data.slice() };
  for (let i = 0; i < a.rows; i++) out.data[i * a.rows + i] += ridge;
  return out;
}

/** Xᵀ with A X = Bᵀ for a symmetric positive definite A; right-hand sides and solutions are ROWS. INTERNAL if A is not. */
export function solvePositiveDefinite(a: Matrix, rightSides: Matrix): Matrix {
  const lower = choleskyFactor(a);
  if (!lower) throw new PalateError('INTERNAL', 'Matrix is not positive definite');
  return solveFactored(lower, rightSides);
}

/** The same where A = L Lᵀ has been factored. */
export function solveFactored(lower: Matrix, rightSides: Matrix): Matrix {
  const n = lower.rows;
  const out = { ...rightSides, data: rightSides.data.slice() };
  for (let r = 0; r < out.rows; r++) {
    const x = out.data.subarray(r * n, (r + 1) * n);
    for (let i = 0; i < n; i++) x[i] = (x[i] - dot(lower.data, x, i * n, 0, i)) / lower.data[i * n + i];
    for (let i = n - 1; i >= 0; i--) {
      x[i] /= lower.data[i * n + i];
      for (let j = 0; j < i; j++) x[j] -= lower.data[i * n + j] * x[i];
    }
  }
  return out;
}

/** The lower L with L Lᵀ = A, of which only the lower triangle is read; null where A is not positive definite. */
export function choleskyFactor(a: Matrix): Matrix | null {
  const n = a.rows;
  const lower = zeros(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = a.data[i * n + j] - dot(lower.data, lower.data, i * n, j * n, j);
      if (i === j && !(rest > 0)) return null;
      lower.data[i * n + j] = i === j ? Math.sqrt(rest) : rest / lower.data[j * n + j];
    }
  }
  return lower;
}

/** log det A of A = L Lᵀ. */
export function logDeterminant({ rows, data }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += 2 * Math.log(data[i * rows + i]);
  return sum;
}

/** A⁻¹ of A = L Lᵀ, symmetric to the last bit. */
export function inverseFactored(lower: Matrix): Matrix {
  const n = lower.rows;
  const out = solveFactored(lower, diagonalMatrix(new Float64Array(n).fill(1)));
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out.data[j * n + i] = out.data[i * n + j];
  return out;
}

/** The square matrix with these values on its diagonal and zeros elsewhere. */
export function diagonalMatrix(values: ArrayLike<number>): Matrix {
  const out = zeros(values.length, values.length);
  for (let i = 0; i < values.length; i++) out.data[i * (values.length + 1)] = values[i];
  return out;
}

/** A symmetric linear map: writes A x into y. */
export type SymmetricMap = (x: Float64Array, y: Float64Array) => void;

export interface EigenPairs {
  /** Descending. */
  readonly values: Float64Array;
  /** One unit eigenvector a row; its largest entry is positive. */
  readonly vectors: Matrix;
}

/**
 * The `count` largest eigenvalues of a symmetric map with their vectors: Lanczos with full reorthogonalisation and a new
 * direction on breakdown (Golub and Van Loan, Matrix Computations, 10.1 and 10.3), until every residual |A v - λ v| is
 * below `tolerance` times the largest eigenvalue.
 */
export function leadingEigenpairs(
  map: SymmetricMap,
  size: number,
  count: number,
  random: Random,
  tolerance = 1e-7,
): EigenPairs {
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = []; // offDiagonal[i] couples i and i + 1
  let next = orthonormalise(
    Float64Array.from({ length: size }, () => random.normal()),
    basis,
  ).direction;
  let checkAt = Math.min(size, 2 * count + 8);
  for (;;) {
    const image = new Float64Array(size);
    map(next, image);
    basis.push(next);
    diagonal.push(dot(image, next));
    const rest = orthonormalise(image, basis);
    const coupling = rest.length > 1e-12 * largestMagnitude(diagonal) ? rest.length : 0;
    if (basis.length === checkAt || basis.length === size) {
      const lastRow = new Float64Array(basis.length);
      lastRow[basis.length - 1] = 1;
      const { values, rows } = tridiagonalEigen(diagonal, offDiagonal, [lastRow]);
      const converged = (i: number) => Math.abs(coupling * rows[0][i]) <= tolerance * Math.abs(values[0]);
      if (basis.length === size || Array.from({ length: count }, (_, i) => i).every(converged)) break;
      checkAt = Math.min(size, checkAt + Math.max(8, count >> 1));
    }
    offDiagonal.push(coupling);
    next =
      coupling > 0
        ? rest.direction
        : orthonormalise(
            Float64Array.from({ length: size }, () => random.normal()),
            basis,
          ).direction;
  }
  return ritzPairs(basis, diagonal, offDiagonal, count);
}

/** Removes what the basis spans, twice ("twice is enough", Kahan), and normalises; `length` is what was left. */
function orthonormalise(
  vector: Float64Array,
  basis: readonly Float64Array[],
): { direction: Float64Array; length: number } {
  for (let pass = 0; pass < 2; pass++) {
    for (const other of basis) addScaled(vector, other, -dot(vector, other));
  }
  const length = Math.sqrt(dot(vector, vector));
  return { direction: vector.map((value) => value / length), length };
}

function ritzPairs(basis: Float64Array[], diagonal: number[], offDiagonal: number[], count: number): EigenPairs {
  const steps = basis.length;
  const identity = basis.map((_, i) => {
    const row = new Float64Array(steps);
    row[i] = 1;
    return row;
  });
  const { values, rows } = tridiagonalEigen(diagonal, offDiagonal, identity);
  const vectors = zeros(Math.min(count, steps), basis[0].length);
  for (let k = 0; k < vectors.rows; k++) {
    const vector = vectors.data.subarray(k * vectors.columns, (k + 1) * vectors.columns);
    for (let i = 0; i < steps; i++) addScaled(vector, basis[i], rows[i][k]);
    const peak = vector.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    if (peak < 0) for (let i = 0; i < vector.length; i++) vector[i] = -vector[i];
  }
  return { values: values.slice(0, vectors.rows), vectors };
}

/**
 * Eigenvalues (descending) of a symmetric tridiagonal matrix by implicit QL with Wilkinson's shift; `rows` are rows of the
 * matrix whose columns are rotated along, so identity rows come back as rows of the eigenvector matrix.
 */
function tridiagonalEigen(diagonal: readonly number[], offDiagonal: readonly number[], rows: Float64Array[]) {
  const n = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = new Float64Array(n);
  e.set(offDiagonal.slice(0, n - 1));
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      if (sweep === 60) throw new PalateError('INTERNAL', 'The eigenvalue iteration did not converge');
      qlSweep(d, e, l, m, rows);
    }
  }
  const order = Array.from(d.keys()).sort((a, b) => d[b] - d[a]);
  return {
    values: Float64Array.from(order, (i) => d[i]),
    rows: rows.map((row) => Float64Array.from(order, (i) => row[i])),
  };
}

/** One implicit QL sweep over the unreduced block l..m. */
function qlSweep(d: Float64Array, e: Float64Array, l: number, m: number, rows: Float64Array[]): void {
  const half = (d[l + 1] - d[l]) / (2 * e[l]);
  let g = d[m] - d[l] + e[l] / (half + (half < 0 ? -1 : 1) * Math.hypot(half, 1));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const length = Math.hypot(f, g);
    e[i + 1] = length;
    if (length === 0) {
      d[i + 1] -= shift;
      e[m] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = d[i + 1] - shift;
    const r = (d[i] - g) * sine + 2 * cosine * b;
    shift = sine * r;
    d[i + 1] = g + shift;
    g = cosine * r - b;
    for (const row of rows) {
      const right = row[i + 1];
      row[i + 1] = sine * row[i] + cosine * right;
      row[i] = cosine * row[i] - sine * right;
    }
  }
  d[l] -= shift;
  e[l] = g;
  e[m] = 0;
}

const largestMagnitude = (values: readonly number[]): number =>
  values.reduce((best, value) => Math.max(best, Math.abs(value)), 0);
