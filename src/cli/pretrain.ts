/** `palate pretrain`: trains the checkpoint that makes a language model personalisable (CLaP). */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadSettings, type Settings } from '../common/config.js';
import { PalateError } from '../common/errors.js';
import { draftOf, writeWhole } from '../common/whole-files.js';
import { ensureModel } from '../language-model/fetch.js';
import type { FetchProgress } from '../language-model/fetching.js';
import { openGguf } from '../language-model/gguf.js';
import { writeCheckpoint } from '../learning/checkpoint.js';
import { type PretrainResult, pretrain } from '../learning/clap/pretrain.js';
import { PRETRAIN_DEFAULTS, type PretrainSettings } from '../learning/clap/settings.js';
import { GraphThread } from '../runtime/graph-thread.js';
import { WorkerRuntime } from '../runtime/runtime.js';
import { modelCard } from './model-card.js';
import { ProgressLine } from './progress-line.js';

/** Rows that sampling decodes at once. */
const SAMPLING_SLOTS = 16;

interface Flags extends Partial<Record<'data' | 'model' | 'threads', string>> {
  output?: string;
  resume?: boolean;
  restart?: boolean;
  steps: number;
  prompts: number;
  seed: number;
}

export function pretrainCommand(): Command {
  return new Command('pretrain')
    .description('Train the checkpoint that makes a language model personalisable, on replies it writes itself (CLaP).')
    .option('--model <model>', 'a GGUF file, or hf:owner/repo/file; default as for "palate start" (PALATE_MODEL)')
    .option('--data <folder>', 'folder for samples, states and compiled graphs; default ./.palate (PALATE_DATA)')
    .option('--output <folder>', 'folder for checkpoint, card and log; default <data>/checkpoints')
    .option('--resume', 'go on where an earlier run of the same settings stopped; --steps may be more')
    .option('--restart', 'throw away what an earlier run left')
    .option('--steps <number>', 'training steps', wholeNumber, PRETRAIN_DEFAULTS.steps)
    .option('--prompts <number>', 'prompts to train on', wholeNumber, PRETRAIN_DEFAULTS.prompts)
    .option('--seed <number>', 'the same seed gives the same checkpoint', wholeNumber, PRETRAIN_DEFAULTS.seed)
    .option('--threads <number>', 'threads for the model; default: one a processor core (PALATE_THREADS)')
    .action(run);
}

async function run({ output, resume, restart, steps, prompts, seed, ...flags }: Flags): Promise<void> {
  const settings = loadSettings({ flags });
  const path = await runPretrain({
    settings,
    output: output ?? join(settings.data, 'checkpoints'),
    leftover: restart ? 'discard' : resume ? 'continue' : 'refuse',
    training: { ...PRETRAIN_DEFAULTS, steps, prompts, seed },
  });
  process.stdout.write(`${path}\n`);
}

interface Run {
  settings: Settings;
  output: string;
  /** What becomes of an earlier run's samples and states. */
  leftover: 'continue' | 'discard' | 'refuse';
  training: PretrainSettings;
}

/** Runs CLaP and writes `<model>.clap.safetensors` with its card and log. Returns the checkpoint's path. */
async function runPretrain({ settings, output, leftover, training }: Run): Promise<string> {
  const progress = new ProgressLine(process.stderr);
  const onFetch = ({ received, total, source }: FetchProgress) =>
    progress.show(`fetch from ${source}`, received, total ?? received);
  const modelPath = await ensureModel(settings.model, settings.data, onFetch, { namedBy: settings.origin.model });
  const file = await openGguf(modelPath);
  const cacheFolder = join(settings.data, 'cache');
  const workFolder = join(settings.data, 'pretrain', file.digest.slice(0, 16));
  await openWorkFolder(workFolder, leftover, training);
  await mkdir(cacheFolder, { recursive: true });
  const threads = settings.threads || availableParallelism();
  const runtime = new WorkerRuntime({ modelPath, cacheFolder, adapter: null, slots: SAMPLING_SLOTS, threads });
  const thread = new GraphThread();
  try {
    await runtime.start();
    const onProgress = (stage: string, done: number, total: number, report?: object) =>
      progress.show(stage, done, total, report);
    const result = await pretrain(training, { file, runtime, thread, cacheFolder, workFolder, threads, onProgress });
    return await writeResult(output, file.config.name, join(workFolder, 'training.jsonl'), result);
  } finally {
    progress.end();
    await runtime.stop();
    await thread.close();
  }
}

/**
 * Makes the run's folder, or goes on in the one of an earlier run, whose settings must be the same: its samples and states
 * mean nothing to another run.
 */
async function openWorkFolder(folder: string, leftover: Run['leftover'], training: PretrainSettings): Promise<void> {
  if (leftover === 'discard') await discard(folder);
  const file = join(folder, 'settings.json');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  // Samples of which nobody knows the settings mean nothing.
  if (known === undefined) await discard(folder);
  if (known !== undefined && leftover === 'refuse') {
    throw new PalateError(
      'CONFLICT',
      `${folder} holds an earlier run. Go on with it by --resume, or throw it away by --restart.`,
    );
  }
  if (known !== undefined && !sameButSteps(JSON.parse(known), training)) {
    throw new PalateError(
      'CONFLICT',
      `${folder} holds a run with other settings. Give the same ones, or throw it away by --restart.`,
    );
  }
  await mkdir(folder, { recursive: true });
  await writeWhole(file, JSON.stringify(training, null, 2));
}

/** Set aside first: killed in between, this leaves no part of a run that the next one could take for its own. */
async function discard(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const aside = await draftOf(folder);
  await rename(folder, aside);
  await rm(aside, { recursive: true });
}

/** A run may be made longer: its learning rate then goes on from where the longer schedule would be. */
function sameButSteps(known: PretrainSettings, wanted: PretrainSettings): boolean {
  return JSON.stringify({ ...known, steps: wanted.steps }) === JSON.stringify(wanted);
}

async function writeResult(output: string, model: string, log: string, result: PretrainResult): Promise<string> {
  await mkdir(output, { recursive: true });
  const name = model.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const path = join(output, `${name}.clap.safetensors`);
  const digest = await writeCheckpoint(path, result.checkpoint);
  const { size } = await stat(path);
  await writeWhole(join(output, `${name}.clap.md`), modelCard(model, digest, size, result));
  await writeWhole(join(output, `${name}.clap.log.jsonl`), await readFile(log));
  return path;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}
