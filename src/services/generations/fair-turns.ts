/**
 * Whose turn it is: pure policies over who waits and who is being served. Members take turns, and a member's own questions are
 * served in the order in which they came. The estimate of a wait plays the same rules forward.
 */

export interface WaitingTurn {
  member: string;
  /** Counts up in the order of coming. */
  order: number;
}

/** How many of each member are being served. */
export type Served = ReadonlyMap<string, number>;

/**
 * The order in which those that wait are to be served. Before each stand as many rounds as the member has questions under way or before
 * it; whoever has fewer goes first, and of those with as many the one who came first. Nobody can be overtaken for good: what a member
 * has under way ends.
 */
export function fairOrder<T extends WaitingTurn>(waiting: readonly T[], served: Served): T[] {
  const rounds = new Map(served);
  const byArrival = [...waiting].sort((a, b) => a.order - b.order);
  const placed = byArrival.map((turn) => {
    const round = rounds.get(turn.member) ?? 0;
    rounds.set(turn.member, round + 1);
    return { turn, round };
  });
  return placed.sort((a, b) => a.round - b.round).map(({ turn }) => turn);
}

/**
 * Where one is served at a time: the first of the member who was served the longest ago, or never; undefined where nobody waits.
 * @param lastServed when each member was served, in whatever counts up
 */
export function nextInTurn<T extends WaitingTurn>(
  waiting: readonly T[],
  lastServed: ReadonlyMap<string, number>,
): T | undefined {
  const since = ({ member }: T) => lastServed.get(member) ?? Number.NEGATIVE_INFINITY;
  const before = (a: T, b: T) => (since(a) === since(b) ? a.order < b.order : since(a) < since(b));
  return waiting.reduce<T | undefined>((first, turn) => (first && before(first, turn) ? first : turn), undefined);
}

export interface SizedTurn extends WaitingTurn {
  /** Slots that it takes. */
  slots: number;
  /** How many of its member may be served at once. */
  atOnce: number;
}

/**
 * The next that can begin, of those in their fair order; undefined where all have to wait. One whose member has as many under way as
 * may be is passed over; one that is too large for the slots that are free is not, or small ones would keep it waiting for good.
 */
export function nextToBegin<T extends SizedTurn>(inOrder: readonly T[], served: Served, free: number): T | undefined {
  const first = inOrder.find(({ member, atOnce }) => (served.get(member) ?? 0) < atOnce);
  return first && first.slots <= free ? first : undefined;
}

export interface ServedTurn {
  member: string;
  slots: number;
  /** Milliseconds since it began. */
  elapsed: number;
}

/**
 * Milliseconds until each of those in their fair order begins, if every one takes as long as they usually do.
 * @param typical milliseconds from beginning to end
 */
export function estimateWaits(
  inOrder: readonly SizedTurn[],
  serving: readonly ServedTurn[],
  slots: number,
  typical: number,
): number[] {
  const ends = serving.map(({ elapsed, ...turn }) => ({ ...turn, at: remainingTime(elapsed, typical) }));
  const served = countServed(serving);
  let free = slots - serving.reduce((sum, turn) => sum + turn.slots, 0);
  let now = 0;
  const waits = new Map<SizedTurn, number>();
  const left = [...inOrder];
  while (left.length > 0) {
    const next = nextToBegin(left, served, free);
    if (next) {
      waits.set(next, now);
      left.splice(left.indexOf(next), 1);
      ends.push({ member: next.member, slots: next.slots, at: now + typical });
      served.set(next.member, (served.get(next.member) ?? 0) + 1);
      free -= next.slots;
      continue;
    }
    const end = earliest(ends);
    // Nothing is being served and yet nothing begins: it is larger than all the slots together.
    if (end === undefined) break;
    ends.splice(ends.indexOf(end), 1);
    now = end.at;
    free += end.slots;
    served.set(end.member, (served.get(end.member) ?? 1) - 1);
  }
  return inOrder.map((turn) => waits.get(turn) ?? now);
}

/** Milliseconds until one ends: what is left of the usual time, or where that is over a quarter of it. */
export function remainingTime(elapsed: number, typical: number): number {
  return elapsed < typical ? typical - elapsed : typical / 4;
}

export function countServed(serving: readonly { member: string }[]): Map<string, number> {
  const served = new Map<string, number>();
  for (const { member } of serving) served.set(member, (served.get(member) ?? 0) + 1);
  return served;
}

function earliest<T extends { at: number }>(ends: readonly T[]): T | undefined {
  return ends.reduce<T | undefined>((first, end) => (first && first.at <= end.at ? first : end), undefined);
}
