/** How often a member preferred its personal replies to the bare model's, when it could not know which was which. */

import type { CandidateRole, Verdict, WinRate, WinRatePoint } from '../../contract/generated/types.js';
import { wilsonInterval } from '../../learning/win-rate.js';

/** Equal verdicts, counted: what was compared (candidates of each role) and the role of the chosen one. */
export interface ComparedVerdicts {
  verdict: Verdict;
  chosenRole: CandidateRole | null;
  personal: number;
  base: number;
  explore: number;
  count: number;
}

/** A verdict between equally many PERSONAL and BASE candidates, in the order in which they were given. */
export interface FairVerdict {
  at: Date;
  verdict: Verdict;
  chosenRole: CandidateRole | null;
}

/** Points that a win rate's course is told with. */
const POINTS = 200;

/** The win rate as it stood after each of the verdicts, oldest first; of very many, evenly thinned, the last one always. */
export function winRatesOf(verdicts: readonly FairVerdict[]): WinRatePoint[] {
  let [wins, losses, ties] = [0, 0, 0];
  const points = verdicts
    .filter(({ verdict }) => verdict === 'CHOSEN' || verdict === 'TIE')
    .map(({ at, verdict, chosenRole }) => {
      if (verdict === 'TIE') ties++;
      else if (chosenRole === 'PERSONAL') wins++;
      else losses++;
      return { at, wins, losses, ties, ...(wilsonInterval(wins, wins + losses) ?? NO_RATE) };
    });
  const every = Math.ceil(points.length / POINTS);
  return points.filter((_, i) => (points.length - 1 - i) % every === 0);
}

const NO_RATE = { rate: null, low: null, high: null };

/** Only votes between equally many PERSONAL and BASE candidates count: there a member without taste would choose evenly. */
export function winRateOf(verdicts: readonly ComparedVerdicts[]): WinRate {
  const fair = verdicts.filter(({ personal, base, explore }) => personal > 0 && personal === base && explore === 0);
  const sum = (matches: (verdict: ComparedVerdicts) => boolean) =>
    fair.filter(matches).reduce((total, { count }) => total + count, 0);
  const wins = sum(({ verdict, chosenRole }) => verdict === 'CHOSEN' && chosenRole === 'PERSONAL');
  const losses = sum(({ verdict, chosenRole }) => verdict === 'CHOSEN' && chosenRole === 'BASE');
  const ties = sum(({ verdict }) => verdict === 'TIE');
  return { wins, losses, ties, ...(wilsonInterval(wins, wins + losses) ?? NO_RATE) };
}
