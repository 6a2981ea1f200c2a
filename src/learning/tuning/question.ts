/**
 * Which question a tuning round asks next, and which four of its replies it shows: those whose choice is expected to tell most about the
 * taste. Pure: no model, no clock, the same input gives the same question.
 *
 * What a choice y among replies A tells of the taste θ is their mutual information, the expected information gain (Lindley 1956; for
 * preferences Houlsby et al. 2011, arXiv 1112.5745):
 *
 *     I(y; θ) = H(E_θ p(·|θ, A)) - E_θ H(p(·|θ, A))
 *
 * p being the likelihood that votes are learned by (../choices.ts), slips included, and θ as it is believed of the member. The
 * determinant of the replies' predicted covariance, its approximation for small differences, would overrate replies so far apart that
 * everybody is sure of them: a choice among four never tells more than log 4.
 */
import { Random } from '../../common/random.js';
import { choleskyFactor, dot } from '../linear-algebra.js';
import { TASTE_MODEL, type TasteGaussian } from '../taste-posterior.js';
import { TUNING_CANDIDATES } from './prompts.js';

/** Tastes that expectations are taken over: pairs on both sides of the mean, whose errors partly cancel. */
const TASTES = 256;

export interface QuestionState {
  /** By question and reply: the posterior means of the replies, [d] each. */
  readonly replies: readonly (readonly Float32Array[])[];
  /** By question and reply: how often the member was shown it. */
  readonly shown: readonly (readonly number[])[];
  /** What is believed of the member's taste. */
  readonly taste: TasteGaussian;
}

export interface ChosenQuestion {
  question: number;
  /** Four replies of it, in no order that means anything to whoever chooses. */
  replies: number[];
  /** What the choice is expected to tell, in nats. */
  information: number;
}

/**
 * Every question is asked once before one is asked again, and then with replies that were shown less often. Among those that are left the
 * replies of each are picked greedily: the two that tell most, then one at a time whichever adds most.
 * @throws RangeError where no question has four replies
 */
export function chooseQuestion({ replies, shown, taste }: QuestionState): ChosenQuestion {
  const draws = drawTastes(taste);
  const asked = shown.map((times) => times.reduce((sum, count) => sum + count, 0));
  const answerable = replies.flatMap((own, question) => (own.length >= TUNING_CANDIDATES ? [question] : []));
  const least = Math.min(...answerable.map((question) => asked[question]));
  let best: ChosenQuestion | undefined;
  for (const question of answerable.filter((candidate) => asked[candidate] === least)) {
    const rows = leastShown(shown[question]);
    const weights = weightsOf(
      rows.map((row) => replies[question][row]),
      draws,
    );
    const { picked, information } = pickGreedily(weights);
    if (!best || information > best.information) {
      best = { question, replies: picked.map((place) => rows[place]), information };
    }
  }
  if (!best) throw new RangeError('No question has enough replies.');
  return best;
}

/** The replies shown least often, and as many of those shown more often as it takes for four, ties included. */
function leastShown(times: readonly number[]): number[] {
  const limit = [...times].sort((a, b) => a - b)[TUNING_CANDIDATES - 1];
  return times.flatMap((count, row) => (count <= limit ? [row] : []));
}

/** θ = mean ± L ε of the Gaussian with covariance L Lᵀ. */
function drawTastes({ mean, covariance }: TasteGaussian): Float64Array[] {
  const factor = choleskyFactor(covariance);
  if (!factor) throw new RangeError('The covariance of a taste is not positive definite.');
  const size = mean.length;
  const random = new Random('tuning question');
  return Array.from({ length: TASTES / 2 }, () => {
    const noise = random.normals(size);
    const away = Float64Array.from({ length: size }, (_, row) => dot(factor.data, noise, row * size, 0, row + 1));
    return [mean.map((value, i) => value + away[i]), mean.map((value, i) => value - away[i])];
  }).flat();
}

/** exp(θ · x) by reply and taste, each taste's scaled so that its largest is 1. */
function weightsOf(means: readonly Float32Array[], tastes: readonly Float64Array[]): Float64Array[] {
  const weights = means.map((mean) => Float64Array.from(tastes, (taste) => dot(taste, mean)));
  for (let draw = 0; draw < tastes.length; draw++) {
    const largest = Math.max(...weights.map((row) => row[draw]));
    for (const row of weights) row[draw] = Math.exp(row[draw] - largest);
  }
  return weights;
}

function pickGreedily(weights: readonly Float64Array[]): { picked: number[]; information: number } {
  let best = { picked: [] as number[], information: Number.NEGATIVE_INFINITY };
  for (let a = 0; a < weights.length; a++) {
    for (let b = a + 1; b < weights.length; b++) {
      const information = informationOf([weights[a], weights[b]]);
      if (information > best.information) best = { picked: [a, b], information };
    }
  }
  while (best.picked.length < TUNING_CANDIDATES) {
    const { picked } = best;
    best = { picked, information: Number.NEGATIVE_INFINITY };
    for (let next = 0; next < weights.length; next++) {
      if (picked.includes(next)) continue;
      const information = informationOf([...picked, next].map((row) => weights[row]));
      if (information > best.information) best = { picked: [...picked, next], information };
    }
  }
  return best;
}

/** I(y; θ) of a choice among these, in nats. A taste that likes none of them at all chooses evenly. */
export function informationOf(weights: readonly Float64Array[]): number {
  const count = weights.length;
  const draws = weights[0].length;
  const slip = TASTE_MODEL.lapse / count;
  const average = new Float64Array(count);
  let within = 0;
  for (let draw = 0; draw < draws; draw++) {
    let total = 0;
    for (const row of weights) total += row[draw];
    for (let i = 0; i < count; i++) {
      const meant = total > 0 ? weights[i][draw] / total : 1 / count;
      const share = (1 - TASTE_MODEL.lapse) * meant + slip;
      average[i] += share / draws;
      within -= share * Math.log(share);
    }
  }
  return average.reduce((sum, share) => sum - share * Math.log(share), 0) - within / draws;
}
