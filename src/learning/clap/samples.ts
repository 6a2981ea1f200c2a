/** What CLaP learns from: prompts, replies that the language model wrote to them, and the features of both, kept on disk. */
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../common/random.js';
import type { Tokenizer } from '../../language-model/tokenizer.js';
import type { LanguageModelRuntime } from '../../runtime/types.js';

/** A prompt in the chat template. */
export interface ChatPrompt {
  promptIds: number[];
  lastUserTurn: [number, number];
}

export interface ClapSample extends ChatPrompt {
  prompt: string;
  /** Token ids, with the stop token where a reply ended by itself. */
  replies: number[][];
}

export interface SampledFeatures {
  prompt: Float32Array;
  replies: Float32Array[];
}

export interface SamplingSettings {
  seed: number;
  /** Replies a prompt. */
  replies: number;
  /** A prompt's replies end at one of these, so that texts of several lengths take part. */
  lengths: readonly number[];
  temperature: number;
  topP: number;
}

/**
 * Samples replies to every prompt, continuing where an earlier run stopped: a line of `samples.jsonl` a prompt.
 * The same seed gives the same samples in any number of runs.
 */
export async function sampleReplies(
  prompts: readonly string[],
  settings: SamplingSettings,
  tools: {
    runtime: LanguageModelRuntime;
    tokenizer: Tokenizer;
    folder: string;
    onProgress: (done: number) => void;
    signal?: AbortSignal;
  },
): Promise<ClapSample[]> {
  const path = join(tools.folder, 'samples.jsonl');
  const samples = await readLines<ClapSample>(path);
  for (let i = samples.length; i < prompts.length; i++) {
    tools.signal?.throwIfAborted();
    const random = new Random(`${settings.seed}/sample/${i}`);
    const prompt = chatPrompt(prompts[i], tools.tokenizer);
    const seeds = Array.from({ length: settings.replies }, () => random.next());
    const maxTokens = settings.lengths[random.integer(settings.lengths.length)];
    const replies = await sampleOwnReplies(prompt, seeds, maxTokens, settings, tools);
    const sample = { prompt: prompts[i], ...prompt, replies };
    await appendFile(path, `${JSON.stringify(sample)}\n`);
    samples.push(sample);
    tools.onProgress(samples.length);
  }
  return samples.slice(0, prompts.length);
}

export function chatPrompt(text: string, tokenizer: Tokenizer): ChatPrompt {
  const { ids, lastUserTurn } = tokenizer.encodeChat([{ role: 'user', content: text }]);
  return { promptIds: ids, lastUserTurn };
}

/** Replies of the model to a prompt, behind no prefix: one a seed. */
export async function sampleOwnReplies(
  { promptIds, lastUserTurn }: ChatPrompt,
  seeds: readonly number[],
  maxTokens: number,
  { temperature, topP }: Pick<SamplingSettings, 'temperature' | 'topP'>,
  { runtime, tokenizer }: { runtime: LanguageModelRuntime; tokenizer: Tokenizer },
): Promise<number[][]> {
  const rows = seeds.map((seed) => ({ latent: null, seed, temperature, topP, minP: 0, dryMultiplier: 0 }));
  const request = { promptIds, lastUserTurn, rows, maxTokens, stopTokens: [...tokenizer.stopTokens] };
  return (await runtime.generate(request, () => {})).map(({ tokens }) => tokens);
}

/** Reads every sample's features without any prefix, continuing where an earlier run stopped: `features.f32`. */
export async function readFeatures(
  samples: readonly ClapSample[],
  tools: { runtime: LanguageModelRuntime; folder: string; onProgress: (done: number) => void; signal?: AbortSignal },
): Promise<SampledFeatures[]> {
  const path = join(tools.folder, 'features.f32');
  const features: SampledFeatures[] = [];
  const stored = await readFile(path).catch(() => Buffer.alloc(0));
  const whole = stored.byteLength - (stored.byteLength % 4);
  const numbers = new Float32Array(stored.buffer.slice(stored.byteOffset, stored.byteOffset + whole));
  let at = 0;
  for (const sample of samples) {
    const size = numbers.length > 0 ? numbers[at] : 0;
    const end = at + 1 + size * (sample.replies.length + 1);
    if (size === 0 || end > numbers.length) break;
    const vector = (i: number) => numbers.slice(at + 1 + i * size, at + 1 + (i + 1) * size);
    features.push({ prompt: vector(0), replies: sample.replies.map((_, i) => vector(i + 1)) });
    at = end;
  }
  if (at * 4 < stored.byteLength) await truncate(path, at * 4);
  for (let i = features.length; i < samples.length; i++) {
    tools.signal?.throwIfAborted();
    const { promptIds, lastUserTurn, replies } = samples[i];
    const read = await tools.runtime.read({ promptIds, lastUserTurn, replies });
    const record = [Float32Array.of(read.prompt.length), read.prompt, ...read.replies];
    await appendFile(
      path,
      Buffer.concat(record.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))),
    );
    features.push(read);
    tools.onProgress(features.length);
  }
  return features;
}

/**
 * The lines of a JSONL file up to the first that `wanted` refuses or that is not whole: a process was killed, or the power went, while it
 * was written. The file is cut off there.
 */
export async function readLines<T>(path: string, wanted: (value: T) => boolean = () => true): Promise<T[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const values: T[] = [];
  let end = 0;
  for (let next = text.indexOf('\n'); next >= 0; next = text.indexOf('\n', end)) {
    const value = parsed<T>(text.slice(end, next));
    if (value === undefined || !wanted(value)) break;
    values.push(value);
    end = next + 1;
  }
  if (end < text.length) await truncate(path, Buffer.byteLength(text.slice(0, end)));
  return values;
}

function parsed<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}
