/** What replies are like, whoever likes them: likeness to one another, invented words, refusals. Pure. */
import { words } from '../../src/learning/diversity.js';
import { mean } from '../statistics.js';

/** How much the replies to one prompt say the same: the mean BLEU of each against the others (Zhu et al. 2018). 0 for fewer than two. */
export function selfBleu(texts: readonly string[]): number {
  if (texts.length < 2) return 0;
  return mean(texts.map((text, i) => bleu(text, texts.toSpliced(i, 1))));
}

/** BLEU up to four words (Papineni et al. 2002), with one added to the counts of two words and more (Lin and Och 2004), as single texts need. */
export function bleu(text: string, references: readonly string[]): number {
  const said = words(text);
  const others = references.map(words);
  if (said.length === 0) return 0;
  let sum = 0;
  for (let size = 1; size <= 4; size++) {
    const counts = countsOf(ngrams(said, size));
    const known = others.map((other) => countsOf(ngrams(other, size)));
    let [met, all] = [0, 0];
    for (const [gram, count] of counts) {
      met += Math.min(count, Math.max(...known.map((other) => other.get(gram) ?? 0)));
      all += count;
    }
    const added = size === 1 ? 0 : 1;
    if (met + added === 0) return 0;
    sum += Math.log((met + added) / (all + added));
  }
  const nearest = others
    .map(({ length }) => length)
    .sort((a, b) => Math.abs(a - said.length) - Math.abs(b - said.length) || a - b);
  const penalty = Math.min(1, Math.exp(1 - nearest[0] / said.length));
  return penalty * Math.exp(sum / 4);
}

/** Words of a hundred that are in no dictionary: small letters only, so that names do not count. */
export function inventedWords(texts: readonly string[], dictionary: ReadonlySet<string>): number {
  const written = texts.flatMap(
    (text) =>
      text.match(/(?<![\p{L}\p{M}\p{N}'’.@/-])\p{Ll}[\p{Ll}\p{M}]{2,}(?![\p{L}\p{M}\p{N}'’@/-]|\.\p{L})/gu) ?? [],
  );
  const all = texts.reduce((sum, text) => sum + words(text).length, 0);
  return (100 * written.filter((word) => !dictionary.has(word)).length) / Math.max(1, all);
}

const REFUSALS =
  /\b(?:i(?:'m| am) (?:sorry|afraid),? but\b|i (?:cannot|can't|can not|am unable to|am not able to|won't) (?:help|assist|provide|answer|fulfil|offer|give|do that|comply)|as an ai\b|i(?:'m| am) (?:just )?an? (?:ai|language model))/i;

/** The reply says that it will not answer, or that it is a machine. */
export function refuses(text: string): boolean {
  return REFUSALS.test(text.replaceAll('’', "'"));
}

function ngrams(all: readonly string[], size: number): string[] {
  return Array.from({ length: Math.max(0, all.length - size + 1) }, (_, i) => all.slice(i, i + size).join(' '));
}

function countsOf(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}
