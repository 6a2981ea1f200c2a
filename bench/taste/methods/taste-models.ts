/**
 * The constants of the posterior over tastes, each changed by itself: what they are chosen by on the bank's held-out replies
 * (`bench -- taste --offline --constants`). Nothing is written by these.
 */
import { choicesOf } from '../../../src/learning/choices.js';
import { fitChoices, TASTE_MODEL, type TasteModel } from '../../../src/learning/taste-posterior.js';
import { choiceOfVote, type Method } from './method.js';
import { UNTOUCHED } from './untouched.js';

const CHANGES: readonly Partial<TasteModel>[] = [
  {},
  ...[0, 0.5, 1.5, 2].map((exponent) => ({ exponent })),
  ...[0.03, 0.05, 0.2, 0.4].map((scale) => ({ scale })),
  ...[0, 0.02, 0.1, 0.2].map((lapse) => ({ lapse })),
];

export const TASTE_MODELS: readonly Method[] = CHANGES.map((change) => ({
  name: nameOf(change),
  fit(votes) {
    if (votes.length === 0) return UNTOUCHED;
    const model = { ...TASTE_MODEL, ...change };
    const fit = fitChoices(choicesOf(votes.map(choiceOfVote), model), votes[0].candidates[0].posterior.mean.length, {
      model,
    });
    return { ...UNTOUCHED, likes: ({ posterior: { mean: z } }) => likingBy(fit.mean, z) };
  },
}));

/** θ · z. */
export function likingBy(taste: Float64Array, z: Float32Array): number {
  return taste.reduce((sum, value, i) => sum + value * z[i], 0);
}

function nameOf(change: Partial<TasteModel>): string {
  const [changed] = Object.entries(change);
  return changed ? changed.join(' ') : 'as it is';
}
