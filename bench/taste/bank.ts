/**
 * The bank: replies that nobody's taste is behind, with their features, written once by the product's runtime and kept. Methods are
 * compared on votes cast on it, and steered replies are set against it. A line of JSON a prompt; the features are the raw ones, so that a
 * bank outlives the checkpoint. Vote prompts and held-out prompts take turns, so that any beginning of it can be used.
 */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PalateError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import { writeWhole } from '../../src/common/whole-files.js';
import type { LoadedCheckpoint } from '../../src/learning/checkpoint.js';
import { readLines } from '../../src/learning/clap/samples.js';
import { type Posterior, posteriorOf, projectPrompt, projectReply } from '../../src/learning/posterior.js';
import { BENCH_CACHE, type ServedModel } from './served-model.js';
import { DEV_SET, type TasteSet } from './sets.js';

/** VOTE prompts are voted on, HELD_OUT ones judged on. */
export type PromptSet = 'VOTE' | 'HELD_OUT';

/** Replies to a prompt of each set. */
export const REPLIES: Readonly<Record<PromptSet, number>> = { VOTE: 12, HELD_OUT: 16 };

export interface BankReply {
  prompt: string;
  text: string;
  /** The reply ended by itself. */
  ended: boolean;
  /** Decoded ids, the stop token among them. */
  tokens: readonly number[];
  /** Under the untouched model, in nats, summed over `scored` tokens. */
  nll: number;
  scored: number;
  /** What the reply says beyond its prompt: [128]. */
  white: Float32Array;
  posterior: Posterior;
}

export interface BankPrompt {
  prompt: string;
  set: PromptSet;
  replies: BankReply[];
}

export interface PlannedPrompt {
  prompt: string;
  set: PromptSet;
}

export interface BankSettings {
  /** Longest reply. */
  maxTokens: number;
  seed: number;
}

/** A line of the file. Vectors are float32, little-endian, in base64. */
interface BankLine extends PlannedPrompt {
  features: string;
  replies: { tokens: number[]; text: string; ended: boolean; nll: number; scored: number; features: string }[];
}

/** Both sets in their own order, interleaved by their sizes. */
export function planBank({
  votePrompts: votes,
  heldOutPrompts: heldOut,
}: Pick<TasteSet, 'votePrompts' | 'heldOutPrompts'> = DEV_SET): PlannedPrompt[] {
  const plan: PlannedPrompt[] = [];
  for (let vote = 0, held = 0; vote < votes.length || held < heldOut.length; ) {
    const voteIsDue = held === heldOut.length || (vote < votes.length && vote * heldOut.length <= held * votes.length);
    plan.push(voteIsDue ? { prompt: votes[vote++], set: 'VOTE' } : { prompt: heldOut[held++], set: 'HELD_OUT' });
  }
  return plan;
}

/** The folder of a model's bank at these settings. */
export function bankFolder(modelDigest: string, { maxTokens, seed }: BankSettings): string {
  return join(BENCH_CACHE, `bank-${modelDigest.slice(0, 16)}-${maxTokens}-${seed}`);
}

/** Writes what is missing of the plan. Killed at any time, it goes on with the prompt it was at; a prompt's replies depend on it and the seed alone. */
export async function writeBank(
  model: ServedModel,
  folder: string,
  plan: readonly PlannedPrompt[],
  settings: BankSettings,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, 'settings.json'), JSON.stringify(settings));
  const path = join(folder, 'replies.jsonl');
  const known = new Set((await readLines<BankLine>(path)).map(({ prompt }) => prompt));
  const missing = plan.filter(({ prompt }) => !known.has(prompt));
  for (const [i, planned] of missing.entries()) {
    onProgress(plan.length - missing.length + i, plan.length);
    await appendFile(path, `${JSON.stringify(await writeLine(model, planned, settings))}\n`);
  }
  onProgress(plan.length, plan.length);
}

async function writeLine(
  model: ServedModel,
  { prompt, set }: PlannedPrompt,
  { maxTokens, seed }: BankSettings,
): Promise<BankLine> {
  const random = new Random(`${seed}/bank/${prompt}`);
  const turns = [{ role: 'user' as const, content: prompt }];
  const count = REPLIES[set];
  const seeds = Array.from({ length: count }, () => random.next());
  const written = await model.write({ turns, latents: seeds.map(() => null), seeds, maxTokens });
  const tokens = written.map((reply) => reply.tokens);
  const { ids: promptIds, lastUserTurn } = model.file.tokenizer.encodeChat(turns);
  const read = await model.runtime.read({ promptIds, lastUserTurn, replies: tokens });
  const scores = await model.score(prompt, tokens);
  const replies = written.map((reply, i) => {
    return { ...reply, nll: scores[i].nll, scored: scores[i].tokens, features: toBase64(read.replies[i]) };
  });
  return { prompt, set, features: toBase64(read.prompt), replies };
}

/**
 * The bank as one checkpoint sees it: what of the plan is written. Replies without a token are left out: nobody can judge them.
 * @throws PalateError NOT_FOUND where nothing was written yet
 */
export async function readBank(
  folder: string,
  checkpoint: LoadedCheckpoint,
  plan: readonly PlannedPrompt[] = planBank(),
): Promise<BankPrompt[]> {
  const text = await readFile(join(folder, 'replies.jsonl'), 'utf8').catch(() => '');
  const planned = new Map(plan.map(({ prompt, set }) => [prompt, set]));
  // A line that is being written has no end yet.
  const lines = text.split('\n').slice(0, -1);
  const bank = lines
    .map((line) => JSON.parse(line) as BankLine)
    .filter(({ prompt, set }) => planned.get(prompt) === set);
  if (bank.length === 0) {
    throw new PalateError('NOT_FOUND', `There is no bank in ${folder}. Write one: npm run bench -- bank.`);
  }
  return bank.map((line) => seenBy(checkpoint, line));
}

function seenBy(checkpoint: LoadedCheckpoint, { prompt, set, features, replies }: BankLine): BankPrompt {
  const expected = projectPrompt(checkpoint, fromBase64(features));
  return {
    prompt,
    set,
    replies: replies
      .filter(({ scored }) => scored > 0)
      .map(({ text, ended, nll, scored, tokens, features: ofReply }) => {
        const said = projectReply(checkpoint, fromBase64(ofReply));
        const white = said.map((value, i) => value - expected[i]);
        const posterior = posteriorOf(checkpoint, said, expected);
        return { prompt, text, ended, nll, scored, tokens, white, posterior };
      }),
  };
}

function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

function fromBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
