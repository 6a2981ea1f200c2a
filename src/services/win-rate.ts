/** How often a member preferred its personal replies to the bare model's, when it could not know which was which. */
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

/** The normal quantile of a two-sided 95 % interval. */
const QUANTILE = 1.959963984540054;

/** Only votes between equally many PERSONAL and BASE candidates count: there a member without taste would choose evenly. */
export function winRateOf(verdicts: readonly ComparedVerdicts[]): WinRateView {
  const fair = verdicts.filter(({ personal, base, explore }) => personal > 0 && personal === base && explore === 0);
  const sum = (matches: (verdict: ComparedVerdicts) => boolean) =>
    fair.filter(matches).reduce((total, { count }) => total + count, 0);
  const wins = sum(({ verdict, chosenRole }) => verdict === 'CHOSEN' && chosenRole === 'PERSONAL');
  const losses = sum(({ verdict, chosenRole }) => verdict === 'CHOSEN' && chosenRole === 'BASE');
  const ties = sum(({ verdict }) => verdict === 'TIE');
  if (wins + losses === 0) return { wins, losses, ties, rate: null, low: null, high: null };
  return { wins, losses, ties, rate: wins / (wins + losses), ...wilsonInterval(wins, wins + losses) };
}

/** Wilson's score interval for a proportion, 95 % (Wilson 1927, J. Am. Stat. Assoc. 22). */
export function wilsonInterval(successes: number, trials: number): { low: number; high: number } {
  const share = successes / trials;
  const z2 = QUANTILE ** 2;
  const centre = share + z2 / (2 * trials);
  const spread = QUANTILE * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials ** 2));
  const scale = 1 + z2 / trials;
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}
