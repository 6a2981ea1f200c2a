/** Slow textbook linear algebra on arrays of arrays, to check the fast kind against. */

export type Table = number[][];

export const transpose = (a: Table): Table => a[0].map((_, c) => a.map((row) => row[c]));

export const product = (a: Table, b: Table): Table =>
  a.map((row) => transpose(b).map((column) => row.reduce((sum, value, i) => sum + value * column[i], 0)));

export const identity = (size: number): Table =>
  Array.from({ length: size }, (_, r) => Array.from({ length: size }, (_, c) => Number(r === c)));

/** X with A X = B by Gaussian elimination with partial pivoting. */
export function solve(a: Table, b: Table): Table {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]]);
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c; r < n; r++) if (Math.abs(rows[r][c]) > Math.abs(rows[pivot][c])) pivot = r;
    [rows[c], rows[pivot]] = [rows[pivot], rows[c]];
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = rows[r][c] / rows[c][c];
      rows[r] = rows[r].map((value, i) => value - factor * rows[c][i]);
    }
  }
  return rows.map((row, i) => row.slice(n).map((value) => value / row[i]));
}

/** Eigenvalues (descending) and unit eigenvectors (rows) of a symmetric matrix by cyclic Jacobi rotations. */
export function jacobiEigen(matrix: Table): { values: number[]; vectors: Table } {
  const n = matrix.length;
  let a = matrix;
  let v = identity(n);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p][q]) < 1e-15) continue;
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const rotation = identity(n);
        rotation[p][p] = Math.cos(angle);
        rotation[q][q] = Math.cos(angle);
        rotation[p][q] = Math.sin(angle);
        rotation[q][p] = -Math.sin(angle);
        a = product(transpose(rotation), product(a, rotation));
        v = product(v, rotation);
      }
    }
  }
  const columns = transpose(v);
  const order = a.map((_, i) => i).sort((x, y) => a[y][y] - a[x][x]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => columns[i]) };
}
