/** What a request has to be before anything of it is computed: a number that is none would spoil more than its own row. */
import { type ErrorCode, PalateError } from '../common/errors.js';
import { allFinite } from '../common/finite.js';
import { PREFIX_LENGTH } from '../language-model/graphs/adapter.js';
import { type CacheShape, finiteKeyValues, type KeyValues } from './kv-cache.js';
import type { DecodeRequest, DecodeRow } from './types.js';

/** The model as far as a request has to fit it. */
export interface RequestBounds {
  config: { vocabulary: number; contextLength: number } & CacheShape;
  /** Numbers of a latent; 0 where there is no adapter. */
  latentSize: number;
}

/**
 * @throws PalateError TOO_LONG when prompt, prefix and reply do not fit the model's context; MODEL_UNAVAILABLE for a latent
 *   without an adapter; BAD_USER_INPUT for everything else, named
 */
export function checkDecodeRequest(request: DecodeRequest, bounds: RequestBounds): void {
  const { promptIds, lastUserTurn, rows, maxTokens } = request;
  if (promptIds.length === 0 || rows.length === 0 || !Number.isInteger(maxTokens) || maxTokens < 1) {
    throw refused('Ask for at least one reply of at least one token to a prompt.');
  }
  checkPrompt(promptIds, lastUserTurn, bounds);
  rows.forEach((row, index) => {
    checkRow(`Row ${index}`, row, bounds);
  });
  const written = Math.max(...rows.map((row) => row.written?.length ?? 0));
  checkLength('The prompt and its reply need', promptIds.length + PREFIX_LENGTH + written + maxTokens, bounds);
}

/** Throws as `checkDecodeRequest` does, for texts that are read without any prefix. */
export function checkTexts(
  promptIds: readonly number[],
  turn: readonly [number, number],
  replies: readonly (readonly number[])[],
  bounds: RequestBounds,
): void {
  if (promptIds.length === 0) throw refused('Name a prompt of at least one token.');
  checkPrompt(promptIds, turn, bounds);
  for (const reply of replies) checkTokens('A reply', reply, bounds);
  const longest = Math.max(0, ...replies.map(({ length }) => length));
  checkLength('The prompt and the reply have', promptIds.length + longest, bounds);
}

function checkPrompt(ids: readonly number[], [start, end]: readonly [number, number], bounds: RequestBounds): void {
  checkTokens('The prompt', ids, bounds);
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > ids.length) {
    throw refused(`The last user turn is said to be tokens ${start} to ${end} of ${ids.length}.`);
  }
}

function checkTokens(what: string, ids: readonly number[], { config }: RequestBounds): void {
  const strange = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < config.vocabulary));
  if (strange !== undefined) throw refused(`${what} holds ${strange}, which is no token of this model.`);
}

function checkRow(what: string, row: DecodeRow, bounds: RequestBounds): void {
  const numbers = { temperature: [0, Infinity], topP: [0, 1], minP: [0, 1], dryMultiplier: [0, Infinity] } as const;
  for (const [name, [low, high]] of Object.entries(numbers)) {
    const value = row[name as keyof typeof numbers];
    if (Number.isFinite(value) && value >= low && value <= high) continue;
    throw refused(`${what} has a ${name} of ${value}; it must be a finite number from ${low} to ${high}.`);
  }
  checkTokens(`${what}'s beginning`, row.written ?? [], bounds);
  if (row.prefix) checkPrefix(what, row, row.prefix, bounds);
  if (!row.latent) return;
  const { latentSize } = bounds;
  if (latentSize === 0) throw refused('A latent needs an adapter, and none is loaded.', 'MODEL_UNAVAILABLE');
  if (row.latent.length !== latentSize || !allFinite(row.latent)) {
    throw refused(`${what} has a latent that is not ${latentSize} finite numbers.`);
  }
}

function checkPrefix(what: string, { latent }: DecodeRow, prefix: KeyValues, { config }: RequestBounds): void {
  const { layers, kvHeads, headSize } = config;
  const size = kvHeads * PREFIX_LENGTH * headSize;
  const fits = (arrays: readonly Float32Array[]) =>
    arrays.length === layers && arrays.every((array) => array.length === size);
  if (latent) throw refused(`${what} has both a latent and a prefix.`);
  if (prefix.length !== PREFIX_LENGTH || !fits(prefix.keys) || !fits(prefix.values) || !finiteKeyValues(prefix)) {
    throw refused(`${what} has a prefix that is not ${PREFIX_LENGTH} positions of this model in finite numbers.`);
  }
}

function checkLength(what: string, tokens: number, { config }: RequestBounds): void {
  if (tokens <= config.contextLength) return;
  const todo = 'Shorten the prompt or the history, or ask for fewer tokens.';
  throw refused(`${what} ${tokens} tokens, but this model reads ${config.contextLength}. ${todo}`, 'TOO_LONG');
}

function refused(message: string, code: ErrorCode = 'BAD_USER_INPUT'): PalateError {
  return new PalateError(code, message);
}
