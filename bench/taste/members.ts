/** The members of a comparison: every taste with every seed, and the votes that each casts on the bank. */
import { createHash } from 'node:crypto';
import { mean } from '../statistics.js';
import type { BankPrompt } from './bank.js';
import { AXES, type Axis, type Scales, type Scorer, scorerOf, type Taste } from './tastes.js';
import { castVotes, type Vote } from './votes.js';

export interface TasteMember {
  taste: Taste;
  /** Of the run; members of one taste differ by it. */
  seed: number;
  /** What the member's own draws depend on. */
  name: string;
  a: Scorer;
  b: Scorer;
  /** Families of tastes weigh alike in a mean, whatever number of tastes they have. */
  weight: number;
}

export interface Voting {
  candidates: number;
  slips: number;
}

/** @param judges the scorers B of the axes */
export function tasteMembers(
  tastes: readonly Taste[],
  seeds: number,
  bank: readonly BankPrompt[],
  judges: Readonly<Record<Axis, Scorer>>,
): TasteMember[] {
  const scales = { a: scalesOf(AXES, bank), b: scalesOf(judges, bank) };
  return tastes.flatMap((taste) => {
    const { a = scorerOf(taste, AXES, scales.a), b = scorerOf(taste, judges, scales.b) } = taste.scorers ?? {};
    const weight = 1 / tastes.filter(({ family }) => family === taste.family).length;
    return Array.from({ length: seeds }, (_, i) => {
      return { taste, seed: i + 1, name: `${taste.name}/${i + 1}`, a, b, weight };
    });
  });
}

/** The votes of a member; fewer slips or votes are a part of more. */
export function votesOf({ name, a }: TasteMember, bank: readonly BankPrompt[], count: number, voting: Voting): Vote[] {
  return castVotes(bank, count, { scorer: a, seed: `${name}/${voting.candidates}`, ...voting });
}

/** The standard deviation of each axis between the replies to one prompt, over the whole bank; 1 for an axis that never varies. */
export function scalesOf(axes: Readonly<Record<Axis, Scorer>>, bank: readonly BankPrompt[]): Scales {
  const entries = Object.entries(axes).map(([axis, scorer]) => {
    const variances = bank.map(({ prompt, replies }) => {
      const scores = replies.map(({ text }) => scorer(text, prompt));
      const middle = mean(scores);
      return mean(scores.map((score) => (score - middle) ** 2));
    });
    return [axis, Math.sqrt(mean(variances)) || 1] as const;
  });
  return Object.fromEntries(entries) as Scales;
}

/** A 31-bit seed for one purpose. */
export function seedOf(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(parts.join('/')).digest().readUInt32LE(0) >>> 1;
}
