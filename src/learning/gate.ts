/** The quality gate before a new encoder version serves: does what was learned hold for verdicts it did not see? */
import { Random } from '../common/random.js';
import { type Evidence, fitEncoder, gatherEvidence, type PreferencePair, pairAccuracy } from './latent-dpo.js';
import type { Posterior } from './posterior.js';
import { wilsonInterval } from './win-rate.js';

/** Below this many verdicts held-out accuracy says nothing, and every version is accepted (docs/method.md 3). */
export const GATE_MINIMUM = 10;
const FOLDS = 5;
/** A fold's encoder only has to point somewhere, which the first steps settle. */
const FOLD_STEPS = 3;
/** One-sided 95 %: a member whose votes are noise passes, one whose votes contradict what they teach does not. */
const Z_ONE_SIDED = 1.6448536269514722;

export interface GateDecision {
  accepted: boolean;
  /** In a sentence, for the job's record. */
  reason: string;
  /** Mean over verdicts of the share of their pairs put in the right order, each by an encoder that did not see them. */
  heldOutAccuracy?: number;
}

/**
 * k-fold over verdicts, each given as its pairs (pairs of one verdict share a reply, so they must not be split). Turns a
 * version down when held-out accuracy is significantly below one half. Pure; independent of the order of verdicts only up
 * to the assignment of folds, which is seeded.
 */
export function qualityGate(
  verdicts: readonly (readonly PreferencePair[])[],
  seed: number | string,
  evidence?: readonly Evidence[],
  prior?: Posterior,
): GateDecision {
  const count = verdicts.length;
  if (count < GATE_MINIMUM) return { accepted: true, reason: `Not judged below ${GATE_MINIMUM} verdicts.` };
  const gathered = evidence ?? gatherEvidence(verdicts.flat(), seed);
  const order = new Random(seed).fork('folds').shuffle(verdicts);
  let right = 0;
  for (let fold = 0; fold < FOLDS; fold++) {
    const held = order.filter((_, i) => i % FOLDS === fold);
    const heldPairs = new Set(held.flat());
    const { encoder } = fitEncoder(
      gathered.filter(({ pair }) => !heldPairs.has(pair)),
      { steps: FOLD_STEPS, prior },
    );
    for (const pairs of held) right += pairAccuracy(pairs, encoder);
  }
  const heldOutAccuracy = right / count;
  const accepted = (wilsonInterval(right, count, Z_ONE_SIDED)?.high ?? 1) >= 0.5;
  const percent = `${Math.round(100 * heldOutAccuracy)} %`;
  const reason = accepted
    ? `Held-out pairs are ordered rightly ${percent} of the time.`
    : `Held-out pairs are ordered rightly only ${percent} of the time: the verdicts contradict what they teach.`;
  return { accepted, reason, heldOutAccuracy };
}
