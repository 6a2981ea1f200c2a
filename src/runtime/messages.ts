/** What the main thread and the model's worker thread say to each other. */
import type { DecodedRow, DecodeRequest, ReadRequest, ReadResult } from './types.js';

/** A checkpoint's adapter as the runtime needs it: the parameters of language-model/graphs/adapter.ts. */
export interface AdapterWeights {
  /** Names the adapter's compiled graph in the cache. */
  digest: string;
  latentSize: number;
  middle: number;
  w1: Float32Array;
  b1: Float32Array;
  w2: Float32Array;
  b2: Float32Array;
}

/** What a worker is started with. */
export interface WorkerSetup {
  modelPath: string;
  /** Folder for compiled graphs and repacked weights; made again when missing. */
  cacheFolder: string;
  adapter: AdapterWeights | null;
  slots: number;
  threads: number;
}

export type ToWorker =
  | { kind: 'generate'; id: number; request: DecodeRequest }
  | { kind: 'cancel'; id: number }
  | { kind: 'read'; id: number; request: ReadRequest }
  | { kind: 'score'; id: number; promptIds: number[]; replies: number[][] }
  | { kind: 'drop prompts'; id: number }
  | { kind: 'stop' };

export type FromWorker =
  | { kind: 'ready'; model: string; digest: string }
  | { kind: 'tokens'; batch: { id: number; row: number; tokens: number[] }[] }
  | { kind: 'generated'; id: number; rows: DecodedRow[] }
  | { kind: 'read'; id: number; result: ReadResult }
  | { kind: 'scored'; id: number; result: Float32Array[] }
  | { kind: 'dropped prompts'; id: number }
  | { kind: 'failed'; id: number; code: string; message: string; cause?: string }
  | { kind: 'status'; busySlots: number; queued: number; tokensPerSecond: number };
