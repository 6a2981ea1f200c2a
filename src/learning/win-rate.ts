/** How sure a win rate is. */

export interface Proportion {
  rate: number;
  low: number;
  high: number;
}

const Z_95 = 1.959963984540054;

/**
 * Wilson's score interval for `successes` (ties may count half) out of `trials`; null without trials. Unlike the normal
 * approximation it stays inside [0, 1] and is honest for few trials (Wilson 1927; Brown, Cai and DasGupta 2001).
 */
export function wilsonInterval(successes: number, trials: number, z: number = Z_95): Proportion | null {
  if (trials === 0) return null;
  const rate = successes / trials;
  const square = (z * z) / trials;
  const centre = (rate + square / 2) / (1 + square);
  const half = (z / (1 + square)) * Math.sqrt((rate * (1 - rate)) / trials + square / (4 * trials));
  return { rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
