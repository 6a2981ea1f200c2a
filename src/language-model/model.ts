/** What an importer hands over: the shape of a Llama-family decoder, its weights by name, and its tokenizer. */
import type { WeightTensor } from './quantization.js';
import type { Tokenizer } from './tokenizer.js';

/** The numbers that fix a decoder's architecture (RMS norm, rotary attention with grouped heads, SwiGLU). */
export interface LanguageModelConfig {
  /** The family whose arithmetic applies, for example `llama`. */
  architecture: string;
  /** The model's own name, for people. */
  name: string;
  layers: number;
  /** Width of the residual stream. */
  hidden: number;
  /** Query heads. */
  heads: number;
  /** Key and value heads; `heads` is a multiple of it. */
  kvHeads: number;
  /** Width of one head. */
  headSize: number;
  /** Inner width of the feed-forward part. */
  feedForward: number;
  /** Rows of the embedding table, which may be more than the tokenizer uses. */
  vocabulary: number;
  /** Base of the rotary frequencies. */
  ropeTheta: number;
  /** Epsilon of every RMS norm. */
  normEpsilon: number;
  /** Longest sequence the model was trained for, in tokens. */
  contextLength: number;
  /** Leading components of a head that are rotated; importers only accept `headSize`. */
  ropeDimensions: number;
}

/**
 * An opened model file. Tensor names are GGUF's: `token_embd.weight`, `output.weight` (absent when tied to the
 * embedding), `output_norm.weight`, and for each layer n `blk.n.` followed by `attn_norm`, `attn_q`, `attn_k`, `attn_v`,
 * `attn_output`, `ffn_norm`, `ffn_gate`, `ffn_up`, `ffn_down`, each with `.weight`.
 */
export interface LanguageModelFile {
  path: string;
  /** SHA-256 of the whole file, in hexadecimal. */
  digest: string;
  config: LanguageModelConfig;
  /**
   * One tensor, read from the file at each call, so that nothing stays in memory longer than its user keeps it.
   * Rows are output features; a norm's vector is one row. Rows of `attn_q` and `attn_k` are in the order in which rotary
   * position embedding pairs component i with i + headSize / 2 (rotate-half).
   * @throws PalateError MODEL_UNAVAILABLE when there is no such tensor or the file has changed since it was opened
   */
  tensor(name: string): WeightTensor;
  has(name: string): boolean;
  tokenizer: Tokenizer;
}
