/**
 * The threads that fixtures of one process share, with the model they read: one that trains and one that encodes prompts. Both keep
 * nothing from one request to the next, and starting them takes longer than most tests. They end with the process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../src/common/log.js';
import { openGguf } from '../../src/language-model/gguf.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import { type PromptEncoder, PromptThread } from '../../src/services/generations/prompt-thread.js';
import type { Train } from '../../src/services/training/training-protocol.js';
import { TrainingThread } from '../../src/services/training/training-thread.js';
import { writeTinyModel } from '../language-model/gguf-writer.js';

export interface SharedThreads {
  model: LanguageModelFile;
  train: Train;
  prompts: PromptEncoder;
}

let shared: Promise<SharedThreads> | undefined;

export function sharedThreads(): Promise<SharedThreads> {
  shared ??= start();
  return shared;
}

export async function tinyModelOf(folder: string): Promise<LanguageModelFile> {
  const path = join(folder, 'tiny.gguf');
  await writeTinyModel(path, { hidden: 32, layers: 1, feedForward: 32, heads: 2, kvHeads: 1 });
  return openGguf(path);
}

async function start(): Promise<SharedThreads> {
  const folder = mkdtempSync(join(tmpdir(), 'palate-threads-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const model = await tinyModelOf(folder);
  const log = createLog('error');
  const [training, thread] = [new TrainingThread(log), new PromptThread(model, log)];
  await training.start();
  return {
    model,
    train: training.train,
    prompts: {
      start: () => thread.start(),
      // The next fixture needs it.
      stop: async () => {},
      fit: (...of) => thread.fit(...of),
      encode: (...of) => thread.encode(...of),
    },
  };
}
