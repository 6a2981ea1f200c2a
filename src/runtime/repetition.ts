/**
 * Holds back what a reply has said before, by the rule known as DRY: a token that would prolong a run which stands in the reply already
 * loses log-probability, the more the longer the run. Loops break; words that merely come again are left alone.
 */

/** A run may come again up to this length for nothing. */
const FREE_RUN = 2;
/** How much more each further token of a repeated run costs. */
const GROWTH = 1.75;
/** Longest run that is followed back; its end is held back beyond doubt. */
const LONGEST_RUN = 24;

/**
 * Lowers logits in place by multiplier · 1.75^(n - 2), where the token would be the one after a run of n >= 2 tokens that ends the reply and
 * stands in it before, followed by that token.
 * @param logits of one row
 * @param written the reply so far
 * @param multiplier natural logarithms taken off at n = 2; 0 leaves all as it is
 */
export function holdBackRepeats(logits: Float32Array, written: readonly number[], multiplier: number): void {
  if (multiplier === 0) return;
  for (const [token, run] of repeatedRuns(written)) {
    logits[token] -= multiplier * GROWTH ** (run - FREE_RUN);
  }
}

/** Tokens that would repeat, each with the length of the longest run before it. */
export function repeatedRuns(written: readonly number[]): Map<number, number> {
  const runs = new Map<number, number>();
  const end = written.length;
  for (let at = end - 1; at >= FREE_RUN; at--) {
    let run = 0;
    while (run < at && run < LONGEST_RUN && written[at - 1 - run] === written[end - 1 - run]) run++;
    if (run >= FREE_RUN && run > (runs.get(written[at]) ?? 0)) runs.set(written[at], run);
  }
  return runs;
}
