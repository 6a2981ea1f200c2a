/** From what was written to the rows of the table. Pure. */
import { distinct2, words } from '../../src/learning/diversity.js';
import { mean } from '../statistics.js';
import type { BankPrompt } from './bank.js';
import { crossPairs } from './comparing.js';
import { type Cells, difference, type Estimate, estimate } from './crossed.js';
import type { EvaluatedReply, Evaluation } from './evaluation.js';
import type { TasteMember, Voting } from './members.js';
import type { Scorer } from './tastes.js';
import { inventedWords, refuses, selfBleu } from './text-measures.js';

export interface TasteRow extends Voting {
  method: string;
  /** A taste, or every family of tastes once. */
  taste: string;
  count: number;
  /** Mean of the votes that could be cast. */
  votes: number;
  /** Against the unsteered replies of the same prompts, by the scorer that voted and by the independent one; ties count half. */
  a: Estimate;
  b: Estimate;
  tiesA: number;
  tiesB: number;
  /** `a` less the reference method's, on the same votes. */
  gain: Estimate;
  /** Of the replies under the untouched model. */
  perplexity: number;
  distinct2: number;
  selfBleu: number;
  /** Share of replies that ended by themselves. */
  ended: number;
  /** In a hundred words. */
  invented: number;
  /** Of the questions with one answer that the untouched model answers rightly, the share that is still right. */
  facts: number;
  refusals: number;
  words: number;
  /** Tokens that were decoded for a reply. */
  decoded: number;
  /** Machine time of a member's fit. */
  seconds: number;
}

export interface SummaryParts {
  held: readonly BankPrompt[];
  dictionary: ReadonlySet<string>;
  /** The method that the others are set against. */
  reference: string;
  /** FACTS that the untouched model answers rightly. */
  known: readonly boolean[];
}

/** A row a method, count and voting over all tastes; then one for each taste. */
export function summarise(evaluations: readonly Evaluation[], parts: SummaryParts): TasteRow[] {
  const groups = groupBy(evaluations, ({ method, count, candidates, slips }) =>
    [method, count, candidates, slips].join(),
  );
  const rows = groups.map((group) => rowOf('all', group, evaluations, parts));
  const perTaste = groups.flatMap((group) =>
    groupBy(group, ({ member }) => member.taste.name).map((of) =>
      rowOf(of[0].member.taste.name, of, evaluations, parts),
    ),
  );
  return [...rows, ...perTaste];
}

function rowOf(
  taste: string,
  group: readonly Evaluation[],
  all: readonly Evaluation[],
  { held, dictionary, reference, known }: SummaryParts,
): TasteRow {
  const { method, count, candidates, slips } = group[0];
  const weights = group.map(({ member }) => member.weight);
  const wins = (scorer: 'a' | 'b', of: readonly Evaluation[]) =>
    of.map((one) => held.map((_, p) => against(one, held, p, one.member[scorer])));
  const a = wins('a', group);
  const b = wins('b', group);
  const referred = group.map((one) => all.find((other) => other.method === reference && sameVotes(one, other)) ?? one);
  const won = (of: { won: number }[][]): Cells => ({ values: of.map((row) => row.map((cell) => cell.won)), weights });
  const tied = (of: { tied: number }[][]) =>
    weightedMean(
      of.map((row) => mean(row.map((cell) => cell.tied))),
      weights,
    );
  const perMember = (measure: (replies: EvaluatedReply[][]) => number) =>
    weightedMean(
      group.map(({ replies }) => measure(replies)),
      weights,
    );
  const perReply = (measure: (reply: EvaluatedReply) => number) =>
    perMember((replies) => mean(replies.flat().map(measure)));
  const texts = (replies: EvaluatedReply[][]) => replies.flat().map(({ text }) => text);
  const sum = (replies: EvaluatedReply[][], pick: 'nll' | 'scored') =>
    replies.flat().reduce((total, reply) => total + reply[pick], 0);
  return {
    method,
    taste,
    count,
    candidates,
    slips,
    votes: mean(group.map(({ votes }) => votes)),
    a: estimate(won(a), 'taste'),
    b: estimate(won(b), 'taste'),
    tiesA: tied(a),
    tiesB: tied(b),
    gain: estimate(difference(won(a), won(wins('a', referred))), 'taste'),
    perplexity: Math.exp(perMember((replies) => sum(replies, 'nll') / sum(replies, 'scored'))),
    distinct2: perMember((replies) => distinct2(texts(replies))),
    selfBleu: perMember((replies) => mean(replies.map((of) => selfBleu(of.map(({ text }) => text))))),
    ended: perReply(({ ended }) => (ended ? 1 : 0)),
    invented: perMember((replies) => inventedWords(texts(replies), dictionary)),
    facts: weightedMean(
      group.map(({ right }) => stillRight(right, known)),
      weights,
    ),
    refusals: perReply(({ text }) => (refuses(text) ? 1 : 0)),
    words: perReply(({ text }) => words(text).length),
    decoded: perReply(({ decoded }) => decoded),
    seconds: weightedMean(
      group.map((one) => one.seconds ?? Number.NaN),
      weights,
    ),
  };
}

/** A prompt's replies against its unsteered ones, but those that a reply was chosen among. */
function against({ replies }: Evaluation, held: readonly BankPrompt[], p: number, scorer: Scorer) {
  const { prompt, replies: unsteered } = held[p];
  const theirs = unsteered.map(({ text }) => scorer(text, prompt));
  const pairs = replies[p].map(({ text, among }) =>
    crossPairs(
      [scorer(text, prompt)],
      theirs.filter((_, i) => !among.includes(i)),
    ),
  );
  return { won: mean(pairs.map(({ won }) => won)), tied: mean(pairs.map(({ tied }) => tied)) };
}

const sameVotes = (one: Evaluation, other: Evaluation): boolean =>
  one.member.name === other.member.name &&
  one.count === other.count &&
  one.candidates === other.candidates &&
  one.slips === other.slips;

function stillRight(right: readonly boolean[], known: readonly boolean[]): number {
  const asked = right.filter((_, i) => known[i]);
  return asked.filter(Boolean).length / Math.max(1, asked.length);
}

function weightedMean(values: readonly number[], weights: readonly TasteMember['weight'][]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return values.reduce((sum, value, i) => sum + weights[i] * value, 0) / total;
}

/** In order of the first of each group. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}
