/**
 * Fits the fixed part of the posterior encoder (docs/method.md 1 and 2): reply features less what a ridge regression on the
 * prompt's features predicts, on the whitened principal directions of the variation within prompts.
 */
import { PalateError } from '../common/errors.js';
import { Random } from '../common/random.js';
import {
  addToDiagonal,
  dot,
  leadingEigenpairs,
  type Matrix,
  multiply,
  multiplyTransposed,
  type SymmetricMap,
  select,
  solvePositiveDefinite,
  zeros,
} from './linear-algebra.js';
import type { Projection } from './posterior.js';

export interface ProjectionOptions {
  /** Ridge penalty on the unscaled Gram matrix of prompt features. */
  lambda?: number;
  /** Training rows are predicted by regressions that did not see their prompt: prompt i is in fold i mod folds. */
  folds?: number;
  /** Directions kept. */
  principal?: number;
}

export interface FittedProjection extends Projection {
  /** Cross-fitted whitened rows, [prompts][replies][principal]: what the encoder meets in service. */
  readonly white: Float32Array[][];
  /** Share of the variation between prompts that the cross-fitted regression predicts. */
  readonly r2: number;
  /** Share of the variation within prompts that the kept directions hold. */
  readonly explained: number;
}

/**
 * replyFeatures [P][R][F] and promptFeatures [P][F] of training prompts only (leave validation prompts out); R may differ
 * between prompts. Deterministic. BAD_USER_INPUT when the replies vary in fewer directions than asked for.
 */
export function fitProjection(
  replyFeatures: readonly (readonly Float32Array[])[],
  promptFeatures: readonly Float32Array[],
  { lambda = 10, folds = 5, principal = 128 }: ProjectionOptions = {},
): FittedProjection {
  const centre = mean(replyFeatures.flat());
  const promptCentre = mean(promptFeatures);
  const promptMeans = replyFeatures.map((replies) => mean(replies));
  const { directions, explained } = whiteningDirections(replyFeatures, promptMeans, principal);

  const prompts = centredRows(promptFeatures, promptCentre); // [P, F]
  const targets = centredRows(promptMeans, centre); // [P, F]
  const gram = multiplyTransposed(prompts, prompts); // [P, P]
  const crossFitted = multiply(crossFittedHat(gram, lambda, folds), targets);
  const projectedTargets = multiplyTransposed(directions, targets); // [K, P]
  // Ridge in its dual form: W = promptsᵀ (gram + λ I)⁻¹ targets; composed with the projection it is K x F.
  const promptProjection = multiply(solvePositiveDefinite(addToDiagonal(gram, lambda), projectedTargets), prompts);

  return {
    replyProjection: Float32Array.from(directions.data),
    replyOffset: Float32Array.from(product(directions, centre), (value) => -value),
    promptProjection: Float32Array.from(promptProjection.data),
    promptOffset: Float32Array.from(product(promptProjection, promptCentre), (value) => -value),
    white: whiteRows(replyFeatures, centre, directions, multiplyTransposed(crossFitted, directions)),
    r2: 1 - squaredDistance(targets.data, crossFitted.data) / dot(targets.data, targets.data),
    explained,
  };
}

/** Principal directions of replies minus their prompt's mean, each divided by its standard deviation: [K, F]. */
function whiteningDirections(
  replyFeatures: readonly (readonly Float32Array[])[],
  promptMeans: readonly Float64Array[],
  principal: number,
): { directions: Matrix; explained: number } {
  const size = promptMeans[0].length;
  const count = replyFeatures.reduce((sum, replies) => sum + replies.length, 0);
  const rows = new Float32Array(count * size);
  let at = 0;
  replyFeatures.forEach((replies, p) => {
    for (const reply of replies) for (let i = 0; i < size; i++) rows[at++] = reply[i] - promptMeans[p][i];
  });
  const total = dot(rows, rows) / count;
  const kept = Math.min(principal, size);
  const { values, vectors } = leadingEigenpairs(covarianceMap(rows, count, size), size, kept, new Random('projection'));
  const rank = values.findIndex((value) => !(value > 1e-9 * values[0]));
  if (principal > size || rank !== -1) {
    const found = rank === -1 ? size : rank;
    throw new PalateError(
      'BAD_USER_INPUT',
      `The replies vary in ${found} directions, ${principal} were asked for. Sample more replies or keep fewer directions.`,
    );
  }
  for (let k = 0; k < kept; k++) {
    const scale = 1 / Math.sqrt(values[k]);
    for (let i = 0; i < size; i++) vectors.data[k * size + i] *= scale;
  }
  return { directions: vectors, explained: values.reduce((a, b) => a + b) / total };
}

