import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { projectPrompt, projectReply } from '../../src/learning/posterior.js';
import { fitProjection } from '../../src/learning/projection.js';
import { jacobiEigen, product, solve, type Table, transpose } from './textbook.js';

const [prompts, replies, size, principal, lambda, folds] = [15, 6, 12, 5, 2, 3];

/** Replies that depend on their prompt linearly and vary along directions of different strength. */
function syntheticFeatures(seed: string) {
  const random = new Random(seed);
  const dependence = Array.from({ length: size }, () => random.normals(size));
  const promptFeatures = Array.from({ length: prompts }, () => random.normals(size).map((value) => value + 3));
  const replyFeatures = promptFeatures.map((prompt) =>
    Array.from({ length: replies }, () =>
      Float32Array.from(dependence, (row, i) =>
        row.reduce((sum, value, j) => sum + (value * prompt[j]) / 4, random.normal() / (1 + i)),
      ),
    ),
  );
  return { promptFeatures, replyFeatures };
}

const { promptFeatures, replyFeatures } = syntheticFeatures('features');
const fitted = fitProjection(replyFeatures, promptFeatures, { lambda, folds, principal });

const meanOf = (rows: Table): number[] =>
  transpose(rows).map((column) => column.reduce((a, b) => a + b) / column.length);
const minus = (row: ArrayLike<number>, other: ArrayLike<number>): number[] =>
  Array.from(row, (value, i) => value - other[i]);
const flat = replyFeatures.flat().map((row) => [...row]);
const top = meanOf(flat);
const promptCentre = meanOf(promptFeatures.map((row) => [...row]));
const means = replyFeatures.map((rows) => meanOf(rows.map((row) => [...row])));

/** The principal directions over their standard deviations, by Jacobi rotations of the covariance. */
function textbookDirections(): Table {
  const within = replyFeatures.flatMap((rows, p) => rows.map((row) => minus(row, means[p])));
  const covariance = product(transpose(within), within).map((row) => row.map((value) => value / within.length));
  const { values, vectors } = jacobiEigen(covariance);
  return vectors.slice(0, principal).map((vector, k) => {
    const sign = Math.max(...vector) === Math.max(...vector.map(Math.abs)) ? 1 : -1;
    return vector.map((value) => (sign * value) / Math.sqrt(values[k]));
  });
}

/** What a ridge regression on the prompts `known`, in its primal form, predicts for the replies to `asked`. */
function textbookPrediction(known: number[], asked: Float32Array[]): Table {
  const a = known.map((p) => minus(promptFeatures[p], promptCentre));
  const b = known.map((p) => minus(means[p], top));
  const normal = product(transpose(a), a).map((row, i) => row.map((value, j) => value + (i === j ? lambda : 0)));
  const weights = solve(normal, product(transpose(a), b));
  return product(
    asked.map((prompt) => minus(prompt, promptCentre)),
    weights,
  );
}

const everyone = promptFeatures.map((_, p) => p);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 3);
}

describe('fitting the projection', () => {
  it('keeps the whitened principal directions of the variation within prompts', () => {
    textbookDirections().forEach((direction, k) => {
      expectClose(fitted.replyProjection.subarray(k * size, (k + 1) * size), direction);
    });
  });

  it('whitens: within prompts the projected replies have the identity as covariance', () => {
    const projected = replyFeatures.map((rows) => rows.map((row) => [...projectReply(fitted, row)]));
    const within = projected.flatMap((rows) => rows.map((row) => minus(row, meanOf(rows))));
    product(transpose(within), within).forEach((row, i) => {
      expectClose(
        row.map((value) => value / within.length),
        row.map((_, j) => (i === j ? 1 : 0)),
      );
    });
  });

  it('subtracts what the prompt predicts, for prompts it never saw as well', () => {
    const asked = [...promptFeatures, ...syntheticFeatures('unseen').promptFeatures];
    const predicted = product(textbookPrediction(everyone, asked), transpose(textbookDirections()));
    asked.forEach((prompt, p) => {
      expectClose(projectPrompt(fitted, prompt), predicted[p]);
    });
  });

  it('predicts the training prompts by regressions that did not see them', () => {
    const directions = textbookDirections();
    let [residual, total] = [0, 0];
    for (let fold = 0; fold < folds; fold++) {
      const held = everyone.filter((p) => p % folds === fold);
      const predicted = textbookPrediction(
        everyone.filter((p) => p % folds !== fold),
        held.map((p) => promptFeatures[p]),
      );
      held.forEach((p, i) => {
        for (let r = 0; r < replies; r++) {
          const rest = minus(minus(replyFeatures[p][r], top), predicted[i]);
          expectClose(fitted.white[p][r], product(directions, transpose([rest])).flat());
        }
        residual += minus(minus(means[p], top), predicted[i]).reduce((sum, value) => sum + value * value, 0);
        total += minus(means[p], top).reduce((sum, value) => sum + value * value, 0);
      });
    }
    expect(fitted.r2).toBeCloseTo(1 - residual / total, 6);
  });

  it('gives the same bytes again', () => {
    expect(fitProjection(replyFeatures, promptFeatures, { lambda, folds, principal })).toEqual(fitted);
  });

  it('refuses to keep more directions than the replies vary in', () => {
    expect(() =>
      fitProjection(replyFeatures.slice(0, 1), promptFeatures.slice(0, 1), { principal: 8, folds: 1 }),
    ).toThrow(/vary in 5 directions, 8 were asked for/);
    expect(() => fitProjection(replyFeatures, promptFeatures, { principal: 13 })).toThrow(/vary in 12 directions/);
  });
});
