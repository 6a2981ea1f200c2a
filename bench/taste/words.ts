/** Texts cut into sentences and lines, as tastes and judges count them, and what share of one a vocabulary has. */
import { words } from '../../src/learning/diversity.js';

/** Sentences, and lines that end without a full stop. */
export function sentences(text: string): string[] {
  return text
    .split(/(?<=[.!?…])\s+|\n+/u)
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
}

/** Lines that say something. */
export function lines(text: string): string[] {
  return text.split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line));
}

/** Share of a text's words that are in the vocabulary. */
export function shareOf(vocabulary: ReadonlySet<string>, text: string): number {
  const all = words(text);
  return all.filter((word) => vocabulary.has(word)).length / Math.max(1, all.length);
}
