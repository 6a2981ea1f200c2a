/**
 * One member's ballot on one generation: what they said on the platform, what the service has recorded, and what is on
 * its way there. Pure: every function returns a new ballot.
 *
 * A member can leave several marks; the latest counts. Taking the latest away lets the one before it count again; with
 * the last one the verdict is withdrawn. At most one request is under way for a ballot, so the service hears of
 * changes in their order, and what it has in the end is what the platform shows.
 */
import { MARKS, type Mark, sameVote, type Vote, voteOf } from './reactions.js';

/** A mark and how it was left. A reaction stays visible on the platform; a button press is only remembered. */
export interface Given {
  mark: Mark;
  by: 'reaction' | 'button';
}

export interface Recorded {
  feedbackId: string;
  vote: Vote;
}

/** What to tell the service. A withdrawal without an id: find the member's verdict first, if there is one. */
export type Request = { kind: 'submit'; vote: Vote } | { kind: 'withdraw'; feedbackId: string | null };

export interface Ballot {
  /** Marks that stand now, in the order they were left. */
  readonly given: readonly Given[];
  /** The active verdict as the service last confirmed it. */
  readonly recorded: Recorded | null;
  /** The request under way. */
  readonly sending: Request | null;
  /** Whether a request may have arrived without its answer coming back, so that `recorded` may be out of date. */
  readonly unsure: boolean;
  /** What the service turned down for good; it is not sent again until the member says something else. */
  readonly refused: { vote: Vote | null } | null;
  /** Requests confirmed so far, withdrawals among them. */
  readonly confirmed: number;
}

export const EMPTY_BALLOT: Ballot = {
  given: [],
  recorded: null,
  sending: null,
  unsure: false,
  refused: null,
  confirmed: 0,
};

export type BallotChange =
  | { kind: 'added'; mark: Mark }
  | { kind: 'removed'; mark: Mark }
  | { kind: 'pressed'; mark: Mark }
  /** All reactions of a message were taken away at once. */
  | { kind: 'cleared' };

/** The ballot after its member did something. Said twice, everything but a press means the same as once. */
export function changeBallot(ballot: Ballot, change: BallotChange): Ballot {
  const without = (mark: Mark, by: Given['by']) =>
    ballot.given.filter((given) => given.mark !== mark || given.by !== by);
  switch (change.kind) {
    case 'added':
      if (ballot.given.some((given) => given.by === 'reaction' && given.mark === change.mark)) return ballot;
      return { ...ballot, given: [...ballot.given, { mark: change.mark, by: 'reaction' }] };
    case 'removed':
      return { ...ballot, given: without(change.mark, 'reaction') };
    case 'cleared':
      return { ...ballot, given: ballot.given.filter((given) => given.by !== 'reaction') };
    case 'pressed': {
      const rest = ballot.given.filter((given) => given.by !== 'button');
      const last = ballot.given.at(-1);
      const again = last?.by === 'button' && last.mark === change.mark;
      return { ...ballot, given: again ? rest : [...rest, { mark: change.mark, by: 'button' }] };
    }
  }
}

/** The vote that counts: that of the latest mark which is one on these candidates. */
export function standingVote(ballot: Ballot, candidates: readonly string[]): Vote | null {
  for (let i = ballot.given.length - 1; i >= 0; i--) {
    const vote = voteOf(ballot.given[i].mark, candidates);
    if (vote) return vote;
  }
  return null;
}

/** What must be sent now so that the service has what the platform shows; null when nothing, or something is under way. */
export function nextRequest(ballot: Ballot, candidates: readonly string[]): Request | null {
  if (ballot.sending) return null;
  const vote = standingVote(ballot, candidates);
  if (!ballot.unsure && sameVote(vote, ballot.recorded?.vote ?? null)) return null;
  if (ballot.refused && sameVote(vote, ballot.refused.vote)) return null;
  if (vote) return { kind: 'submit', vote };
  return { kind: 'withdraw', feedbackId: ballot.recorded?.feedbackId ?? null };
}

/** The ballot after the service confirmed the request under way; `feedbackId` is the verdict's, null where there is none. */
export function confirm(ballot: Ballot, feedbackId: string | null): Ballot {
  const { sending } = ballot;
  if (!sending) return ballot;
  const recorded = sending.kind === 'submit' && feedbackId !== null ? { feedbackId, vote: sending.vote } : null;
  return { ...ballot, recorded, sending: null, unsure: false, refused: null, confirmed: ballot.confirmed + 1 };
}

/** The ballot after the request under way came to nothing; `again`: whether it is worth sending once more. */
export function disappoint(ballot: Ballot, again: boolean): Ballot {
  const { sending } = ballot;
  if (!sending) return ballot;
  if (again) return { ...ballot, sending: null, unsure: true };
  return { ...ballot, sending: null, refused: { vote: sending.kind === 'submit' ? sending.vote : null } };
}

/** The ballot after a restart: what was under way then may have arrived or not. */
export function recallBallot(kept: Ballot): Ballot {
  return { ...kept, sending: null, unsure: kept.unsure || kept.sending !== null };
}

/** A ballot as it is kept: marks and ids, nothing that anybody wrote. */
export function keepBallot(ballot: Ballot): string {
  return JSON.stringify(ballot);
}

/** A kept ballot; an empty one where the text is none. */
export function readBallot(text: string | null): Ballot {
  if (text === null) return EMPTY_BALLOT;
  const known = (mark: unknown) => MARKS.find((one) => one === mark) !== undefined;
  try {
    const ballot = { ...EMPTY_BALLOT, ...(JSON.parse(text) as Partial<Ballot>) };
    return { ...ballot, given: ballot.given.filter(({ mark }) => known(mark)) };
  } catch {
    return EMPTY_BALLOT;
  }
}

/**
 * The marks that stand after downtime: of those known before, buttons and the reactions still visible, in their order;
 * behind them the reactions that are new, in the order of the table, since platforms do not tell theirs.
 */
export function reconcileGiven(known: readonly Given[], visible: readonly Mark[]): Given[] {
  const kept = known.filter((given) => given.by === 'button' || visible.includes(given.mark));
  const isKept = (mark: Mark) => kept.some((given) => given.by === 'reaction' && given.mark === mark);
  const fresh = MARKS.filter((mark) => visible.includes(mark) && !isKept(mark));
  return [...kept, ...fresh.map((mark): Given => ({ mark, by: 'reaction' }))];
}
