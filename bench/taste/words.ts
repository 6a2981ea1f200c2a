/** Texts cut into words, sentences and lines, as tastes, judges and statistics count them. */

/** Lower-case words of letters, of any script, and apostrophes. */
export function words(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{M}']+/gu) ?? []
  );
}

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
