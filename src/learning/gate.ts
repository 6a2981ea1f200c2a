/** The quality gate before a new encoder version serves: does what was learned hold for verdicts it did not see? */
import { type HeldOut, holdOut } from './agreement.js';
import { type BroughtPrior, type Evidence, gatherEvidence, type PreferencePair } from './latent-dpo.js';
import { wilsonInterval } from './win-rate.js';

/** Below this many verdicts held-out accuracy says nothing, and every version is accepted (docs/method.md 3). */
export const GATE_MINIMUM = 10;
/** One-sided 95 %: a member whose votes are noise passes, one whose votes contradict what they teach does not. */
const Z_ONE_SIDED = 1.6448536269514722;

export interface GateDecision {
  accepted: boolean;
  /** In a sentence, for the job's record. */
  reason: string;
  /** Mean over verdicts of the share of their pairs put in the right order, each by an encoder that did not see them. */
  heldOutAccuracy?: number;
  /** What that mean was taken over: one entry a verdict, in their order. */
  heldOut?: readonly HeldOut[];
}

/**
 * Turns a version down when held-out accuracy, over verdicts given as their pairs, is significantly below one half. Pure; depends on the
 * order of verdicts only by the assignment of folds, which is seeded.
 */
export function qualityGate(
  verdicts: readonly (readonly PreferencePair[])[],
  seed: number | string,
  evidence?: readonly Evidence[],
  prior?: BroughtPrior,
): GateDecision {
  const count = verdicts.length;
  if (count < GATE_MINIMUM) return { accepted: true, reason: `Not judged below ${GATE_MINIMUM} verdicts.` };
  const heldOut = holdOut(verdicts, seed, evidence ?? gatherEvidence(verdicts.flat(), seed), prior);
  const right = heldOut.reduce((sum, { accuracy }) => sum + accuracy, 0);
  const heldOutAccuracy = right / count;
  const accepted = (wilsonInterval(right, count, Z_ONE_SIDED)?.high ?? 1) >= 0.5;
  const percent = `${Math.round(100 * heldOutAccuracy)} %`;
  const reason = accepted
    ? `Held-out pairs are ordered rightly ${percent} of the time.`
    : `The choices contradict one another: of those that were kept aside for checking, only ${percent} came out right.`;
  return { accepted, reason, heldOutAccuracy, heldOut };
}
