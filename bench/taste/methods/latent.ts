/** Methods that end in a personal encoder: what is served, Latent DPO as the paper has it, and the mean difference. */
import { createHash } from 'node:crypto';
import { Random } from '../../../src/common/random.js';
import { drawLatent, MEAN_BOUND, PERSONAL_SPREAD, type PersonalEncoder } from '../../../src/learning/encoder.js';
import { ESTIMATORS, SERVING_ESTIMATOR } from '../../../src/learning/estimators.js';
import { gatherEvidence, latentDpoLoss } from '../../../src/learning/latent-dpo.js';
import { VARIANCE_FLOOR } from '../../../src/learning/posterior.js';
import type { BankReply } from '../bank.js';
import { choiceOfVote, type Method, type Policy, pairsOf, writeBehind } from './method.js';
import { likingBy } from './taste-models.js';
import { UNTOUCHED } from './untouched.js';

/** As the service trains: the estimator that serves, gate and all. */
export const served = byEstimator('ours', SERVING_ESTIMATOR);

/** The posterior over tastes behind a spectral prior, as strong as there is evidence for it. */
export const tastePosterior = byEstimator('taste posterior', 'tastePosterior');

/** A version that the gate turns down leaves the one before it serving. */
function byEstimator(name: string, estimator: keyof typeof ESTIMATORS): Method {
  return {
    name,
    fit(votes, { seed }) {
      const cast = votes.map(choiceOfVote);
      for (let count = cast.length; count > 0; count--) {
        const { encoder, accepted } = ESTIMATORS[estimator](cast.slice(0, count), { seed });
        if (accepted) return behindEncoder(encoder);
      }
      return UNTOUCHED;
    },
  };
}

/** Steps and rate of the first study (docs/method.md 6): the published rate of 1e-4 and batches of 64 do not leave the prior on tens of votes. */
const PAPER_STEPS = 60;
const PAPER_RATE = 0.05;

/** Latent DPO as the paper has it: the chosen reply against each other one alike, plain Adam, no bound, no gate. */
export const latentDpo: Method = {
  name: 'Latent DPO (paper)',
  fit(votes, { seed }) {
    if (votes.length === 0) return UNTOUCHED;
    const evidence = gatherEvidence(
      votes.flatMap(pairsOf).map((pair) => ({ ...pair, weight: 1 })),
      seed,
    );
    const size = evidence[0].pair.chosen.mean.length;
    const parameters = { mean: new Float64Array(size), logVariance: new Float64Array(size) };
    const gradient = { mean: new Float64Array(size), logVariance: new Float64Array(size) };
    const [moveMean, moveVariance] = [plainAdam(size), plainAdam(size)];
    for (let step = 0; step < PAPER_STEPS; step++) {
      latentDpoLoss(evidence, parameters, gradient);
      moveMean(parameters.mean, gradient.mean);
      moveVariance(parameters.logVariance, gradient.logVariance);
    }
    const [mean, logVariance] = [Float32Array.from(parameters.mean), Float32Array.from(parameters.logVariance)];
    return behindEncoder({ mean, logVariance, capacity: 'BIAS' });
  },
};

/** The mean over votes of what the chosen reply's posterior mean is beyond the others' (as in CAA, arXiv 2312.06681), at the length that is served. */
export const meanDifference: Method = {
  name: 'mean difference',
  fit(votes) {
    if (votes.length === 0) return UNTOUCHED;
    const size = votes[0].candidates[0].posterior.mean.length;
    const sum = new Float64Array(size);
    for (const pair of votes.flatMap(pairsOf)) {
      for (let i = 0; i < size; i++) sum[i] += pair.weight * (pair.chosen.mean[i] - pair.rejected.mean[i]);
    }
    const length = Math.hypot(...sum) || 1;
    const mean = Float32Array.from(sum, (value) => (MEAN_BOUND * value) / length);
    return behindEncoder({ mean, logVariance: new Float32Array(size), capacity: 'BIAS' });
  },
};

/** Draws around the encoder's mean, as the service serves several candidates; the mean itself for a greedy reply. Without one, the bare model. */
export function behindEncoder(encoder: PersonalEncoder | null): Policy {
  if (!encoder) return UNTOUCHED;
  return {
    fingerprint: digestOf(encoder),
    likes: likingOf(encoder),
    write: (task) => {
      const spread = task.greedy ? 0 : PERSONAL_SPREAD;
      const latents = task.seeds.map((seed) => drawLatent(encoder, new Random(`${seed}/latent`), 1, spread));
      return writeBehind(task, { latents });
    },
  };
}

function digestOf({ mean, logVariance, capacity }: PersonalEncoder): string {
  return createHash('sha256').update(capacity).update(mean).update(logVariance).digest('hex');
}

/** θ · z where the estimator keeps the taste θ, else log p(z) - log N(z; 0, I), both in nats, at the reply's posterior mean. */
export function likingOf({ mean, logVariance, posterior }: PersonalEncoder): (reply: BankReply) => number {
  if (posterior) return ({ posterior: { mean: z } }) => likingBy(posterior.mean, z);
  return ({ posterior: { mean: z } }) => {
    let sum = 0;
    for (let i = 0; i < z.length; i++) {
      const away = z[i] - mean[i];
      sum += z[i] ** 2 / (2 + VARIANCE_FLOOR) - away ** 2 / (2 * Math.exp(logVariance[i]) + VARIANCE_FLOOR);
    }
    return sum;
  };
}

/** Adam (Kingma and Ba, 2015) with a second moment for every number. */
function plainAdam(size: number) {
  const [first, second] = [new Float64Array(size), new Float64Array(size)];
  let step = 0;
  return (values: Float64Array, gradient: Float64Array): void => {
    step++;
    for (let i = 0; i < size; i++) {
      first[i] = 0.9 * first[i] + 0.1 * gradient[i];
      second[i] = 0.999 * second[i] + 0.001 * gradient[i] ** 2;
      values[i] -= (PAPER_RATE * first[i]) / (1 - 0.9 ** step) / (Math.sqrt(second[i] / (1 - 0.999 ** step)) + 1e-8);
    }
  };
}
