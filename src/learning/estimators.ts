/** The ways to learn a member's encoder from their votes, each behind the same function, and which of them serves (docs/method.md 3). */
import { PalateError } from '../common/errors.js';
import { weighByAgreement } from './agreement.js';
import { tasteGaussianOf } from './brought-taste.js';
import { choicesOf } from './choices.js';
import type { PersonalEncoder } from './encoder.js';
import { foretellingGate } from './foretelling.js';
import { qualityGate } from './gate.js';
import { type BroughtPrior, fitEncoder, gatherEvidence, type PreferencePair } from './latent-dpo.js';
import { servedEncoder } from './strength.js';
import { fitChoices, MAXIMUM_STEPS, TASTE_MODEL } from './taste-posterior.js';
import { pairsOf, type Vote } from './votes.js';

export interface FitStep {
  step: number;
  /** At most so many: an estimator that knows when it has arrived may take fewer. */
  totalSteps: number;
  loss: number;
  accuracy: number;
}

export interface FitOptions {
  /** What random draws follow from, where there are any. */
  seed: number | string;
  /** The taste that the encoder starts from, where the member brought one; else it starts from what is believed of everybody. */
  prior?: BroughtPrior;
  onStep?: (step: FitStep) => void;
  /** Aborting makes the fit throw CANCELLED. */
  signal?: AbortSignal;
}

export interface Fit {
  encoder: PersonalEncoder;
  /** The quality gate's word, and why. */
  accepted: boolean;
  reason: string;
  /** What the estimator makes as small as it can: not comparable between estimators. */
  loss: number;
  /** Share of the votes' pairs whose chosen one is put first; equal ones count half. */
  accuracy: number;
  /** Taken in fact. */
  totalSteps: number;
}

/**
 * Pure: the same multiset of votes, in the same order, gives the same bytes.
 * @throws PalateError BAD_USER_INPUT without votes that compare anything, CANCELLED when aborted
 */
export type Estimator = (votes: readonly Vote[], options: FitOptions) => Fit;

export const ESTIMATORS = {
  /** The paper's method. */
  latentDpo: fitByLatentDpo,
  /** The Gaussian posterior of a linear taste under a prior that falls along the principal directions. */
  tastePosterior: fitByPosterior,
} satisfies Record<string, Estimator>;

/** What trains the encoders that serve. */
export const SERVING_ESTIMATOR: keyof typeof ESTIMATORS = 'latentDpo';

function fitByLatentDpo(votes: readonly Vote[], { seed, prior, onStep, signal }: FitOptions): Fit {
  const verdicts = votes.map(pairsOf).filter((pairs) => pairs.length > 0);
  const evidence = gatherEvidence(verdicts.flat(), seed);
  const { accepted, reason, heldOut } = qualityGate(verdicts, seed, evidence, prior);
  let totalSteps = 0;
  const fit = fitEncoder(heldOut ? weighByAgreement(evidence, verdicts, heldOut) : evidence, {
    prior,
    signal,
    onStep: (step, total, loss, accuracy) => {
      totalSteps = total;
      onStep?.({ step, totalSteps: total, loss, accuracy });
    },
  });
  return { ...fit, accepted, reason, totalSteps };
}

function fitByPosterior(votes: readonly Vote[], { prior, onStep, signal }: FitOptions): Fit {
  const choices = choicesOf(votes, TASTE_MODEL);
  if (choices.length === 0) throw new PalateError('BAD_USER_INPUT', 'There is no vote to learn from.');
  const size = votes[0].options[0].mean.length;
  const pairs = votes.flatMap(pairsOf);
  const from = prior && tasteGaussianOf(prior);
  const fit = fitChoices(choices, size, {
    prior: from,
    signal,
    onStep: (step, mode, loss) => {
      onStep?.({ step, totalSteps: MAXIMUM_STEPS, loss, accuracy: orderedShare(pairs, mode) });
    },
  });
  const { accepted, reason } = foretellingGate(choices, fit, from);
  const accuracy = orderedShare(pairs, fit.mean);
  return { encoder: servedEncoder(fit), accepted, reason, loss: fit.loss, accuracy, totalSteps: fit.steps };
}

/** Share of pairs whose chosen one lies ahead along the taste; equal ones count half, and so do all where there are none. */
function orderedShare(pairs: readonly PreferencePair[], taste: Float64Array): number {
  if (pairs.length === 0) return 0.5;
  const points = pairs.map(({ chosen, rejected }) => {
    let ahead = 0;
    for (let k = 0; k < taste.length; k++) ahead += taste[k] * (chosen.mean[k] - rejected.mean[k]);
    return Math.sign(ahead) / 2 + 0.5;
  });
  return points.reduce((sum, value) => sum + value, 0) / pairs.length;
}
