/**
 * How far a member's verdicts agree with one another: what the others foretell of each. The quality gate judges by it, and a verdict
 * that the others contradict counts less, because it is likelier to be a slip (docs/method.md 3).
 */
import { Random } from '../common/random.js';
import { type BroughtPrior, type Evidence, fitEncoderOnly, type PreferencePair, pairAccuracy } from './latent-dpo.js';

/** One verdict, seen by an encoder that was trained without it. */
export interface HeldOut {
  /** The share of the verdict's pairs put in the right order; equal ones count half. */
  readonly accuracy: number;
  /** How far the chosen replies lie ahead of the rejected ones along the encoder's mean, in units of z; below 0 it disagrees. */
  readonly margin: number;
}

/** Below this many verdicts the others know too little of each: weighing by them would cost more than slips do. */
export const AGREEMENT_MINIMUM = 50;
const FOLDS = 5;
/** A fold's encoder only has to point somewhere, which the first steps settle. */
const FOLD_STEPS = 3;
/** What a verdict may lie behind at full weight: much of that is not the member's error but the posterior's. */
const TOLERANCE = 1;

/**
 * k-fold over verdicts, each given as its pairs (pairs of one verdict share a reply, so they must not be split), with `evidence` of
 * just those pairs. One result a verdict, in their order. Folds are seeded, so the same order gives the same results.
 */
export function holdOut(
  verdicts: readonly (readonly PreferencePair[])[],
  seed: number | string,
  evidence: readonly Evidence[],
  prior?: BroughtPrior,
): HeldOut[] {
  const order = new Random(seed).fork('folds').shuffle(verdicts.map((_, index) => index));
  const results: HeldOut[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const held = order.filter((_, i) => i % FOLDS === fold);
    const heldPairs = new Set(held.flatMap((index) => verdicts[index]));
    const encoder = fitEncoderOnly(
      evidence.filter(({ pair }) => !heldPairs.has(pair)),
      { steps: FOLD_STEPS, prior },
    );
    for (const index of held) {
      const pairs = verdicts[index];
      results[index] = { accuracy: pairAccuracy(pairs, encoder), margin: marginOf(pairs, encoder.mean) };
    }
  }
  return results;
}

/** 1 for a verdict that lies at most TOLERANCE behind, falling by the factor e for each unit more. */
export function agreementWeight(margin: number): number {
  return Math.min(1, Math.exp(margin + TOLERANCE));
}

/** The same evidence, from AGREEMENT_MINIMUM verdicts on with each pair weighed by how far the others agree with its own. */
export function weighByAgreement(
  evidence: readonly Evidence[],
  verdicts: readonly (readonly PreferencePair[])[],
  heldOut: readonly HeldOut[],
): readonly Evidence[] {
  if (verdicts.length < AGREEMENT_MINIMUM) return evidence;
  const weights = new Map(
    verdicts.flatMap((pairs, i) => pairs.map((pair) => [pair, agreementWeight(heldOut[i].margin)] as const)),
  );
  return evidence.map(({ pair, comparisons }) => ({
    pair: { ...pair, weight: pair.weight * (weights.get(pair) ?? 1) },
    comparisons,
  }));
}

/** Mean over the pairs of (chosen - rejected) · direction, the direction of unit length; 0 where there is no direction. */
function marginOf(pairs: readonly PreferencePair[], direction: Float32Array): number {
  const length = Math.hypot(...direction);
  if (length === 0) return 0;
  let sum = 0;
  for (const { chosen, rejected } of pairs) {
    for (let i = 0; i < direction.length; i++) sum += direction[i] * (chosen.mean[i] - rejected.mean[i]);
  }
  return sum / length / pairs.length;
}
