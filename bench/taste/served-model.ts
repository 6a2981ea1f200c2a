/** The product's own runtime with its model and checkpoint, opened for the bench: it writes, reads and scores replies as the service does. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, loadSettings, type SettingName, type Settings } from '../../src/common/config.js';
import { PalateError } from '../../src/common/errors.js';
import { installationFolder } from '../../src/common/installation.js';
import { createLog } from '../../src/common/log.js';
import { ensureModel } from '../../src/language-model/fetch.js';
import { openGguf } from '../../src/language-model/gguf.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import type { ChatTurn } from '../../src/language-model/tokenizer.js';
import { adapterWeights, type LoadedCheckpoint } from '../../src/learning/checkpoint.js';
import { chooseCheckpoint } from '../../src/learning/find-checkpoint.js';
import { WorkerRuntime } from '../../src/runtime/runtime.js';
import type { LanguageModelRuntime } from '../../src/runtime/types.js';

/** What benches keep between runs. */
export const BENCH_CACHE = join(installationFolder(), '.cache', 'bench');

export interface WrittenReply {
  /** With the stop token where the reply ended by itself. */
  tokens: number[];
  text: string;
  ended: boolean;
}

export interface WriteRequest {
  turns: readonly ChatTurn[];
  /** One reply behind each; null is the bare model. */
  latents: readonly (Float32Array | null)[];
  /** One a reply. */
  seeds: readonly number[];
  maxTokens: number;
  /** Takes the likeliest token every time. */
  greedy?: boolean;
}

export interface ServedModel {
  file: LanguageModelFile;
  checkpoint: LoadedCheckpoint;
  runtime: LanguageModelRuntime;
  /** Replies drawn at what the service serves where a request says nothing else. */
  write(request: WriteRequest): Promise<WrittenReply[]>;
  /** Negative log-likelihood (nats, summed) of each reply's text behind the prompt alone, without any prefix or system text. */
  score(prompt: string, replies: readonly number[][]): Promise<{ nll: number; tokens: number }[]>;
  stop(): Promise<void>;
}

export type ServedSettings = Partial<Record<SettingName, unknown>>;

/** What is known of the model without opening it: for comparisons that write nothing. */
export interface ServedFiles {
  /** SHA-256 of the model's file. */
  digest: string;
  checkpoint: LoadedCheckpoint;
}

/**
 * Settings as for `palate start`.
 * @throws PalateError MODEL_UNAVAILABLE without a model, or without a checkpoint of it
 */
export async function readServed(flags: ServedSettings): Promise<ServedFiles> {
  const { file, checkpoint } = await chooseFiles(loadSettings({ flags }));
  return { digest: file.digest, checkpoint };
}

/** Compiled graphs are kept in the bench's cache. @throws as `readServed` */
export async function openServedModel(flags: ServedSettings): Promise<ServedModel> {
  const settings = loadSettings({ flags });
  const { modelPath, file, checkpoint } = await chooseFiles(settings);
  const cacheFolder = join(BENCH_CACHE, 'graphs');
  await mkdir(cacheFolder, { recursive: true });
  const threads = settings.threads || availableParallelism();
  const adapter = adapterWeights(checkpoint);
  const runtime = new WorkerRuntime({ modelPath, cacheFolder, adapter, slots: settings.slots, threads });
  await runtime.start();
  return servedModel(file, checkpoint, runtime);
}

async function chooseFiles(settings: Settings) {
  const modelPath = await ensureModel(settings.model, settings.data, () => undefined);
  const file = await openGguf(modelPath);
  const checkpoint = await chooseCheckpoint(settings, file, createLog('warn'));
  if (!checkpoint) throw new PalateError('MODEL_UNAVAILABLE', `There is no checkpoint for ${modelPath}.`);
  return { modelPath, file, checkpoint };
}

/** Over a runtime that has been started. */
export function servedModel(
  file: LanguageModelFile,
  checkpoint: LoadedCheckpoint,
  runtime: LanguageModelRuntime,
): ServedModel {
  const { tokenizer } = file;
  const { temperatureDefault, topPDefault, minPDefault, dryMultiplierDefault } = DEFAULT_LIMITS;
  return {
    file,
    checkpoint,
    runtime,
    stop: () => runtime.stop(),
    async write({ turns, latents, seeds, maxTokens, greedy }) {
      const { ids, lastUserTurn } = tokenizer.encodeChat(turns);
      const sampling = {
        temperature: greedy ? 0 : temperatureDefault,
        topP: topPDefault,
        minP: minPDefault,
        dryMultiplier: dryMultiplierDefault,
      };
      const rows = latents.map((latent, i) => ({ ...sampling, latent, seed: seeds[i] }));
      const request = { promptIds: ids, lastUserTurn, rows, maxTokens, stopTokens: [...tokenizer.stopTokens] };
      const decoded = await runtime.generate(request, () => {});
      return decoded.map(({ tokens, finishReason }) => {
        return { tokens, text: tokenizer.decode(tokens), ended: finishReason === 'STOP' };
      });
    },
    async score(prompt, replies) {
      const { ids } = tokenizer.encodeChat([{ role: 'user', content: prompt }]);
      const bare = replies.map((tokens) => tokens.filter((token) => !tokenizer.stopTokens.has(token)));
      const read = bare.filter((tokens) => tokens.length > 0);
      const scored = (await runtime.score(ids, read)).map((row) => -row.reduce((sum, value) => sum + value, 0));
      return bare.map(({ length }) => ({ nll: length > 0 ? (scored.shift() ?? 0) : 0, tokens: length }));
    },
  };
}
