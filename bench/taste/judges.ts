/**
 * The scorers B: for each axis an independent judge of another kind than the scorer A that voted (tastes.ts). Most learned from a corpus
 * what goes along with an axis, without the words by which A counts it; some look at the layout. A taste that is won by A and not by B
 * was won by the words that A counts.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../src/common/whole-files.js';
import { words } from '../../src/learning/diversity.js';
import { allSentences, type Corpora, corporaSizes, readCorpora } from './corpora.js';
import { BENCH_CACHE } from './served-model.js';
import type { Axis, Scorer } from './tastes.js';
import { COUNTED_WORDS } from './tastes.js';
import { type LabelledText, meanWeight, type TermWeights, trainTermWeights } from './term-weights.js';
import { CASUAL, FORMAL, WARM } from './vocabularies.js';
import { lines, sentences } from './words.js';

/** What is learned from the corpora: one table a judge, and how often words occur. */
const TRAINED = [
  'sentiment',
  'second person',
  'first person',
  'question',
  'numbers',
  'directive',
  'register',
  'concreteness',
  'emotion',
  'frequency',
] as const;

type Trained = (typeof TRAINED)[number];
export type JudgeTables = Readonly<Record<Trained, TermWeights>>;

/** Raised when what is learned changes: tables of another version are learned again. */
const VERSION = 1;
const REGISTER_WORDS = [CASUAL, FORMAL];

export function trainJudges(corpora: Corpora): JudgeTables {
  const { reviews, turns } = corpora;
  const act = (wanted: string) =>
    trainTermWeights(turns.map(({ text, act: given }) => ({ text, holds: given === wanted })));
  return {
    sentiment: trainTermWeights(reviews),
    'second person': trainTermWeights(counted(corpora, 'second person'), COUNTED_WORDS['second person']),
    'first person': trainTermWeights(counted(corpora, 'first person'), COUNTED_WORDS['first person']),
    question: act('question'),
    numbers: trainTermWeights(counted(corpora, 'numbers'), COUNTED_WORDS.numbers),
    directive: act('directive'),
    register: trainTermWeights(registers(corpora), REGISTER_WORDS),
    concreteness: trainTermWeights(counted(corpora, 'concreteness'), COUNTED_WORDS.concreteness),
    emotion: trainTermWeights(
      turns.map(({ text, emotion }) => ({ text, holds: emotion !== 'no_emotion' })),
      [WARM],
    ),
    frequency: frequencies(corpora),
  };
}

/** B, in the direction of the axis' name as A is. */
export function judgesOf(tables: JudgeTables): Record<Axis, Scorer> {
  const learned = (table: Trained, hidden?: readonly ReadonlySet<string>[]): Scorer => {
    return (text) => meanWeight(tables[table], text, hidden);
  };
  const holding = (table: Trained, text: string) =>
    sentences(text).filter((sentence) => meanWeight(tables[table], sentence) > 0).length;
  return {
    sentiment: learned('sentiment'),
    length: (text) => sentences(text).length,
    'second person': learned('second person', COUNTED_WORDS['second person']),
    'first person': learned('first person', COUNTED_WORDS['first person']),
    'plain words': (text) => meanFrequency(tables.frequency, text),
    questions: (text) => holding('question', text),
    'closing question': (text) => meanWeight(tables.question, sentences(text).at(-1) ?? ''),
    lists: (text) => -words(text).length / Math.max(1, lines(text).length),
    numbers: learned('numbers', COUNTED_WORDS.numbers),
    directives: (text) => holding('directive', text) / Math.max(1, sentences(text).length),
    formality: learned('register', REGISTER_WORDS),
    concreteness: learned('concreteness', COUNTED_WORDS.concreteness),
    warmth: learned('emotion', [WARM]),
  };
}

/** The judges of a folder of corpora: those that were kept, else trained now and kept. */
export async function openJudges(folder: string): Promise<JudgeTables> {
  const sizes = await corporaSizes(folder);
  const path = join(BENCH_CACHE, `judges-${VERSION}-${sizes.join('-')}.json`);
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) return decode(kept);
  const encoded = encode(trainJudges(await readCorpora(folder)));
  await mkdir(BENCH_CACHE, { recursive: true });
  await writeWhole(path, encoded);
  // As every later run will read them.
  return decode(encoded);
}

/** Sentences, labelled by whether they have a word by which A counts the axis (for concreteness: more of the first than of the second kind). */
function* counted(corpora: Corpora, axis: Axis): Generator<LabelledText> {
  const [first, second] = COUNTED_WORDS[axis] ?? [];
  for (const text of allSentences(corpora)) {
    const all = words(text);
    const wanted = all.filter((word) => first?.has(word)).length + (axis === 'numbers' && /\d/.test(text) ? 1 : 0);
    const others = all.filter((word) => second?.has(word)).length;
    if (second === undefined || wanted !== others) yield { text, holds: wanted > others };
  }
}

/** What is written (reviews) against what is said (dialogues). */
function* registers({ reviews, turns }: Corpora): Generator<LabelledText> {
  for (const { text } of reviews) yield { text, holds: true };
  for (const { text } of turns) yield { text, holds: false };
}

/** log of how often a word occurs in a million. */
function frequencies(corpora: Corpora): TermWeights {
  const counts = new Map<string, number>();
  let total = 0;
  for (const sentence of allSentences(corpora)) {
    for (const word of words(sentence)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
      total++;
    }
  }
  return new Map([...counts].filter(([, count]) => count > 1).map(([word, n]) => [word, Math.log((1e6 * n) / total)]));
}

/** A word that the corpora do not have is rarer than all that they have. */
function meanFrequency(table: TermWeights, text: string): number {
  const all = words(text);
  return all.reduce((sum, word) => sum + (table.get(word) ?? -2), 0) / Math.max(1, all.length);
}

/** Four digits behind the point: the file stays small, and no order of texts depends on more. */
function encode(tables: JudgeTables): string {
  const rounded = (weights: TermWeights) =>
    [...weights].map(([term, weight]) => [term, Math.round(weight * 1e4) / 1e4]);
  return JSON.stringify(Object.fromEntries(TRAINED.map((name) => [name, rounded(tables[name])])));
}

function decode(text: string): JudgeTables {
  const kept = JSON.parse(text) as Record<Trained, [string, number][]>;
  return Object.fromEntries(TRAINED.map((name) => [name, new Map(kept[name])])) as unknown as JudgeTables;
}
