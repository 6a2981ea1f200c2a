/** The statistics of every bench. Pure. */

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
