/**
 * The quality gate of the posterior over tastes (docs/method.md 3): do a member's votes foretell one another better than chance?
 * Votes are dealt into folds, and each is foretold by the taste that the others teach, held as strongly as those are evidence for it.
 */
import { Random } from '../common/random.js';
import { type Choice, logProbability } from './choices.js';
import { GATE_MINIMUM, type GateDecision } from './gate.js';
import { evidenceOf } from './strength.js';
import { fitChoices, TASTE_MODEL, type TasteFit, type TasteGaussian } from './taste-posterior.js';

const FOLDS = 5;

/**
 * Mean over the votes of log P(vote | the others) - log P(vote | no taste), in nats: above 0 where they are foretold better than by
 * chance. `choices` are in canonical order, at least FOLDS, and `fit` is made of all of them, from the same prior. Pure.
 */
export function foretelling(choices: readonly Choice[], fit: TasteFit, prior?: TasteGaussian): number {
  const size = fit.mean.length;
  const order = new Random('folds').shuffle(choices.map((_, index) => index));
  const nothing = new Float64Array(size);
  let [gain, weight] = [0, 0];
  for (let fold = 0; fold < FOLDS; fold++) {
    const held = new Set(order.filter((_, i) => i % FOLDS === fold));
    const others = choices.filter((_, index) => !held.has(index));
    const taste = believed(fitChoices(others, size, { prior, start: fit.mean }));
    for (const index of held) {
      const choice = choices[index];
      const ahead = logProbability(choice, taste, TASTE_MODEL) - logProbability(choice, nothing, TASTE_MODEL);
      gain += choice.weight * ahead;
      weight += choice.weight;
    }
  }
  return gain / weight;
}

/** The posterior's mean, as long as it is where the strength of the taste is not known either. */
function believed(posterior: TasteGaussian): Float64Array {
  const length = Math.hypot(...posterior.mean);
  const evidence = length > 0 ? evidenceOf(posterior) : 0;
  return posterior.mean.map((value) => (evidence === 0 ? 0 : (value * evidence) / length));
}

/**
 * Turns a version down that foretells its member's votes no better than chance. The mean decides, not a test of whether it could be luck:
 * such a test would keep most consistent members waiting for tens of votes, and what chance lets through is served
 * hardly stronger than nothing, because strength follows evidence.
 */
export function foretellingGate(choices: readonly Choice[], fit: TasteFit, prior?: TasteGaussian): GateDecision {
  if (choices.length < GATE_MINIMUM) return { accepted: true, reason: `Not judged below ${GATE_MINIMUM} verdicts.` };
  const accepted = foretelling(choices, fit, prior) > 0;
  const reason = accepted
    ? 'Choices that were kept aside for checking are foretold better than by chance.'
    : 'What the choices teach does not foretell those that were kept aside for checking better than chance would.';
  return { accepted, reason };
}
