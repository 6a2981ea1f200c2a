/** What the runtime offers to the rooms above it: decoding rows behind private prefixes, and reading replies without any. */
import type { Lifecycle } from '../common/lifecycle.js';
import type { KeyValues } from './kv-cache.js';
import type { Sampling } from './sampler.js';

/** One candidate reply to decode. */
export interface DecodeRow extends Sampling {
  /** Latent z of size d, already scaled by the wanted strength; null decodes the bare language model. */
  latent: Float32Array | null;
  /**
   * The prefix itself, made elsewhere for this prompt: an adapter that is being trained is not the one that was loaded. Four positions,
   * the first of them where the prompt's last token is without any. Not together with a latent.
   */
  prefix?: KeyValues;
  seed: number;
  /** How strongly runs that the reply has written before are held back; 0 not at all (repetition.ts). */
  dryMultiplier: number;
  /** Tokens that the reply has already: decoding goes on behind them, and they are not given again. */
  written?: readonly number[];
}

export interface DecodeRequest {
  /** The rendered prompt; at least two tokens. */
  promptIds: number[];
  /** Token range [start, end) of the last user turn, whose features are the prompt's. */
  lastUserTurn: [number, number];
  rows: DecodeRow[];
  /** Tokens that a row may get, those that it has already left out. */
  maxTokens: number;
  stopTokens: number[];
}

export type FinishReason = 'STOP' | 'LENGTH' | 'CANCELLED';

export interface DecodedRow {
  /** New token ids; the stop token is the last one where the reply ended by itself. It is never streamed. */
  tokens: number[];
  finishReason: FinishReason;
}

export interface ReadRequest {
  promptIds: number[];
  lastUserTurn: [number, number];
  replies: number[][];
}

/** Pooled features without any prefix (docs/method.md 1): one vector of depths x hidden for the prompt and for each reply. */
export interface ReadResult {
  prompt: Float32Array;
  replies: Float32Array[];
}

export interface RuntimeStatus {
  ready: boolean;
  /** While it is not and is being opened again: when it should be ready, on the clock of performance.now(). */
  readyAt?: number;
  model: string;
  modelDigest: string;
  /** Whether a checkpoint of this model is loaded, so that latents can be given. */
  personalised: boolean;
  device: string;
  slots: number;
  busySlots: number;
  /** Rows that wait for a slot. */
  queued: number;
  /** Decoded tokens per second over the last second of work. */
  tokensPerSecond: number;
}

export interface LanguageModelRuntime extends Lifecycle {
  /**
   * Decodes the rows of one request in the running batch.
   * An abort keeps the tokens so far and resolves with CANCELLED rows.
   * @throws PalateError TOO_LONG when prompt and reply do not fit the context, MODEL_UNAVAILABLE when the worker is gone
   */
  generate(
    request: DecodeRequest,
    onTokens: (row: number, tokens: number[]) => void,
    signal?: AbortSignal,
  ): Promise<DecodedRow[]>;
  /** Reads a prompt and its replies without any prefix. An empty reply reads as zeros. */
  read(request: ReadRequest): Promise<ReadResult>;
  /** Log-probabilities of each reply's tokens behind the prompt without any prefix. */
  score(promptIds: number[], replies: number[][]): Promise<Float32Array[]>;
  /** Drops the prompts that were kept after reading them; resolves when none is left. Replies being written keep theirs. */
  dropPrompts(): Promise<void>;
  status(): RuntimeStatus;
  onStatus(listener: (status: RuntimeStatus) => void): () => void;
}
