/** The statistics the benches report, and how sure they are. Pure. */
import { Random } from '../src/common/random.js';
import { words } from './scorers.js';

export interface Interval {
  low: number;
  high: number;
}

/** Share of cross pairs (one of `ours`, one of `theirs`) that ours wins by score; ties count half. */
export function crossWinRate(ours: readonly number[], theirs: readonly number[]): number {
  let won = 0;
  for (const a of ours) for (const b of theirs) won += a > b ? 1 : a === b ? 0.5 : 0;
  return won / (ours.length * theirs.length);
}

/** Different word pairs over all word pairs of the texts together (Li et al. 2016). */
export function distinct2(texts: readonly string[]): number {
  const pairs = texts.flatMap((text) => {
    const all = words(text);
    return all.slice(1).map((word, i) => `${all[i]} ${word}`);
  });
  return pairs.length === 0 ? 0 : new Set(pairs).size / pairs.length;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The p-quantile (0 to 1) by linear interpolation. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

export interface Distribution {
  count: number;
  median: number;
  p90: number;
  p99: number;
  max: number;
}

export function distribution(values: readonly number[]): Distribution {
  const [median, p90, p99, max] = [0.5, 0.9, 0.99, 1].map((p) => Math.round(10 * quantile(values, p)) / 10);
  return { count: values.length, median, p90, p99, max };
}

/**
 * The 95 % percentile interval of a statistic of `units` independent units (prompts, or prompts of several runs) under
 * resampling with replacement (Efron). `statistic` takes indices of units, some of them repeated.
 */
export function bootstrapInterval(
  units: number,
  statistic: (indices: readonly number[]) => number,
  seed: number | string,
  rounds = 2000,
): Interval {
  const random = new Random(seed);
  const values = Array.from({ length: rounds }, () =>
    statistic(Array.from({ length: units }, () => random.integer(units))),
  );
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}
