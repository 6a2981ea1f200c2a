/** Where benches write down what they found: JSON and Markdown under bench/results. */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import type { SettingName } from '../src/common/config.js';
import { installationFolder } from '../src/common/installation.js';

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
/** The figures with the date and the machine they were taken on. */
export async function writeResult(name: string, result: object): Promise<void> {
  const machine = { processor: cpus()[0]?.model, cores: availableParallelism(), node: process.version };
  await write(`${name}.json`, `${JSON.stringify({ taken: new Date().toISOString(), machine, ...result }, null, 2)}\n`);
}

/** Text to read, as bench/results/<name>. */
export async function writeText(name: string, text: string): Promise<void> {
  await write(name, text);
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, file), content);
  process.stderr.write(`bench/results/${file}\n`);
}
