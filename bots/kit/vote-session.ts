/**
 * A vote session: from a question to the last change of mind about its replies. A pure state machine: `step` takes a
 * session and an event and returns the session after it and what is to be done; it knows no platform, clock or network.
 *
 *     asked -> streaming -> offered -> expired
 *                 `-> failed
 *
 * and, for each voter while it is offered: offered -> chosen -> changed -> withdrawn -> changed ...
 */
import {
  type Ballot,
  type BallotChange,
  changeBallot,
  confirm,
  disappoint,
  EMPTY_BALLOT,
  nextRequest,
  type Request,
  recallBallot,
  reconcileGiven,
} from './ballot.js';
import { displayOrder } from './order.js';
import type { Mark } from './reactions.js';

export type Phase = 'asked' | 'streaming' | 'offered' | 'expired' | 'failed';
export type Standing = 'offered' | 'chosen' | 'changed' | 'withdrawn';

export interface VoteSession {
  readonly phase: Phase;
  /** The platform's id of the member the replies are for. */
  readonly asker: string;
  readonly generationId: string | null;
  /** The candidates' ids in the order they are shown. */
  readonly candidates: readonly string[];
  readonly ballots: Readonly<Record<string, Ballot>>;
}

export type SessionEvent =
  | { kind: 'started'; generationId: string; candidateIds: readonly string[] }
  | { kind: 'finished' }
  | { kind: 'failed' }
  /** The service has no such generation any more, or nobody is to vote on it any longer. */
  | { kind: 'expired' }
  | { kind: 'mark'; voter: string; change: BallotChange }
  /** The service confirmed a voter's request. */
  | { kind: 'confirmed'; voter: string; feedbackId: string | null }
  /** It did not: send it again after a while, or give it up. */
  | { kind: 'unconfirmed'; voter: string; again: boolean }
  /** The pause after a request that failed is over. */
  | { kind: 'retry'; voter: string }
  /** A ballot from before a restart, and the reactions that are visible now; null where nobody has looked. */
  | { kind: 'recalled'; voter: string; ballot: Ballot; visible: readonly Mark[] | null };

export type Effect =
  /** Tell the service. The voter's ballot is to be kept before, so that a restart knows what may have been counted. */
  | { kind: 'send'; voter: string; request: Request }
  /** Call again with `retry` after a pause. */
  | { kind: 'pause'; voter: string }
  /** Write new replies to the same question. */
  | { kind: 'regenerate'; voter: string }
  /** Say that this offer is over. */
  | { kind: 'refuse'; voter: string }
  /** Take the offer's buttons away. */
  | { kind: 'close' };

export interface Step {
  session: VoteSession;
  effects: Effect[];
}

export function askedSession(asker: string): VoteSession {
  return { phase: 'asked', asker, generationId: null, candidates: [], ballots: {} };
}

/** A session whose offer is known from before a restart. */
export function offeredSession(asker: string, generationId: string, candidates: readonly string[]): VoteSession {
  return { phase: 'offered', asker, generationId, candidates, ballots: {} };
}

export function step(session: VoteSession, event: SessionEvent): Step {
  switch (event.kind) {
    case 'started':
      return start(session, event.generationId, event.candidateIds);
    case 'finished':
      return session.phase === 'streaming' ? sendAll({ ...session, phase: 'offered' }) : same(session);
    case 'failed':
      return session.phase === 'asked' || session.phase === 'streaming'
        ? { session: { ...session, phase: 'failed' }, effects: [{ kind: 'close' }] }
        : same(session);
    case 'expired':
      return session.phase === 'expired'
        ? same(session)
        : { session: { ...session, phase: 'expired' }, effects: [{ kind: 'close' }] };
    case 'mark':
      return mark(session, event.voter, event.change);
    case 'confirmed':
      return send(
        withBallot(session, event.voter, confirm(ballotOf(session, event.voter), event.feedbackId)),
        event.voter,
      );
    case 'unconfirmed': {
      const next = withBallot(session, event.voter, disappoint(ballotOf(session, event.voter), event.again));
      return event.again
        ? { session: next, effects: [{ kind: 'pause', voter: event.voter }] }
        : send(next, event.voter);
    }
    case 'retry':
      return send(session, event.voter);
    case 'recalled': {
      const { voter, ballot, visible } = event;
      // A ballot that is in hand already is newer than the one that was kept.
      const present = session.ballots[voter] ?? recallBallot(ballot);
      const given = visible ? reconcileGiven(present.given, visible) : present.given;
      return send(withBallot(session, voter, { ...present, given }), voter);
    }
  }
}

/** How a voter stands to the offer, by what the service has confirmed. */
export function standingOf(session: VoteSession, voter: string): Standing {
  const ballot = ballotOf(session, voter);
  if (ballot.confirmed === 0) return 'offered';
  if (!ballot.recorded) return 'withdrawn';
  return ballot.confirmed === 1 ? 'chosen' : 'changed';
}

export function ballotOf(session: VoteSession, voter: string): Ballot {
  return session.ballots[voter] ?? EMPTY_BALLOT;
}

/** Whether nothing is under way for anybody. */
export function isSettled(session: VoteSession): boolean {
  return Object.values(session.ballots).every(
    (ballot) => !ballot.sending && nextRequest(ballot, session.candidates) === null,
  );
}

function start(session: VoteSession, generationId: string, candidateIds: readonly string[]): Step {
  if (session.phase !== 'asked') return same(session);
  const candidates = displayOrder(generationId, candidateIds);
  return same({ ...session, phase: 'streaming', generationId, candidates });
}

function mark(session: VoteSession, voter: string, change: BallotChange): Step {
  const leaves = change.kind === 'added' || change.kind === 'pressed';
  if (isRegenerate(change)) {
    if (!leaves || voter !== session.asker) return same(session);
    return { session, effects: session.phase === 'offered' ? [{ kind: 'regenerate', voter }] : [] };
  }
  if (session.phase === 'expired' || session.phase === 'failed') {
    return { session, effects: leaves ? [{ kind: 'refuse', voter }] : [] };
  }
  return send(withBallot(session, voter, changeBallot(ballotOf(session, voter), change)), voter);
}

function isRegenerate(change: BallotChange): boolean {
  return change.kind !== 'cleared' && change.mark === 'REGENERATE';
}

/** Sends what a voter's ballot calls for; votes left while the replies still grow wait for the offer. */
function send(session: VoteSession, voter: string): Step {
  if (session.phase !== 'offered') return same(session);
  const ballot = ballotOf(session, voter);
  const request = nextRequest(ballot, session.candidates);
  if (!request) return same(session);
  return {
    session: withBallot(session, voter, { ...ballot, sending: request }),
    effects: [{ kind: 'send', voter, request }],
  };
}

function sendAll(session: VoteSession): Step {
  const effects: Effect[] = [];
  let next = session;
  for (const voter of Object.keys(session.ballots)) {
    const sent = send(next, voter);
    next = sent.session;
    effects.push(...sent.effects);
  }
  return { session: next, effects };
}

function withBallot(session: VoteSession, voter: string, ballot: Ballot): VoteSession {
  return { ...session, ballots: { ...session.ballots, [voter]: ballot } };
}

function same(session: VoteSession): Step {
  return { session, effects: [] };
}
