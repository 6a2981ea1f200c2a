/** Writes a tuning bank: replies of the bare model to the prompts of the tuning round, as it is served, and their features. Resumes. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import { toHalf } from '../../common/half.js';
import { Random } from '../../common/random.js';
import type { Tokenizer } from '../../language-model/tokenizer.js';
import type { DecodedRow, LanguageModelRuntime } from '../../runtime/types.js';
import type { LoadedCheckpoint } from '../checkpoint.js';
import { type ChatPrompt, chatPrompt, readLines } from '../clap/samples.js';
import { projectPrompt, projectReply } from '../posterior.js';
import type { BankReply, TuningBank } from './bank.js';
import { TUNING_PROMPTS, TUNING_TOKENS } from './prompts.js';

/** Finished replies to each prompt. */
export const BANK_REPLIES = 12;
/** Replies drawn at a time, and how often: some have no sentence that ends in time. */
const [DRAWN, ROUNDS] = [16, 6];
/** A cut reply keeps at least so many tokens. */
const SHORTEST_CUT = 8;
/** A bank's replies are what everybody reads first: one with these is not taken. */
const COARSE = /\b(\w*(shit|fuck)\w*|(bitch|bastard|cunt|whore|slut|damn|crap)\w*|ass(es|hole)?)\b/i;

export interface BankTools {
  runtime: Pick<LanguageModelRuntime, 'generate' | 'read'>;
  tokenizer: Tokenizer;
  /** What is written so far is kept here: one line a prompt in `tuning.jsonl`. */
  workFolder: string;
  onProgress(done: number, total: number): void;
}

type WrittenReply = Omit<BankReply, 'features'>;

interface WrittenPrompt {
  seed: number;
  prompt: string;
  replies: WrittenReply[];
}

/** The same model, checkpoint and seed give the same bank, in any number of runs. */
export async function writeBank(checkpoint: LoadedCheckpoint, seed: number, tools: BankTools): Promise<TuningBank> {
  const { runtime, tokenizer, workFolder, onProgress } = tools;
  await mkdir(workFolder, { recursive: true });
  const path = join(workFolder, 'tuning.jsonl');
  let at = 0;
  const written = await readLines<WrittenPrompt>(
    path,
    (line) => line.seed === seed && line.prompt === TUNING_PROMPTS[at++],
  );
  for (let i = written.length; i < TUNING_PROMPTS.length; i++) {
    const prompt = TUNING_PROMPTS[i];
    const replies = await finishedReplies(chatPrompt(prompt, tokenizer), new Random(`${seed}/tuning/${i}`), tools);
    const line = { seed, prompt, replies };
    await appendFile(path, `${JSON.stringify(line)}\n`);
    written.push(line);
    onProgress(i + 1, TUNING_PROMPTS.length);
  }
  const questions = [];
  for (const { prompt, replies } of written) {
    const tokens = replies.map((reply) => [...reply.tokens]);
    const read = await runtime.read({ ...chatPrompt(prompt, tokenizer), replies: tokens });
    questions.push({
      prompt,
      features: toHalf(projectPrompt(checkpoint, read.prompt)),
      replies: replies.map((reply, i) => ({
        ...reply,
        features: toHalf(projectReply(checkpoint, read.replies[i])),
      })),
    });
  }
  return { modelDigest: checkpoint.modelDigest, checkpointDigest: checkpoint.digest, questions };
}

/** Different ones without coarse words, drawn as replies are served. @throws PalateError MODEL_UNAVAILABLE for a model that finishes too few */
async function finishedReplies(
  prompt: ChatPrompt,
  random: Random,
  { runtime, tokenizer }: BankTools,
): Promise<WrittenReply[]> {
  const { temperatureDefault, topPDefault, minPDefault, dryMultiplierDefault } = DEFAULT_LIMITS;
  const found = new Map<string, WrittenReply>();
  for (let round = 0; round < ROUNDS && found.size < BANK_REPLIES; round++) {
    const rows = Array.from({ length: DRAWN }, () => ({
      latent: null,
      seed: random.next(),
      temperature: temperatureDefault,
      topP: topPDefault,
      minP: minPDefault,
      dryMultiplier: dryMultiplierDefault,
    }));
    const request = { ...prompt, rows, maxTokens: TUNING_TOKENS, stopTokens: [...tokenizer.stopTokens] };
    for (const row of await runtime.generate(request, () => {})) {
      const reply = finishedReply(row, tokenizer);
      if (reply && !COARSE.test(reply.text) && !found.has(reply.text)) found.set(reply.text, reply);
    }
  }
  if (found.size < BANK_REPLIES) {
    const message = `The model finished ${found.size} replies of ${DRAWN * ROUNDS} to one prompt; a tuning bank takes ${BANK_REPLIES}.`;
    throw new PalateError('MODEL_UNAVAILABLE', message);
  }
  return [...found.values()].slice(0, BANK_REPLIES);
}

/**
 * A reply that ended by itself as it is, another one up to where its last sentence ends; null where there is neither. Nobody judges the
 * beginning of a sentence.
 */
export function finishedReply(
  { tokens, finishReason }: DecodedRow,
  tokenizer: Pick<Tokenizer, 'decode'>,
): WrittenReply | null {
  const textOf = (ids: readonly number[]) =>
    tokenizer
      .decode(ids)
      .replace(/\uFFFD+$/, '')
      .replaceAll('\0', '');
  const text = textOf(tokens);
  if (finishReason === 'STOP') return text.trim() === '' ? null : { text, tokens, finishReason };
  for (let length = tokens.length; length >= SHORTEST_CUT; length--) {
    const head = textOf(tokens.slice(0, length));
    if (endsSentence(head) && /^(\s|$)/.test(text.slice(head.length))) {
      return { text: head, tokens: tokens.slice(0, length), finishReason: 'LENGTH' };
    }
  }
  return null;
}

/** A number with its point begins an item of a list. */
function endsSentence(text: string): boolean {
  return /[.!?…]["'”’)\]*_]*$/u.test(text) && !/(^|\n)\s*\d+\.$/.test(text);
}
