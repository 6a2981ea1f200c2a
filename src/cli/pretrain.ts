/** `palate pretrain`: trains the checkpoint that makes a language model personalisable (CLaP). */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadSettings, type Settings } from '../common/config.js';
import { PalateError } from '../common/errors.js';
import { draftOf, writeWhole } from '../common/whole-files.js';
import { ensureModel } from '../language-model/fetch.js';
import type { FetchProgress } from '../language-model/fetching.js';
import { openGguf } from '../language-model/gguf.js';
import type { LanguageModelFile } from '../language-model/model.js';
import { type Checkpoint, type LoadedCheckpoint, readCheckpoint, writeCheckpoint } from '../learning/checkpoint.js';
import { goOnFrom, type PretrainResult, pretrain } from '../learning/clap/pretrain.js';
import { responseLog } from '../learning/clap/response/stage.js';
import { PRETRAIN_DEFAULTS, type PretrainSettings } from '../learning/clap/settings.js';
import { requireCheckpoint } from '../learning/find-checkpoint.js';
import { bankPath, encodeBank } from '../learning/tuning/bank.js';
import { writeBank } from '../learning/tuning/bank-writing.js';
import { GraphThread } from '../runtime/graph-thread.js';
import { WorkerRuntime } from '../runtime/runtime.js';
import { modelCard } from './model-card.js';
import { ProgressLine } from './progress-line.js';

/** Rows that sampling decodes at once. */
const SAMPLING_SLOTS = 16;

interface Flags extends Partial<Record<'data' | 'model' | 'threads', string>> {
  output?: string;
  from?: string;
  tuningBank?: string;
  resume?: boolean;
  restart?: boolean;
  steps: number;
  responseSteps: number;
  driftWeight: number;
  prompts: number;
  seed: number;
}

export function pretrainCommand(): Command {
  return new Command('pretrain')
    .description('Train the checkpoint that makes a language model personalisable, on replies it writes itself (CLaP).')
    .option('--model <model>', 'a GGUF file, or hf:owner/repo/file; default as for "palate start" (PALATE_MODEL)')
    .option('--data <folder>', 'folder for samples, states and compiled graphs; default ./.palate (PALATE_DATA)')
    .option('--output <folder>', 'folder for checkpoint, card and log; default <data>/checkpoints')
    .option('--from <checkpoint>', 'leave CLaP out and raise the response of this .clap.safetensors')
    .option('--tuning-bank <checkpoint>', 'write nothing but the tuning bank of this .clap.safetensors, beside it')
    .option('--resume', 'go on where an earlier run of the same settings stopped; steps may be more')
    .option('--restart', 'throw away what an earlier run left')
    .option('--steps <number>', 'training steps', wholeNumber, PRETRAIN_DEFAULTS.steps)
    .option(
      '--response-steps <number>',
      'steps that raise how far replies follow their latent, behind the others',
      (text) => (text === '0' ? 0 : wholeNumber(text)),
      PRETRAIN_DEFAULTS.response.steps,
    )
    .option(
      '--drift-weight <number>',
      'what a nat a token of likelihood without a prefix weighs in those steps against a unit along the latent',
      weight,
      PRETRAIN_DEFAULTS.response.driftWeight,
    )
    .option('--prompts <number>', 'prompts to train on', wholeNumber, PRETRAIN_DEFAULTS.prompts)
    .option('--seed <number>', 'the same seed gives the same checkpoint', wholeNumber, PRETRAIN_DEFAULTS.seed)
    .option('--threads <number>', 'threads for the model; default: one a processor core (PALATE_THREADS)')
    .action(run);
}

async function run({ output, from, tuningBank, resume, restart, ...given }: Flags): Promise<void> {
  const { steps, responseSteps, driftWeight, prompts, seed, ...flags } = given;
  const settings = loadSettings({ flags });
  if (tuningBank !== undefined) {
    const path = await runTuningBank(settings, tuningBank, output ?? dirname(tuningBank), seed);
    process.stdout.write(`${path}\n`);
    return;
  }
  const response = { ...PRETRAIN_DEFAULTS.response, steps: responseSteps, driftWeight };
  if (from !== undefined && responseSteps === 0) {
    throw new PalateError('BAD_USER_INPUT', '--from is for --response-steps: say how many of them.');
  }
  const path = await runPretrain({
    settings,
    from,
    output: output ?? join(settings.data, 'checkpoints'),
    leftover: restart ? 'discard' : resume ? 'continue' : 'refuse',
    training: { ...PRETRAIN_DEFAULTS, steps, prompts, seed, response },
  });
  process.stdout.write(`${path}\n`);
}

interface Run {
  settings: Settings;
  /** The checkpoint to go on from, in place of CLaP. */
  from: string | undefined;
  output: string;
  /** What becomes of an earlier run's samples and states. */
  leftover: 'continue' | 'discard' | 'refuse';
  training: PretrainSettings;
}

/**
 * Runs CLaP and what follows, and writes `<model>.clap.safetensors` with its card and log, and `<model>.tuning.json`. Returns the
 * checkpoint's path.
 */