/** x -> (1/n) Σ row rowᵀ x without forming the covariance; four rows at a time share the loads of x and y. */
function covarianceMap(rows: Float32Array, count: number, size: number): SymmetricMap {
  return (x, y) => {
    y.fill(0);
    let r = 0;
    for (; r + 4 <= count; r += 4) {
      const [a, b, c, d] = [r * size, (r + 1) * size, (r + 2) * size, (r + 3) * size];
      let [pa, pb, pc, pd] = [0, 0, 0, 0];
      for (let i = 0; i < size; i++) {
        const value = x[i];
        pa += rows[a + i] * value;
        pb += rows[b + i] * value;
        pc += rows[c + i] * value;
        pd += rows[d + i] * value;
      }
      for (let i = 0; i < size; i++) {
        y[i] += pa * rows[a + i] + pb * rows[b + i] + (pc * rows[c + i] + pd * rows[d + i]);
      }
    }
    for (; r < count; r++) {
      const share = dot(rows, x, r * size, 0, size);
      for (let i = 0; i < size; i++) y[i] += share * rows[r * size + i];
    }
    for (let i = 0; i < size; i++) y[i] /= count;
  };
}

/** Row p holds the weights with which the targets of the OTHER folds' prompts predict prompt p: [P, P]. */
function crossFittedHat(gram: Matrix, lambda: number, folds: number): Matrix {
  const prompts = Array.from({ length: gram.rows }, (_, p) => p);
  const hat = zeros(gram.rows, gram.rows);
  for (let fold = 0; fold < folds; fold++) {
    const held = prompts.filter((p) => p % folds === fold);
    const fitted = prompts.filter((p) => p % folds !== fold);
    const kernel = addToDiagonal(select(gram, fitted, fitted), lambda);
    const weights = solvePositiveDefinite(kernel, select(gram, held, fitted));
    held.forEach((row, r) => {
      fitted.forEach((column, c) => {
        hat.data[row * gram.rows + column] = weights.data[r * fitted.length + c];
      });
    });
  }
  return hat;
}

/** (reply - centre) on the directions, less the prediction [P, K] for its prompt. */
function whiteRows(
  replyFeatures: readonly (readonly Float32Array[])[],
  centre: Float64Array,
  directions: Matrix,
  predicted: Matrix,
): Float32Array[][] {
  return replyFeatures.map((replies, p) => {
    const prediction = predicted.data.subarray(p * predicted.columns, (p + 1) * predicted.columns);
    const projected = multiplyTransposed(centredRows(replies, centre), directions);
    return replies.map((_, r) =>
      Float32Array.from(prediction, (value, k) => projected.data[r * directions.rows + k] - value),
    );
  });
}

function mean(rows: readonly Float32Array[]): Float64Array {
  const sum = new Float64Array(rows[0].length);
  for (const row of rows) for (let i = 0; i < sum.length; i++) sum[i] += row[i];
  return sum.map((value) => value / rows.length);
}

function centredRows(rows: readonly (Float32Array | Float64Array)[], centre: Float64Array): Matrix {
  const out = zeros(rows.length, centre.length);
  rows.forEach((row, r) => {
    for (let i = 0; i < centre.length; i++) out.data[r * centre.length + i] = row[i] - centre[i];
  });
  return out;
}

function product(a: Matrix, x: Float64Array): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, r) => dot(a.data, x, r * a.columns, 0, a.columns));
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}
