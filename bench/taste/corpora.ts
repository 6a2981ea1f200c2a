/** The texts that judges are trained on: a folder of JSONL files that the bench is given. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PalateError } from '../../src/common/errors.js';
import type { LabelledText } from './term-weights.js';
import { sentences } from './words.js';

/** The variable that names the folder where no flag does. */
export const CORPORA_VARIABLE = 'BENCH_CORPORA';

interface Review {
  text: string;
  label: 'positive' | 'negative';
}

export interface DialogueTurn {
  text: string;
  act: 'inform' | 'question' | 'directive' | 'commissive';
  emotion: string;
}

export interface Corpora {
  /** Reviews of films; it holds where the reviewer liked the film. */
  reviews: LabelledText[];
  turns: DialogueTurn[];
}

const FILES = { reviews: 'imdb-judge.jsonl', dialogues: 'dailydialog-judge.jsonl' };
/** Other texts of the same kinds, on which a judge's accuracy is taken. */
const TEST_FILES = { reviews: 'imdb.jsonl', dialogues: 'dailydialog.jsonl' };

/** @throws PalateError BAD_USER_INPUT where no folder is named, or a file is missing in it */
export function corporaFolder(flag: string | undefined): string {
  const folder = flag ?? process.env[CORPORA_VARIABLE];
  if (folder) return folder;
  throw new PalateError('BAD_USER_INPUT', `Judges are trained on texts. ${ADVICE}`);
}

const ADVICE = `Name a folder with --corpora or ${CORPORA_VARIABLE} in which there are ${FILES.reviews} (lines {"text", "label": "positive" or "negative"}, as from the Large Movie Review Dataset of Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment) and ${FILES.dialogues} (lines {"turns": [{"text", "act", "emotion"}]}, as from DailyDialog of Li et al. 2017, http://yanran.li/dailydialog).`;

/** What the judges are trained on. */
export async function readCorpora(folder: string): Promise<Corpora> {
  return { reviews: await readReviews(folder, FILES.reviews), turns: await readTurns(folder, FILES.dialogues) };
}

/** What they are tried on; null where the folder has none. */
export async function readTestCorpora(folder: string): Promise<Corpora | null> {
  const there = await Promise.all(Object.values(TEST_FILES).map((name) => stat(join(folder, name)).catch(() => null)));
  if (there.includes(null)) return null;
  const isTest = ({ split }: { split?: string }) => split === 'test';
  return {
    reviews: await readReviews(folder, TEST_FILES.reviews),
    turns: await readTurns(folder, TEST_FILES.dialogues, isTest),
  };
}

/** Bytes of each file that judges are trained on: another corpus trains other judges. */
export async function corporaSizes(folder: string): Promise<number[]> {
  const sizes = Object.values(FILES).map((name) => stat(join(folder, name)).then(({ size }) => size));
  return Promise.all(sizes).catch((cause) => {
    throw new PalateError('BAD_USER_INPUT', `The texts in ${folder} cannot be read. ${ADVICE}`, { cause });
  });
}

async function readReviews(folder: string, name: string): Promise<LabelledText[]> {
  return (await readLines<Review>(folder, name)).map(({ text, label }) => {
    return { text: text.replaceAll(/<br\s*\/?>/g, '\n'), holds: label === 'positive' };
  });
}

async function readTurns(
  folder: string,
  name: string,
  wanted: (dialogue: { split?: string }) => boolean = () => true,
): Promise<DialogueTurn[]> {
  const dialogues = await readLines<{ split?: string; turns: DialogueTurn[] }>(folder, name);
  return dialogues.filter(wanted).flatMap(({ turns }) => turns);
}

async function readLines<T>(folder: string, name: string): Promise<T[]> {
  const text = await readFile(join(folder, name), 'utf8').catch((cause) => {
    throw new PalateError('BAD_USER_INPUT', `${join(folder, name)} cannot be read. ${ADVICE}`, { cause });
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** Every sentence of the corpora, reviews and dialogues alike. */
export function* allSentences({ reviews, turns }: Corpora): Generator<string> {
  for (const { text } of reviews) yield* sentences(text);
  for (const { text } of turns) yield* sentences(text);
}
