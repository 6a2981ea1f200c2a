/**
 * Whose prompt is read on: a pure policy, asked before every pass. Those with the fewest passes left go first, which keeps the sum of all
 * waits small, and also how much is kept of prompts that are read in part: whatever overtakes takes fewer passes in all than the other has left.
 */

/** The one that came first gets one of so many passes at the least. */
export const OLDEST_EVERY = 4;

/** What nobody waits for gets one pass after so many that others had in the meantime. */
export const BEHIND_AFTER = 8;

/**
 * @param inOrder the passes that prompts which can be read on have left, in the order in which they came
 * @param passedOver passes in a row that others had while the first of them waited
 */
export function nextToRead<T extends { left: number }>(inOrder: readonly T[], passedOver: number): T | undefined {
  if (passedOver >= OLDEST_EVERY - 1) return inOrder[0];
  return inOrder.reduce<T | undefined>((first, one) => (first && first.left <= one.left ? first : one), undefined);
}
