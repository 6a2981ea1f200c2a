/** The language model as the decode loop sees it: sessions of the serving graphs with their masks and caches filled in. */

import { PalateError } from '../common/errors.js';
import { allFinite } from '../common/finite.js';
import { PREFIX_LENGTH } from '../language-model/graphs/adapter.js';
import { HIDDEN_SCORE } from '../language-model/graphs/decoder.js';
import { cacheNames, featureDepths } from '../language-model/graphs/serving.js';
import type { LanguageModelConfig } from '../language-model/model.js';
import type { KeyValueCache, KeyValues } from './kv-cache.js';
import { type Feed, type GraphRunner, int64 } from './session.js';

/** Prompt tokens read in one pass; longer prompts take several, between which others can be served. */
export const CHUNK = 256;

export interface ServingSessions {
  decode: GraphRunner;
  read: GraphRunner;
  /** Opened when first needed: only evaluation scores. */
  score: () => Promise<GraphRunner>;
  adapter: { session: GraphRunner; latentSize: number };
}

/** The model failed at a request that was in order: its session did, or what it computed is of no use. */
export class ModelFault extends PalateError {
  /** @param personal whether a member's latent was in what failed, so that the fault may be its */
  constructor(
    readonly what: string,
    readonly personal: boolean,
    cause?: unknown,
  ) {
    super('MODEL_UNAVAILABLE', `The language model failed (${what}). Try again in a moment.`, { cause });
  }
}

/** A prompt, or its beginning, read once: the keys and values of all its tokens but the last, and its features. Nobody's prefix is in it. */
export interface ReadPrompt {
  cache: KeyValues;
  features: Float32Array;
}

export class ServingModel {
  constructor(
    readonly config: LanguageModelConfig,
    private readonly sessions: Partial<ServingSessions>,
  ) {}

  private session<Name extends keyof ServingSessions>(name: Name): ServingSessions[Name] {
    const session = this.sessions[name];
    if (!session)
      throw new PalateError('MODEL_UNAVAILABLE', `The language model was opened without its ${name} graph.`);
    return session as ServingSessions[Name];
  }

  /** Numbers of a latent; 0 where there is no adapter, and so no latents. */
  get latentSize(): number {
    return this.sessions.adapter?.latentSize ?? 0;
  }

  get featureSize(): number {
    return featureDepths(this.config.layers).length * this.config.hidden;
  }

  /** Reads a prompt without any prefix, in as many passes as it takes. */
  async readPrompt(ids: readonly number[], turn: readonly [number, number]): Promise<ReadPrompt> {
    let read = await this.readFurther(ids, turn);
    while (read.cache.length < ids.length - 1) read = await this.readFurther(ids, turn, read);
    return read;
  }

  /**
   * One pass over a prompt, which is read when all its tokens but the last are in the cache.
   * The features average over tokens [start, end) of `turn`, which lies before the last token in every chat template.
   * @param begun what the passes before gave; where a pass begins does not depend on what else is read in between
   */
  async readFurther(
    ids: readonly number[],
    turn: readonly [number, number],
    begun: ReadPrompt = { cache: this.emptyCache(), features: new Float32Array(this.featureSize) },
  ): Promise<ReadPrompt> {
    const length = ids.length - 1;
    const end = Math.min(turn[1], length);
    const weight = 1 / Math.max(1, end - turn[0]);
    const start = begun.cache.length;
    const part = ids.slice(start, Math.min(start + CHUNK, length));
    const pool = Float32Array.from(part, (_, i) => (start + i >= turn[0] && start + i < end ? weight : 0));
    const out = await this.run(this.session('read'), this.readFeeds([part], begun.cache, { pool }));
    return {
      cache: this.append(begun.cache, this.newKeyValues(out, part.length)),
      features: begun.features.map((sum, i) => sum + out.features[i]),
    };
  }

  /** Pooled features of replies behind a read prompt; an empty reply gives zeros. */
  async readReplies(prompt: ReadPrompt, last: number, replies: readonly number[][]): Promise<Float32Array[]> {
    const rows = replies.map((reply) => [last, ...reply]);
    const longest = Math.max(...rows.map((row) => row.length));
    const pool = new Float32Array(rows.length * longest);
    rows.forEach((row, r) => pool.fill(1 / (row.length - 1), r * longest + 1, r * longest + row.length));
    const out = await this.run(this.session('read'), this.readFeeds(pad(rows, longest), prompt.cache, { pool }));
    return rows.map((_, r) => out.features.slice(r * this.featureSize, (r + 1) * this.featureSize));
  }

