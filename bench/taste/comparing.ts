/** Two scorers, and two sets of replies, set against each other. Pure. */

export interface CrossPairs {
  /** Share that ours wins; ties count half. NaN without pairs. */
  won: number;
  /** Share of ties. */
  tied: number;
}

/** Every pair of one of `ours` and one of `theirs`, by score. */
export function crossPairs(ours: readonly number[], theirs: readonly number[]): CrossPairs {
  let [won, tied] = [0, 0];
  for (const a of ours) {
    for (const b of theirs) {
      if (a > b) won++;
      else if (a === b) tied++;
    }
  }
  const pairs = ours.length * theirs.length;
  return { won: (won + tied / 2) / pairs, tied: tied / pairs };
}

/** Share of the pairs ordered by `truth` that `guess` puts in the same order; its ties count half. NaN where the truth orders none. */
export function pairAccuracy(guess: readonly number[], truth: readonly number[]): number {
  let [right, pairs] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    for (let j = 0; j < i; j++) {
      if (truth[i] === truth[j]) continue;
      pairs++;
      right += guess[i] === guess[j] ? 0.5 : guess[i] > guess[j] === truth[i] > truth[j] ? 1 : 0;
    }
  }
  return pairs > 0 ? right / pairs : Number.NaN;
}

/** Spearman's rank correlation, ties at their mean rank; NaN where one of the two is constant. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [centredRanks(a), centredRanks(b)];
  const inner = (u: readonly number[], v: readonly number[]) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  return inner(x, y) / Math.sqrt(inner(x, x) * inner(y, y));
}

function centredRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const above = values.filter((other) => other > value).length;
    return (below - above) / 2;
  });
}
