/** How much texts repeat one another. Pure. */

/** Lower-case words of letters, of any script, and apostrophes. */
export function words(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{M}']+/gu) ?? []
  );
}

/** Different word pairs over all word pairs of the texts together (Li et al. 2016); 0 where there is none. */
export function distinct2(texts: readonly string[]): number {
  const pairs = texts.flatMap((text) => {
    const said = words(text);
    return said.slice(1).map((word, i) => `${said[i]} ${word}`);
  });
  return pairs.length === 0 ? 0 : new Set(pairs).size / pairs.length;
}