  /** Log-probabilities of replies' tokens behind a read prompt. */
  async scoreReplies(prompt: ReadPrompt, last: number, replies: readonly number[][]): Promise<Float32Array[]> {
    const session = await this.session('score')();
    const longest = Math.max(...replies.map((reply) => reply.length));
    const rows = pad(
      replies.map((reply) => [last, ...reply.slice(0, -1)]),
      longest,
    );
    const targets = int64(pad(replies, longest).flat());
    const out = await this.run(session, this.readFeeds(rows, prompt.cache, { targets }));
    return replies.map((reply, r) => out.log_probabilities.slice(r * longest, r * longest + reply.length));
  }

  /** Prefix keys and values of latents, each [kvHeads, 4, headSize] a layer; `position` is the prefix's first. */
  async prefixes(latents: readonly Float32Array[], position: number): Promise<KeyValues> {
    const size = latents[0].length;
    const latent = new Float32Array(latents.length * size);
    latents.forEach((z, row) => latent.set(z, row * size));
    const positions = int64(latents.flatMap(() => Array.from({ length: PREFIX_LENGTH }, (_, i) => position + i)));
    const feeds = {
      latent: { data: latent, dims: [latents.length, size] },
      positions: { data: positions, dims: [latents.length, PREFIX_LENGTH] },
    };
    return this.newKeyValues(await this.run(this.session('adapter').session, feeds, true), PREFIX_LENGTH);
  }

  /**
   * Reads `ids` behind a read prompt and, where there is one, a row's own prefix, as decoding them one by one would have, up to rounding.
   * @returns keys and values of the prefix and the ids, which begin where the prompt ends
   */
  async readOn(prompt: KeyValues, prefix: KeyValues | undefined, ids: readonly number[]): Promise<KeyValues> {
    let own = prefix ?? this.emptyCache();
    for (let start = 0; start < ids.length; start += CHUNK) {
      const part = ids.slice(start, start + CHUNK);
      const before = this.append(prompt, own);
      const pool = new Float32Array(part.length);
      const out = await this.run(this.session('read'), this.readFeeds([part], before, { pool }), prefix !== undefined);
      own = this.append(own, this.newKeyValues(out, part.length));
    }
    return own;
  }

  /**
   * One step of rows in neighbouring slots, the first of them in slot `first`. Whether what comes out is finite, the caller
   * sees row by row.
   * @param tokens the token each row reads now; @param lengths how many positions each row's slot holds before it
   * @returns logits [rows, vocabulary] and the new token's keys and values [rows, kvHeads, 1, headSize] a layer
   */
  async step(cache: KeyValueCache, tokens: readonly number[], lengths: readonly number[], first = 0) {
    const rows = tokens.length;
    const { capacity } = cache;
    const group = this.config.heads / this.config.kvHeads;
    const mask = new Float32Array(rows * group * (capacity + 1));
    lengths.forEach((length, row) => {
      for (let g = 0; g < group; g++) {
        const start = (row * group + g) * (capacity + 1);
        mask.fill(HIDDEN_SCORE, start + length, start + capacity);
      }
    });
    const feeds: Record<string, Feed> = {
      ids: { data: int64(tokens), dims: [rows, 1] },
      positions: { data: int64(lengths), dims: [rows, 1] },
      mask: { data: mask, dims: [rows, 1, group, capacity + 1] },
      lengths: { data: int64([capacity, 1]), dims: [2] },
    };
    const dims = [rows, this.config.kvHeads, capacity, this.config.headSize];
    for (let layer = 0; layer < this.config.layers; layer++) {
      feeds[cacheNames.pastKey(layer)] = { data: cache.view(cache.keys[layer], rows, first), dims };
      feeds[cacheNames.pastValue(layer)] = { data: cache.view(cache.values[layer], rows, first), dims };
    }
    const out = await attempt(this.session('decode'), feeds, false);
    return { logits: out.logits, cache: this.newKeyValues(out, 1) };
  }

