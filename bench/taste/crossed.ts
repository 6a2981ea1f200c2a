/**
 * Means over members crossed with prompts, and how sure they are. A member's prompts share one encoder and a prompt's members share its
 * unsteered replies, so neither cells nor prompts are independent: both members and prompts are drawn again (Owen 2007, the pigeonhole
 * bootstrap, which is a little wide and never narrow). Pure.
 */
import { Random } from '../../src/common/random.js';
import { quantile } from '../statistics.js';

/** One value a member and prompt; NaN where there is none. */
export interface Cells {
  values: readonly (readonly number[])[];
  /** One a member; all alike where absent. */
  weights?: readonly number[];
}

export interface Estimate {
  mean: number;
  /** The 95 % percentile interval. */
  low: number;
  high: number;
}

/** NaN for cells without any value. */
export function estimate(cells: Cells, seed: number | string, rounds = 1000): Estimate {
  const [members, prompts] = [cells.values.length, cells.values[0]?.length ?? 0];
  const whole = weightedMean(cells, new Array(members).fill(1), new Array(prompts).fill(1));
  const random = new Random(seed);
  const means: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const drawn = weightedMean(cells, timesDrawn(members, random), timesDrawn(prompts, random));
    if (!Number.isNaN(drawn)) means.push(drawn);
  }
  if (means.length === 0) return { mean: whole, low: Number.NaN, high: Number.NaN };
  return { mean: whole, low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

/** Of two methods on the same members, votes and prompts: the first less the second, cell by cell. */
export function difference(first: Cells, second: Cells): Cells {
  const values = first.values.map((row, m) => row.map((value, p) => value - second.values[m][p]));
  return { values, weights: first.weights };
}

/** How often each of `count` is among as many that are drawn with replacement. */
function timesDrawn(count: number, random: Random): number[] {
  const times = new Array<number>(count).fill(0);
  for (let i = 0; i < count; i++) times[random.integer(count)]++;
  return times;
}

function weightedMean({ values, weights }: Cells, ofMember: readonly number[], ofPrompt: readonly number[]): number {
  let [sum, total] = [0, 0];
  for (let m = 0; m < values.length; m++) {
    const weight = ofMember[m] * (weights?.[m] ?? 1);
    if (weight === 0) continue;
    for (let p = 0; p < values[m].length; p++) {
      const value = values[m][p];
      if (Number.isNaN(value)) continue;
      sum += weight * ofPrompt[p] * value;
      total += weight * ofPrompt[p];
    }
  }
  return total > 0 ? sum / total : Number.NaN;
}
