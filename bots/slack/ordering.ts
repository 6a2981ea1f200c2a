/**
 * Reactions in the order in which people left them. Slack delivers them in any order and repeats them; each carries its
 * moment. Pure: what happened so far goes in, and comes out with what is to be done.
 */
import type { BallotChange, Mark } from '../kit/index.js';

export interface ReactionMoment {
  mark: Mark;
  kind: 'added' | 'removed';
  /** Slack's timestamp of the reaction. */
  at: string;
}

/** Moments remembered of one person's reactions to one offer. */
const REMEMBERED = 32;

/** `history`: what is known of a person's reactions to an offer, oldest first. */
export function placeReaction(
  history: readonly ReactionMoment[],
  moment: ReactionMoment,
): { history: ReactionMoment[]; changes: BallotChange[] } {
  const { mark, at } = moment;
  const same = history.find((known) => known.mark === mark);
  if (same && compare(same.at, at) >= 0) return { history: [...history], changes: [] };
  // Of each mark only the latest moment matters.
  const others = history.filter((known) => known.mark !== mark);
  const later = others.filter((known) => compare(known.at, at) > 0);
  const next = [...others, moment].sort((a, b) => compare(a.at, b.at)).slice(-REMEMBERED);
  // What was left after it counts more: it is said again behind it.
  const again = later
    .filter(({ kind }) => kind === 'added')
    .flatMap((known): BallotChange[] => [
      { kind: 'removed', mark: known.mark },
      { kind: 'added', mark: known.mark },
    ]);
  // Left, taken away and left again, with the taking away still on its way: it moves behind the others all the same.
  const moved: BallotChange[] = same?.kind === 'added' && moment.kind === 'added' ? [{ kind: 'removed', mark }] : [];
  return { history: next, changes: [...moved, { kind: moment.kind, mark }, ...again] };
}

/** Timestamps are seconds and a serial number of six digits. */
function compare(a: string, b: string): number {
  const [seconds, serial = '0'] = a.split('.');
  const [otherSeconds, otherSerial = '0'] = b.split('.');
  return Number(seconds) - Number(otherSeconds) || Number(serial) - Number(otherSerial);
}
