/** The product's own runtime with its model and checkpoint, opened for the bench: it writes, reads and scores replies as the service does. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, loadSettings, type SettingName, type Settings } from '../../src/common/config.js';
import { PalateError } from '../../src/common/errors.js';
import { installationFolder } from '../../src/common/installation.js';
import { createLog } from '../../src/common/log.js';
import { makeFolderOnce } from '../../src/common/whole-files.js';
import type { Graph } from '../../src/graph/index.js';
import { ensureModel } from '../../src/language-model/fetch.js';
import { openGguf } from '../../src/language-model/gguf.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import type { ChatTurn, Tokenizer } from '../../src/language-model/tokenizer.js';
import { adapterWeights, type LoadedCheckpoint } from '../../src/learning/checkpoint.js';
import { chooseCheckpoint } from '../../src/learning/find-checkpoint.js';
import { writeGraphs } from '../../src/runtime/graph-files.js';
import type { KeyValues } from '../../src/runtime/kv-cache.js';
import { WorkerRuntime } from '../../src/runtime/runtime.js';
import { type GraphRunner, Session } from '../../src/runtime/session.js';
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
  /** In place of latents: what all replies are written behind, given the position at which it begins. */
  prefix?: (position: number) => KeyValues;
  /** One a reply. */
  seeds: readonly number[];
  maxTokens: number;
  /** Takes the likeliest token every time. */
  greedy?: boolean;
}

/** What methods that compute for themselves are told. */
export interface Workplace {
  /** Compiled graphs, and what was fitted with them. */
  cacheFolder: string;
  /** Rows decoded at the same time. */
  slots: number;
  threads: number;
}

export interface ServedModel extends Workplace {
  file: LanguageModelFile;
  checkpoint: LoadedCheckpoint;
  runtime: LanguageModelRuntime;
  /** Compiles graphs over the model under a name of theirs, unless they are there; each is opened in this process once, and closed with the model. */
  graphs(name: string, build: () => Graph[]): Promise<OpenGraph>;
  /** Replies drawn at what the service serves where a request says nothing else. */
  write: Write;
  /** Negative log-likelihood (nats, summed) of each reply's text behind the prompt alone, without any prefix or system text. */
  score(prompt: string, replies: readonly number[][]): Promise<{ nll: number; tokens: number }[]>;
  stop(): Promise<void>;
}

/** Opens one of some graphs that were compiled together, by its name. */
export type OpenGraph = (name: string) => Promise<GraphRunner>;

export type Write = (request: WriteRequest) => Promise<WrittenReply[]>;

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
  const { slots } = settings;
  const runtime = new WorkerRuntime({ modelPath, cacheFolder, adapter, slots, threads });
  await runtime.start();
  return servedModel(file, checkpoint, runtime, { cacheFolder, slots, threads });
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
  workplace: Workplace,
): ServedModel {
  const { tokenizer } = file;
  const opened = new Map<string, Promise<Session>>();
  return {
    ...workplace,
    file,
    checkpoint,
    runtime,
    async stop() {
      await runtime.stop();
      for (const session of opened.values()) await (await session).close();
      opened.clear();
    },
    async graphs(name, build) {
      const folder = join(workplace.cacheFolder, `${file.digest.slice(0, 16)}-${name}`);
      await makeFolderOnce(folder, (draft) => writeGraphs(draft, build()));
      return (graph) => {
        const path = join(folder, `${graph}.onnx`);
        const session = opened.get(path) ?? Session.open(path, workplace.threads);
        opened.set(path, session);
        return session;
      };
    },
    write: writerOf(tokenizer, runtime),
    async score(prompt, replies) {
      const { ids } = tokenizer.encodeChat([{ role: 'user', content: prompt }]);
      const bare = replies.map((tokens) => tokens.filter((token) => !tokenizer.stopTokens.has(token)));
      const read = bare.filter((tokens) => tokens.length > 0);
      const scored = (await runtime.score(ids, read)).map((row) => -row.reduce((sum, value) => sum + value, 0));
      return bare.map(({ length }) => ({ nll: length > 0 ? (scored.shift() ?? 0) : 0, tokens: length }));
    },
  };
}

/** Writes by whatever decodes. */
export function writerOf(tokenizer: Tokenizer, runtime: Pick<LanguageModelRuntime, 'generate'>): Write {
  const { temperatureDefault, topPDefault, minPDefault, dryMultiplierDefault } = DEFAULT_LIMITS;
  return async ({ turns, latents, prefix, seeds, maxTokens, greedy }) => {
    const { ids, lastUserTurn } = tokenizer.encodeChat(turns);
    const sampling = {
      temperature: greedy ? 0 : temperatureDefault,
      topP: topPDefault,
      minP: minPDefault,
      dryMultiplier: dryMultiplierDefault,
    };
    const behind = prefix?.(ids.length - 1);
    const rows = latents.map((latent, i) => ({ ...sampling, latent, prefix: behind, seed: seeds[i] }));
    const request = { promptIds: ids, lastUserTurn, rows, maxTokens, stopTokens: [...tokenizer.stopTokens] };
    const decoded = await runtime.generate(request, () => {});
    return decoded.map(({ tokens, finishReason }) => {
      return { tokens, text: tokenizer.decode(tokens), ended: finishReason === 'STOP' };
    });
  };
}
