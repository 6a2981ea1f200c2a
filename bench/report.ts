/** How benches say what they found: a table on the terminal, JSON and Markdown under bench/results. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import type { SettingName } from '../src/common/config.js';
import { installationFolder } from '../src/common/installation.js';
import type { Taste } from './scorers.js';
import type { Evaluation, Sample, TasteSummary } from './taste-summary.js';

export interface TasteOptions {
  tastes: Taste[];
  votes: number[];
  seeds: number;
  heldOut: number;
  maxTokens: number;
  settings: Partial<Record<SettingName, unknown>>;
}

export interface LatencyOptions {
  verdicts: number;
  maxTokens: number;
  settings: Partial<Record<SettingName, unknown>>;
}

export interface GatewayOptions {
  calls: number;
  subscriptions: number;
  trainings: number;
  settings: Partial<Record<SettingName, unknown>>;
}

export interface ConsoleOptions {
  rounds: number;
  settings: Partial<Record<SettingName, unknown>>;
}

export interface DurabilityOptions {
  writes: number;
  /** Folders in which the two databases are made. */
  disk: string;
  memory: string;
}

export interface BotOptions {
  rounds: number;
  settings: Partial<Record<SettingName, unknown>>;
}

const RESULTS = join(installationFolder(), 'bench', 'results');
/** Prompts whose replies are written out for reading. */
const READABLE = 10;

export function printTable({ rows, base }: TasteSummary): void {
  const columns = ['taste', 'votes', 'win rate', '95 %', 'NLL', 'perplexity', 'distinct-2', 'words'];
  const lines = rows.map((row) => [
    row.taste,
    row.votes.toFixed(0),
    row.winRate.toFixed(3),
    `${row.interval.low.toFixed(2)}-${row.interval.high.toFixed(2)}`,
    row.nll.toFixed(3),
    percent(row.perplexityRatio),
    percent(row.distinct2Ratio),
    row.words.toFixed(1),
  ]);
  lines.push(['(nobody)', '', '0.500', '', base.nll.toFixed(3), '', base.distinct2.toFixed(3), base.words.toFixed(1)]);
  const widths = columns.map((column, c) => Math.max(column.length, ...lines.map((line) => line[c].length)));
  for (const line of [columns, ...lines]) {
    process.stdout.write(`${line.map((cell, c) => cell.padEnd(widths[c])).join('  ')}\n`);
  }
}

/** The figures with the date and the machine they were taken on. */
export async function writeResult(name: string, result: object): Promise<void> {
  const machine = { processor: cpus()[0]?.model, cores: availableParallelism(), node: process.version };
  await write(`${name}.json`, `${JSON.stringify({ taken: new Date().toISOString(), machine, ...result }, null, 2)}\n`);
}

/** Ten replies before and after for each taste, at the largest number of votes of the first run. */
export async function writeReplies(
  name: string,
  prompts: readonly string[],
  bases: readonly Sample[],
  evaluations: readonly Evaluation[],
): Promise<void> {
  const most = Math.max(...evaluations.map(({ wanted }) => wanted));
  const shown = evaluations.filter(({ seed, wanted }) => seed === bases[0].seed && wanted === most);
  const sections = shown.map(({ taste, votes, texts }) => {
    const rows = prompts.slice(0, READABLE).map((prompt, p) => {
      return `| ${[prompt, bases[0].texts[p][0], texts[p][0]].map(cell).join(' | ')} |`;
    });
    return [`## ${taste}, ${votes} votes`, '', '| prompt | before | after |', '|---|---|---|', ...rows, ''].join('\n');
  });
  await write(`${name}.md`, `# Replies before and after, each the first of its kind\n\n${sections.join('\n')}`);
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, file), content);
  process.stderr.write(`bench/results/${file}\n`);
}

const cell = (text: string): string =>
  text
    .trim()
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ⏎ ');

const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${(100 * (ratio - 1)).toFixed(1)} %`;
