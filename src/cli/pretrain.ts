/** `palate pretrain`: trains the checkpoint that makes a language model personalisable (CLaP). */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGguf } from '../language-model/gguf.js';
import { encodeCheckpoint } from '../learning/checkpoint.js';
import { PRETRAIN_DEFAULTS, type PretrainResult, type PretrainSettings, pretrain } from '../learning/clap/pretrain.js';
import { GraphThread } from '../runtime/graph-thread.js';
import { WorkerRuntime } from '../runtime/runtime.js';
import { modelCard } from './model-card.js';
import { ProgressLine } from './progress-line.js';

export interface PretrainOptions {
  modelPath: string;
  dataFolder: string;
  /** Folder that receives checkpoint, card and log. */
  outputFolder: string;
  /** Go on with the work folder of an earlier run; otherwise it is emptied first. */
  resume: boolean;
  settings: Partial<PretrainSettings>;
  signal?: AbortSignal;
}

/** Runs CLaP and writes `<model>.clap.safetensors` with its card and log. Returns the checkpoint's path. */
export async function runPretrain(options: PretrainOptions): Promise<string> {
  const file = await openGguf(options.modelPath);
  const cacheFolder = join(options.dataFolder, 'cache');
  const workFolder = join(options.dataFolder, 'pretrain', file.digest.slice(0, 16));
  if (!options.resume) await rm(workFolder, { recursive: true, force: true });
  await mkdir(cacheFolder, { recursive: true });
  const threads = 2;
  const runtime = new WorkerRuntime({ modelPath: options.modelPath, cacheFolder, adapter: null, slots: 16, threads });
  const thread = new GraphThread();
  const progress = new ProgressLine(process.stderr);
  const settings = { ...PRETRAIN_DEFAULTS, ...options.settings };
  try {
    await runtime.start();
    const result = await pretrain(settings, {
      file,
      runtime,
      thread,
      cacheFolder,
      workFolder,
      threads,
      signal: options.signal,
      onProgress: (stage, done, total, report) => progress.show(stage, done, total, report),
    });
    return await writeResult(options, file.config.name, workFolder, result);
  } finally {
    progress.end();
    await runtime.stop();
    await thread.close();
  }
}

async function writeResult(options: PretrainOptions, model: string, workFolder: string, result: PretrainResult) {
  await mkdir(options.outputFolder, { recursive: true });
  const name = model.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const path = join(options.outputFolder, `${name}.clap.safetensors`);
  const bytes = encodeCheckpoint(result.checkpoint);
  await writeFile(path, bytes);
  const digest = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(options.outputFolder, `${name}.clap.md`), modelCard(model, digest, bytes.length, result));
  await writeFile(
    join(options.outputFolder, `${name}.clap.log.jsonl`),
    await readFile(join(workFolder, 'training.jsonl')),
  );
  return path;
}