  /** Feeds of the read and score graphs: rows of one length behind one shared cache, causal among themselves. */
  readFeeds(
    rows: readonly (readonly number[])[],
    cache: KeyValues,
    extra: { pool?: Float32Array; targets?: BigInt64Array },
  ): Record<string, Feed> {
    const { heads, kvHeads, headSize, layers } = this.config;
    const sequence = rows[0].length;
    const past = cache.length;
    const feeds: Record<string, Feed> = {
      ids: { data: int64(rows.flat()), dims: [rows.length, sequence] },
      positions: { data: int64(rows.flatMap((row) => row.map((_, i) => past + i))), dims: [rows.length, sequence] },
      mask: {
        data: causalMask(sequence, heads / kvHeads, past),
        dims: [1, 1, sequence * (heads / kvHeads), past + sequence],
      },
      lengths: { data: int64([past, sequence]), dims: [2] },
    };
    if (extra.pool) feeds.pool = { data: extra.pool, dims: [rows.length, 1, sequence] };
    if (extra.targets) feeds.targets = { data: extra.targets, dims: [rows.length, sequence] };
    for (let layer = 0; layer < layers; layer++) {
      const dims = [1, kvHeads, past, headSize];
      feeds[cacheNames.pastKey(layer)] = { data: cache.keys[layer], dims };
      feeds[cacheNames.pastValue(layer)] = { data: cache.values[layer], dims };
    }
    return feeds;
  }

  emptyCache(): KeyValues {
    const none = Array.from({ length: this.config.layers }, () => new Float32Array(0));
    return { keys: none, values: none, length: 0 };
  }

  /** Runs a graph all of whose outputs have to be finite: nothing else is kept, shared or handed out. */
  private async run(session: GraphRunner, feeds: Record<string, Feed>, personal = false) {
    const out = await attempt(session, feeds, personal);
    if (Object.values(out).every((values) => allFinite(values))) return out;
    throw new ModelFault(NOT_FINITE, personal);
  }

  private newKeyValues(out: Record<string, Float32Array>, length: number): KeyValues {
    const layers = Array.from({ length: this.config.layers }, (_, layer) => layer);
    return {
      keys: layers.map((layer) => out[cacheNames.newKey(layer)]),
      values: layers.map((layer) => out[cacheNames.newValue(layer)]),
      length,
    };
  }

  private append(before: KeyValues, after: KeyValues): KeyValues {
    if (before.length === 0) return after;
    if (after.length === 0) return before;
    const { kvHeads, headSize } = this.config;
    const join = (a: Float32Array, b: Float32Array) => {
      const length = before.length + after.length;
      const joined = new Float32Array(kvHeads * length * headSize);
      for (let head = 0; head < kvHeads; head++) {
        const at = head * length * headSize;
        joined.set(a.subarray(head * before.length * headSize, (head + 1) * before.length * headSize), at);
        joined.set(
          b.subarray(head * after.length * headSize, (head + 1) * after.length * headSize),
          at + before.length * headSize,
        );
      }
      return joined;
    };
    return {
      keys: before.keys.map((keys, layer) => join(keys, after.keys[layer])),
      values: before.values.map((values, layer) => join(values, after.values[layer])),
      length: before.length + after.length,
    };
  }
}

/** What a fault says of numbers that are NaN or infinite. */
export const NOT_FINITE = 'it computed numbers that are not finite';

async function attempt(session: GraphRunner, feeds: Record<string, Feed>, personal: boolean) {
  try {
    return await session.run(feeds);
  } catch (error) {
    throw new ModelFault('its computation broke off', personal, error);
  }
}

/** [sequence x group, past + sequence], zero where a query may look. */
export function causalMask(sequence: number, group: number, past: number): Float32Array {
  const width = past + sequence;
  const mask = new Float32Array(sequence * group * width);
  for (let query = 0; query < sequence; query++) {
    for (let g = 0; g < group; g++) {
      const row = (query * group + g) * width;
      mask.fill(HIDDEN_SCORE, row + past + query + 1, row + width);
    }
  }
  return mask;
}

/** Rows of one length, zeros behind those that are shorter. */
export function pad(rows: readonly (readonly number[])[], length: number): number[][] {
  return rows.map((row) => [...row, ...Array<number>(length - row.length).fill(0)]);
}
