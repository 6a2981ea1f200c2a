/**
 * Naive Bayes over words and word pairs (McCallum and Nigam 1998, the multinomial model), as a table of weights: what the judges are. A
 * table can be kept as JSON, and a text's score is the mean of its terms' weights, so that it does not grow with the text.
 */
import { words } from '../../src/learning/diversity.js';

/** log P(term | class) - log P(term | not class), a natural logarithm. */
export type TermWeights = ReadonlyMap<string, number>;

export interface LabelledText {
  text: string;
  holds: boolean;
}

/** Terms met fewer times say more of the texts they are in than of the class. */
const MINIMUM_COUNT = 5;

/** @param hidden words that the weights must not see: those by which the texts were labelled */
export function trainTermWeights(
  texts: Iterable<LabelledText>,
  hidden: readonly ReadonlySet<string>[] = [],
): TermWeights {
  const counts = [new Map<string, number>(), new Map<string, number>()];
  const totals = [0, 0];
  for (const { text, holds } of texts) {
    const label = holds ? 1 : 0;
    for (const term of termsOf(text, hidden)) {
      counts[label].set(term, (counts[label].get(term) ?? 0) + 1);
      totals[label]++;
    }
  }
  const known = new Set([...counts[0].keys(), ...counts[1].keys()]);
  const kept = [...known].filter((term) => (counts[0].get(term) ?? 0) + (counts[1].get(term) ?? 0) >= MINIMUM_COUNT);
  // Laplace's rule: one more of every term.
  const share = (label: 0 | 1, term: string) => ((counts[label].get(term) ?? 0) + 1) / (totals[label] + kept.length);
  return new Map(kept.sort().map((term) => [term, Math.log(share(1, term) / share(0, term))]));
}

/** The mean weight of the text's terms; those that were not met count 0, and so does a text without any. */
export function meanWeight(weights: TermWeights, text: string, hidden: readonly ReadonlySet<string>[] = []): number {
  let [sum, count] = [0, 0];
  for (const term of termsOf(text, hidden)) {
    sum += weights.get(term) ?? 0;
    count++;
  }
  return sum / Math.max(1, count);
}

/** Words, and pairs of neighbours; a hidden word leaves a gap that no pair reaches over. */
function* termsOf(text: string, hidden: readonly ReadonlySet<string>[]): Generator<string> {
  let previous: string | undefined;
  for (const word of words(text)) {
    if (hidden.some((set) => set.has(word))) {
      previous = undefined;
      continue;
    }
    yield word;
    if (previous !== undefined) yield `${previous} ${word}`;
    previous = word;
  }
}
