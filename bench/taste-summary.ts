/** From replies to the table of the taste bench. Pure but for the judge that is handed in. */
import { SCORERS, type Taste } from './scorers.js';
import { bootstrapInterval, crossWinRate, distinct2, type Interval, mean } from './statistics.js';

/** Replies of one run, [prompt][reply]. */
export interface Sample {
  seed: number;
  texts: string[][];
}

export interface Evaluation extends Sample {
  taste: Taste;
  /** Votes that were asked for, and that could be cast: a scorer may see no difference between candidates. */
  wanted: number;
  votes: number;
}

export type Score = (prompt: string, replies: readonly string[]) => Promise<{ nll: number; tokens: number }>;

export interface TasteRow {
  taste: Taste | 'mean';
  wanted: number;
  votes: number;
  winRate: number;
  interval: Interval;
  /** NLL per token under the untouched model. */
  nll: number;
  /** Perplexity over that of the unpersonalised replies. */
  perplexityRatio: number;
  distinct2: number;
  /** Over that of as many unpersonalised replies. */
  distinct2Ratio: number;
  /** Mean words a reply. */
  words: number;
}

export interface TasteSummary {
  rows: TasteRow[];
  base: { nll: number; distinct2: number; words: number };
}

/** Rows per taste and vote count, and one mean per vote count. Several runs of a taste are taken together. */
export async function summarise(
  prompts: readonly string[],
  bases: readonly Sample[],
  evaluations: readonly Evaluation[],
  score: Score,
): Promise<TasteSummary> {
  const base = {
    nll: await nllOf(prompts, bases, score),
    distinct2: mean(bases.flatMap(({ texts }) => groupsOf(texts, evaluations[0].texts[0].length).map(distinct2))),
    words: wordsOf(bases),
  };
  const rows: TasteRow[] = [];
  for (const wanted of unique(evaluations.map((evaluation) => evaluation.wanted))) {
    const ofCount = evaluations.filter((evaluation) => evaluation.wanted === wanted);
    const perTaste: { row: TasteRow; units: number[] }[] = [];
    for (const taste of unique(ofCount.map((evaluation) => evaluation.taste))) {
      const runs = ofCount.filter((evaluation) => evaluation.taste === taste).sort((a, b) => a.seed - b.seed);
      const units = runs.flatMap((run) => winRates(run, bases));
      const nll = await nllOf(prompts, runs, score);
      const distinct = mean(runs.map(({ texts }) => distinct2(texts.flat())));
      perTaste.push({
        units,
        row: {
          taste,
          wanted,
          votes: mean(runs.map(({ votes }) => votes)),
          winRate: mean(units),
          interval: bootstrapInterval(units.length, (drawn) => mean(drawn.map((i) => units[i])), 'bootstrap'),
          nll,
          perplexityRatio: Math.exp(nll - base.nll),
          distinct2: distinct,
          distinct2Ratio: distinct / base.distinct2,
          words: wordsOf(runs),
        },
      });
    }
    rows.push(...perTaste.map(({ row }) => row), meanRow(wanted, perTaste, base));
  }
  return { rows, base };
}

/** All tastes together; prompts are resampled for all of them at once, because they share the unpersonalised replies. */
function meanRow(wanted: number, perTaste: { row: TasteRow; units: number[] }[], base: TasteSummary['base']): TasteRow {
  const units = perTaste[0].units.map((_, i) => mean(perTaste.map((taste) => taste.units[i])));
  const of = (pick: (row: TasteRow) => number) => mean(perTaste.map(({ row }) => pick(row)));
  const nll = of((row) => row.nll);
  return {
    taste: 'mean',
    wanted,
    votes: of((row) => row.votes),
    winRate: mean(units),
    interval: bootstrapInterval(units.length, (drawn) => mean(drawn.map((i) => units[i])), 'bootstrap'),
    nll,
    perplexityRatio: Math.exp(nll - base.nll),
    distinct2: of((row) => row.distinct2),
    distinct2Ratio: of((row) => row.distinct2Ratio),
    words: of((row) => row.words),
  };
}

/** One win rate a prompt. */
function winRates({ taste, seed, texts }: Evaluation, bases: readonly Sample[]): number[] {
  const base = bases.find((sample) => sample.seed === seed);
  if (!base) throw new Error(`There are no unpersonalised replies of run ${seed}`);
  return texts.map((replies, p) => crossWinRate(replies.map(SCORERS[taste]), base.texts[p].map(SCORERS[taste])));
}

async function nllOf(prompts: readonly string[], samples: readonly Sample[], score: Score): Promise<number> {
  let [nll, tokens] = [0, 0];
  for (const { texts } of samples) {
    for (const [p, replies] of texts.entries()) {
      const scored = await score(prompts[p], replies);
      nll += scored.nll;
      tokens += scored.tokens;
    }
  }
  return nll / tokens;
}

/** Replies in sets that have `size` of every prompt, so that their diversity compares with a set of that size. */
function groupsOf(texts: readonly string[][], size: number): string[][] {
  const groups = Math.floor(texts[0].length / size);
  return Array.from({ length: groups }, (_, g) => texts.flatMap((replies) => replies.slice(g * size, (g + 1) * size)));
}

const wordsOf = (samples: readonly Sample[]): number =>
  -mean(samples.flatMap(({ texts }) => texts.flat().map(SCORERS.short)));

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
