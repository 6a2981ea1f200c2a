/** The order replies are shown in: it depends on ids alone, so nothing about how a reply was made can be read from it. */

/**
 * The candidates' ids in the order to show them. The same generation has the same order in every process and after every
 * restart; over generations each order is equally frequent.
 */
export function displayOrder(generationId: string, candidateIds: readonly string[]): string[] {
  return candidateIds
    .map((id) => ({ id, rank: hash(`${generationId}/${id}`) }))
    .sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

/** FNV-1a with a final mix, 32 bits: for order, not for secrecy. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