async function runPretrain({ settings, from, output, leftover, training }: Run): Promise<string> {
  const progress = new ProgressLine(process.stderr);
  const file = await openModel(settings, progress);
  const checkpoint = from === undefined ? undefined : await requireCheckpoint(from, file.digest);
  const wanted = checkpoint ? sizedAs(checkpoint, training) : training;
  const digests = [file.digest, ...(checkpoint ? [checkpoint.digest] : [])];
  const workFolder = join(settings.data, 'pretrain', digests.map((digest) => digest.slice(0, 16)).join('-'));
  await openWorkFolder(workFolder, leftover, wanted);
  const { runtime, cacheFolder, threads } = await samplingRuntime(settings, file);
  const thread = new GraphThread();
  try {
    await runtime.start();
    const onProgress = (stage: string, done: number, total: number, report?: object) =>
      progress.show(stage, done, total, report);
    const tools = { file, runtime, thread, cacheFolder, workFolder, threads, onProgress };
    const result = await (checkpoint ? goOnFrom(checkpoint, wanted, tools) : pretrain(wanted, tools));
    const logs = [responseLog(workFolder, wanted.steps)];
    if (!checkpoint) logs.unshift(join(workFolder, 'training.jsonl'));
    const path = await writeResult(output, file.config.name, logs, result);
    await writeBankFile(bankPath(path), await readCheckpoint(path), training.seed, {
      settings,
      file,
      runtime,
      progress,
    });
    return path;
  } finally {
    progress.end();
    await runtime.stop();
    await thread.close();
  }
}

/** Writes the tuning bank of a checkpoint into the folder. Returns the bank's path. */
async function runTuningBank(settings: Settings, checkpoint: string, folder: string, seed: number): Promise<string> {
  const progress = new ProgressLine(process.stderr);
  const file = await openModel(settings, progress);
  const loaded = await requireCheckpoint(checkpoint, file.digest);
  const { runtime } = await samplingRuntime(settings, file);
  try {
    await runtime.start();
    await mkdir(folder, { recursive: true });
    const path = bankPath(checkpoint, folder);
    await writeBankFile(path, loaded, seed, { settings, file, runtime, progress });
    return path;
  } finally {
    progress.end();
    await runtime.stop();
  }
}

interface BankParts {
  settings: Settings;
  file: LanguageModelFile;
  runtime: WorkerRuntime;
  progress: ProgressLine;
}

/** What a bank's replies are depends on the model and the seed alone: those of an earlier run are taken over. */
async function writeBankFile(
  path: string,
  checkpoint: LoadedCheckpoint,
  seed: number,
  { settings, file, runtime, progress }: BankParts,
): Promise<void> {
  const bank = await writeBank(checkpoint, seed, {
    runtime,
    tokenizer: file.tokenizer,
    workFolder: join(settings.data, 'pretrain', `${file.digest.slice(0, 16)}-tuning`),
    onProgress: (done, total) => progress.show('tuning', done, total),
  });
  await writeWhole(path, encodeBank(bank));
}

async function openModel(settings: Settings, progress: ProgressLine): Promise<LanguageModelFile> {
  const onFetch = ({ received, total, source }: FetchProgress) =>
    progress.show(`fetch from ${source}`, received, total ?? received);
  return openGguf(await ensureModel(settings.model, settings.data, onFetch, { namedBy: settings.origin.model }));
}

/** Not started. */
async function samplingRuntime(settings: Settings, { path: modelPath }: LanguageModelFile) {
  const cacheFolder = join(settings.data, 'cache');
  await mkdir(cacheFolder, { recursive: true });
  const threads = settings.threads || availableParallelism();
  const runtime = new WorkerRuntime({ modelPath, cacheFolder, adapter: null, slots: SAMPLING_SLOTS, threads });
  return { runtime, cacheFolder, threads };
}

/** The settings with a checkpoint's sizes, and no steps of CLaP. */
function sizedAs({ latentSize, projectedSize, adapter }: Checkpoint, training: PretrainSettings): PretrainSettings {
  return { ...training, steps: 0, latent: latentSize, projected: projectedSize, middle: adapter.b1.shape[1] };
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
  const { steps, response } = wanted;
  const longer = { ...known, steps, response: { ...known.response, steps: response.steps } };
  return JSON.stringify(longer) === JSON.stringify(wanted);
}

async function writeResult(output: string, model: string, logs: string[], result: PretrainResult): Promise<string> {
  await mkdir(output, { recursive: true });
  const name = model.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const path = join(output, `${name}.clap.safetensors`);
  const digest = await writeCheckpoint(path, result.checkpoint);
  const { size } = await stat(path);
  await writeWhole(join(output, `${name}.clap.md`), modelCard(model, digest, size, result));
  await writeWhole(
    join(output, `${name}.clap.log.jsonl`),
    Buffer.concat(await Promise.all(logs.map((log) => readFile(log)))),
  );
  return path;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}

function weight(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number from 0 on.');
  return value;
}
