/** How far the two scorers of a taste agree, and how often each sees no difference: printed before anything is believed. */
import { mean } from '../statistics.js';
import type { BankPrompt } from './bank.js';
import { crossPairs, rankCorrelation } from './comparing.js';
import type { TasteMember } from './members.js';

export interface ScorerAgreement {
  taste: string;
  kind: string;
  /** Mean over prompts of the rank correlation of A and B between the replies to one prompt; prompts where one is constant left out. */
  correlation: number;
  /** Prompts that it is the mean of. */
  prompts: number;
  /** Share of the pairs of replies to one prompt that A, and B, holds for equal. */
  tiesA: number;
  tiesB: number;
}

export function scorerAgreement(bank: readonly BankPrompt[], members: readonly TasteMember[]): ScorerAgreement[] {
  return members
    .filter(({ seed }) => seed === 1)
    .map(({ taste, a, b }) => {
      const scores = bank.map(({ prompt, replies }) => {
        return { a: replies.map(({ text }) => a(text, prompt)), b: replies.map(({ text }) => b(text, prompt)) };
      });
      const correlations = scores.map((of) => rankCorrelation(of.a, of.b)).filter((value) => !Number.isNaN(value));
      const ties = (of: 'a' | 'b') => mean(scores.map((row) => tiedPairs(row[of])));
      return {
        taste: taste.name,
        kind: taste.kind,
        correlation: mean(correlations),
        prompts: correlations.length,
        tiesA: ties('a'),
        tiesB: ties('b'),
      };
    });
}

/** Of the pairs of different replies. */
function tiedPairs(scores: readonly number[]): number {
  const { length } = scores;
  const all = crossPairs(scores, scores).tied * length * length;
  return (all - length) / (length * (length - 1));
}
