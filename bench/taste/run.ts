/** The runs of the taste bench: what is opened, compared, printed and written down. */

import { mkdir } from 'node:fs/promises';
import { startGateway } from '../gateway-under-test.js';
import { writeResult, writeText } from '../report.js';
import { mean } from '../statistics.js';
import { scorerAgreement } from './agreement.js';
import { type BankPrompt, type BankSettings, bankFolder, planBank, readBank, writeBank } from './bank.js';
import { type Corpora, corporaFolder, readTestCorpora } from './corpora.js';
import { type Evaluation, evaluate, untouchedFacts } from './evaluation.js';
import { type JudgeTables, judgesOf, openJudges } from './judges.js';
import { type TasteMember, tasteMembers, type Voting } from './members.js';
import { METHODS, RANKING_METHODS, REFERENCE } from './methods/index.js';
import type { Method } from './methods/method.js';
import { compareOffline } from './offline.js';
import { evaluateOnline, onlineFolder } from './online.js';
import { openServedModel, readServed, type ServedModel, type ServedSettings } from './served-model.js';
import type { TasteSet } from './sets.js';
import { summarise } from './summary.js';
import { agreementTable, offlineTable, repliesText, tableText, tasteTable } from './tables.js';
import { DEV_TASTES, type Taste } from './tastes.js';
import { meanWeight, type TermWeights } from './term-weights.js';
import { sentences } from './words.js';

export interface TasteRun extends BankSettings {
  set: TasteSet;
  tastes: readonly Taste[];
  methods?: readonly Method[];
  counts: readonly number[];
  votings: readonly Voting[];
  /** Members of each taste. */
  seeds: number;
  /** Held-out prompts to write on. */
  heldOut: number;
  /** Replies to each of them. */
  replies: number;
  corpora?: string;
  settings: ServedSettings;
}

/** Writes the bank. */
export async function runBank(
  set: TasteSet,
  prompts: number | undefined,
  bank: BankSettings,
  settings: ServedSettings,
): Promise<void> {
  const model = await openServedModel(settings);
  try {
    const folder = bankFolder(model.file.digest, bank);
    await writeBank(model, folder, planBank(set).slice(0, prompts), bank, (done, total) => {
      process.stderr.write(`${new Date().toISOString()} ${done} of ${total} prompts\n`);
    });
    process.stdout.write(`${folder}\n`);
  } finally {
    await model.stop();
  }
}

/** Trains the judges, says how often they are right about other texts, and how far they agree with the scorers that vote. */
export async function runJudges(
  corpora: string | undefined,
  bank: BankSettings,
  settings: ServedSettings,
): Promise<void> {
  const folder = corporaFolder(corpora);
  const tables = await openJudges(folder);
  const test = await readTestCorpora(folder);
  if (test) for (const [judge, accuracy] of accuracies(tables, test)) print(`${judge}: ${accuracy.toFixed(3)} right\n`);
  const { digest, checkpoint } = await readServed(settings);
  const replies = await readBank(bankFolder(digest, bank), checkpoint);
  const members = tasteMembers(DEV_TASTES, 1, replies, judgesOf(tables));
  print(tableText(agreementTable(scorerAgreement(replies, members))));
}

/** Balanced accuracy: the mean of the share of texts that are found of those of the class, and of the others. */
function accuracies(tables: JudgeTables, { reviews, turns }: Corpora): [string, number][] {
  const balanced = (weights: TermWeights, texts: { text: string; holds: boolean }[]) =>
    mean(
      [true, false].map((side) => {
        const of = texts.filter(({ holds }) => holds === side);
        return mean(of.map(({ text }) => (meanWeight(weights, text) > 0 === side ? 1 : 0)));
      }),
    );
  const acts = (act: string) => turns.map(({ text, act: given }) => ({ text, holds: given === act }));
  return [
    ['sentiment of reviews', balanced(tables.sentiment, reviews)],
    ['questions among turns', balanced(tables.question, acts('question'))],
    ['directives among turns', balanced(tables.directive, acts('directive'))],
    [
      'emotion in turns',
      balanced(
        tables.emotion,
        turns.map(({ text, emotion }) => ({ text, holds: emotion !== 'no_emotion' })),
      ),
    ],
    [
      'reviews against turns, by sentence',
      balanced(tables.register, [
        ...reviews.flatMap(({ text }) => sentences(text).map((sentence) => ({ text: sentence, holds: true }))),
        ...turns.flatMap(({ text }) => sentences(text).map((sentence) => ({ text: sentence, holds: false }))),
      ]),
    ],
  ];
}

