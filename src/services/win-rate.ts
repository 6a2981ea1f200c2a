/** How often a member preferred its personal replies to the bare model's, when it could not know which was which. */
import { wilsonInterval } from '../learning/win-rate.js';
import type { CandidateRole, Verdict, WinRateView } from './views.js';

/** Equal verdicts, counted: what was compared (candidates of each role) and the role of the chosen one. */
export interface ComparedVerdicts {
  verdict: Verdict;
  chosenRole: CandidateRole | null;
  personal: number;
  base: number;
  explore: number;
  count: number;
}

/** Only votes between equally many PERSONAL and BASE candidates count: there a member without taste would choose evenly. */
export function winRateOf(verdicts: readonly ComparedVerdicts[]): WinRateView {
  const fair = verdicts.filter(({ personal, base, explore }) => personal > 0 && personal === base && explore === 0);
  const sum = (matches: (verdict: ComparedVerdicts) => boolean) =>
    fair.filter(matches).reduce((total, { count }) => total + count, 0);
  const wins = sum(({ verdict, chosenRole }) => verdict === 'CHOSEN' && chosenRole === 'PERSONAL');
  const losses = sum(({ verdict, chosenRole }) => verdict === 'CHOSEN' && chosenRole === 'BASE');
  const ties = sum(({ verdict }) => verdict === 'TIE');
  return { wins, losses, ties, ...(wilsonInterval(wins, wins + losses) ?? { rate: null, low: null, high: null }) };
}
