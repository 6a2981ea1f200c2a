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

/** When each member's last turn ended, counted as orders are; members who had none since anybody waits may be absent. */
export type LastServed = ReadonlyMap<string, number>;

const NOBODY: Served = new Map();

/**
 * Who is served next: of the members with the fewest under way the one who has waited for the longest since it came or had its last turn,
 * with its first; undefined where nobody waits. Whoever comes later goes behind those who wait then, so nobody can be overtaken for good:
 * what a member has under way ends.
 */
export function nextInTurn<T extends WaitingTurn>(
  waiting: readonly T[],
  lastServed: LastServed,
  served: Served = NOBODY,
): T | undefined {
  const rounds = ({ member }: T) => served.get(member) ?? 0;
  const since = ({ member, order }: T) => Math.max(order, lastServed.get(member) ?? order);
  const before = (a: T, b: T) => rounds(a) - rounds(b) || since(a) - since(b) || a.order - b.order;
  return waiting.reduce<T | undefined>((first, turn) => (first && before(first, turn) <= 0 ? first : turn), undefined);
}

export interface SizedTurn extends WaitingTurn {
  /** Slots that it takes. */
  slots: number;
  /** How many of its member may be served at once. */
  atOnce: number;
}

/**
 * The next that can begin; undefined where all have to wait. One whose member has as many under way as may be is passed over; one that is
 * too large for the slots that are free is not, or small ones would keep it waiting for good.
 */
export function nextToBegin<T extends SizedTurn>(
  waiting: readonly T[],
  lastServed: LastServed,
  served: Served,
  free: number,
): T | undefined {
  const may = waiting.filter(({ member, atOnce }) => (served.get(member) ?? 0) < atOnce);
  const first = nextInTurn(may, lastServed, served);
  return first && first.slots <= free ? first : undefined;
}

export interface ServedTurn {
  member: string;
  slots: number;
  /** Milliseconds since it began. */
  elapsed: number;
}

export interface Foreseen<T> {
  turn: T;
  /** Milliseconds until it begins. */
  wait: number;
}

/**
 * Those that wait in the order in which they will begin, if nobody else comes and every one takes as long as they usually do.
 * @param typical milliseconds from beginning to end
 */
export function foresee<T extends SizedTurn>(
  waiting: readonly T[],
  serving: readonly ServedTurn[],
  lastServed: LastServed,
  slots: number,
  typical: number,
): Foreseen<T>[] {
  const ends = serving.map(({ elapsed, ...turn }) => ({ ...turn, at: remainingTime(elapsed, typical) }));
  const served = countServed(serving);
  const last = new Map(lastServed);
  let count = Math.max(-1, ...last.values(), ...waiting.map(({ order }) => order));
  let free = slots - serving.reduce((sum, turn) => sum + turn.slots, 0);
  let now = 0;
  const foreseen: Foreseen<T>[] = [];
  const left = [...waiting];
  while (left.length > 0) {
    const next = nextToBegin(left, last, served, free);
    if (next) {
      foreseen.push({ turn: next, wait: now });
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
    last.set(end.member, ++count);
  }
  return [...foreseen, ...left.map((turn) => ({ turn, wait: now }))];
}

/**
 * Milliseconds until one ends: what is left of the usual time, or where that is over a quarter of what it has taken. What is long over its
 * time (more was asked of it than of the last ones) goes on for long, and whoever is told to come again in a moment comes in vain.
 */
export function remainingTime(elapsed: number, typical: number): number {
  return elapsed < typical ? typical - elapsed : elapsed / 4;
}

export function countServed(serving: readonly { member: string }[]): Map<string, number> {
  const served = new Map<string, number>();
  for (const { member } of serving) served.set(member, (served.get(member) ?? 0) + 1);
  return served;
}

function earliest<T extends { at: number }>(ends: readonly T[]): T | undefined {
  return ends.reduce<T | undefined>((first, end) => (first && first.at <= end.at ? first : end), undefined);
}
