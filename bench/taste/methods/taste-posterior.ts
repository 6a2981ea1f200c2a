/** The posterior over tastes behind a spectral prior, as strong as there is evidence for it. */
import { choicesOf } from '../../../src/learning/choices.js';
import { foretellingGate } from '../../../src/learning/foretelling.js';
import { servedEncoder } from '../../../src/learning/strength.js';
import { fitChoices, TASTE_MODEL } from '../../../src/learning/taste-posterior.js';
import { choiceOf } from '../../../src/learning/votes.js';
import type { BankReply } from '../bank.js';
import type { Vote } from '../votes.js';
import { behindEncoder } from './latent.js';
import type { Method, Policy } from './method.js';
import { UNTOUCHED } from './untouched.js';

/** θ · z at the posterior's mean, in nats; it writes behind the encoder that is made of it, of the newest votes that the gate accepts. */
export const tastePosterior: Method = {
  name: 'taste posterior',
  fit(votes) {
    for (let count = votes.length; count > 0; count--) {
      const policy = policyOf(votes.slice(0, count));
      if (policy) return policy;
    }
    return UNTOUCHED;
  },
};

function policyOf(votes: readonly Vote[]): Policy | null {
  const size = votes[0].candidates[0].posterior.mean.length;
  const cast = votes.map(({ candidates, chosen }) =>
    choiceOf(
      candidates.map(({ posterior }) => posterior),
      chosen,
    ),
  );
  const choices = choicesOf(cast, TASTE_MODEL);
  const fit = fitChoices(choices, size);
  if (!foretellingGate(choices, fit).accepted) return null;
  const likes = ({ posterior: { mean: z } }: BankReply) => fit.mean.reduce((sum, value, i) => sum + value * z[i], 0);
  return { ...behindEncoder(servedEncoder(fit)), likes };
}