/** Compares methods on the bank alone. */
export async function runOffline(run: TasteRun): Promise<void> {
  const { digest, checkpoint } = await readServed(run.settings);
  const bank = await readBank(bankFolder(digest, run), checkpoint, planBank(run.set));
  const tables = await openJudges(corporaFolder(run.corpora));
  const members = tasteMembers(run.tastes, run.seeds, bank, judgesOf(tables));
  printBank(bank);
  const agreement = scorerAgreement(bank, members);
  print(tableText(agreementTable(agreement)));
  const methods = run.methods ?? RANKING_METHODS;
  const rows = await compareOffline(
    bank,
    members,
    { ...run, methods, reference: (methods.find(({ name }) => name === REFERENCE) ?? methods[0]).name },
    (row) => {
      process.stderr.write(`${row.candidates} candidates, ${row.slips} slips, ${row.count} votes: ${row.method}\n`);
    },
  );
  print(tableText(offlineTable(rows)));
  await writeResult('taste-offline', { options: optionsOf(run), prompts: bank.length, agreement, rows });
}

/** Writes what the policies write behind votes on the bank, and sets it against the unsteered replies. */
export async function runEvaluation(run: TasteRun): Promise<void> {
  await withModel(run, async (parts) => {
    const { model, folder, bank, held, members } = parts;
    const options = { ...run, methods: run.methods ?? METHODS };
    await report('taste', run, parts, await evaluate(model, bank, held, members, options, folder, tellProgress));
  });
}

/** The product's default through GraphQL: votes on what it shows, and what it writes then. */
export async function runOnline(run: TasteRun): Promise<void> {
  await withModel(run, async (parts) => {
    const { model, held, members } = parts;
    const data = await onlineFolder(model.checkpoint.digest);
    await mkdir(data, { recursive: true });
    const gateway = await startGateway(run.settings, data);
    try {
      const score = (prompt: string, texts: readonly string[]) =>
        model.score(
          prompt,
          texts.map((text) => model.file.tokenizer.encode(text)),
        );
      const evaluations: Evaluation[] = [];
      for (const voting of run.votings) {
        const options = { ...run, voting, votePrompts: run.set.votePrompts };
        evaluations.push(...(await evaluateOnline(gateway, score, held, members, options, tellProgress)));
      }
      await report('taste-online', run, parts, evaluations);
    } finally {
      await gateway.stop();
    }
  });
}

interface RunParts {
  model: ServedModel;
  folder: string;
  bank: BankPrompt[];
  held: BankPrompt[];
  members: TasteMember[];
  tables: JudgeTables;
}

async function withModel(run: TasteRun, work: (parts: RunParts) => Promise<void>): Promise<void> {
  const tables = await openJudges(corporaFolder(run.corpora));
  const model = await openServedModel(run.settings);
  try {
    const folder = bankFolder(model.file.digest, run);
    const bank = await readBank(folder, model.checkpoint, planBank(run.set));
    const held = bank.filter(({ set }) => set === 'HELD_OUT').slice(0, run.heldOut);
    const members = tasteMembers(run.tastes, run.seeds, bank, judgesOf(tables));
    printBank(bank);
    await work({ model, folder, bank, held, members, tables });
  } finally {
    await model.stop();
  }
}

async function report(name: string, run: TasteRun, parts: RunParts, evaluations: Evaluation[]): Promise<void> {
  const { model, folder, bank, held, members, tables } = parts;
  const known = await untouchedFacts(model, folder);
  const agreement = scorerAgreement(bank, members);
  const rows = summarise(evaluations, { held, dictionary: dictionaryOf(tables), reference: REFERENCE, known });
  print(tableText(agreementTable(agreement)));
  print(tableText(tasteTable(rows)));
  await writeResult(name, { options: optionsOf(run), prompts: bank.length, agreement, rows });
  await writeText(`${name}-replies.md`, repliesText(held, evaluations));
}

function tellProgress({ member, count, method }: Evaluation): void {
  process.stderr.write(`${new Date().toISOString()} ${member.name}, ${count} votes: ${method}\n`);
}

/** Words that occur more than once in the judges' corpora. */
function dictionaryOf({ frequency }: JudgeTables): ReadonlySet<string> {
  return new Set(frequency.keys());
}

function optionsOf({ tastes, methods, settings: _, set: __, ...options }: TasteRun): object {
  return { ...options, tastes: tastes.map(({ name }) => name), methods: methods?.map(({ name }) => name) };
}

function printBank(bank: readonly BankPrompt[]): void {
  const of = (wanted: string) => bank.filter(({ set }) => set === wanted);
  const replies = bank.flatMap((prompt) => prompt.replies);
  const ended = mean(replies.map((reply) => (reply.ended ? 1 : 0)));
  print(
    `Bank: ${of('VOTE').length} prompts to vote on, ${of('HELD_OUT').length} held out, ${replies.length} replies of ${mean(replies.map(({ tokens }) => tokens.length)).toFixed(0)} tokens; ${(100 * ended).toFixed(0)} % ended by themselves.\n`,
  );
}

function print(text: string): void {
  process.stdout.write(text);
}
