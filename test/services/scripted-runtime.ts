/**
 * A runtime that computes nothing: tokens and features are fixed functions of seeds, latents and tokens, so that policies and the
 * ledger can be tested without a language model. It follows the runtime's contract, cancellation included.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Random } from '../../src/common/random.js';
import type {
  DecodedRow,
  DecodeRequest,
  DecodeRow,
  LanguageModelRuntime,
  ReadRequest,
  ReadResult,
  RuntimeStatus,
} from '../../src/runtime/types.js';

/** Ids of the letters a to z in the tiny tokenizer. */
const LETTERS = Array.from({ length: 26 }, (_, i) => 3 + 'a'.charCodeAt(0) + i);

export class ScriptedRuntime implements LanguageModelRuntime {
  readonly requests: DecodeRequest[] = [];
  reads = 0;
  promptDrops = 0;
  /** While set, decoding stops after the first token until it resolves. */
  holdDecoding: Promise<void> | undefined;
  /** While set, what every reply is made of. */
  says: readonly number[] | undefined;
  /** While set, reading waits for it. */
  holdReading: Promise<void> | undefined;
  current: RuntimeStatus;
  private readonly listeners = new Set<(status: RuntimeStatus) => void>();

  constructor(
    modelDigest: string,
    private readonly featureSize: number,
  ) {
    this.current = {
      ready: true,
      model: 'Tiny',
      modelDigest,
      personalised: true,
      device: 'cpu',
      slots: 4,
      busySlots: 0,
      queued: 0,
      tokensPerSecond: 0,
    };
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async generate(
    request: DecodeRequest,
    onTokens: (row: number, tokens: number[]) => void,
    signal?: AbortSignal,
  ): Promise<DecodedRow[]> {
    this.requests.push(request);
    const scripts = request.rows.map((row) => this.says ?? script(row, request.maxTokens));
    const rows: DecodedRow[] = scripts.map(() => ({ tokens: [], finishReason: 'LENGTH' }));
    for (let at = 0; at < request.maxTokens; at++) {
      await turn();
      if (at === 1 && this.holdDecoding) await Promise.race([this.holdDecoding, aborted(signal)]);
      if (signal?.aborted) return rows.map(({ tokens }) => ({ tokens, finishReason: 'CANCELLED' }));
      for (const [row, tokens] of scripts.entries()) {
        rows[row].tokens.push(tokens[at]);
        onTokens(row, [tokens[at]]);
      }
    }
    return rows;
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    this.reads++;
    await this.holdReading;
    return { prompt: this.features(request.promptIds), replies: request.replies.map((ids) => this.features(ids)) };
  }

  async score(_: number[], replies: number[][]): Promise<Float32Array[]> {
    return replies.map((ids) => new Float32Array(ids.length).fill(-1));
  }

  async dropPrompts(): Promise<void> {
    this.promptDrops++;
  }

  status(): RuntimeStatus {
    return this.current;
  }

  onStatus(listener: (status: RuntimeStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  change(changes: Partial<RuntimeStatus>): void {
    this.current = { ...this.current, ...changes };
    for (const listener of this.listeners) listener(this.current);
  }

  private features(ids: readonly number[]): Float32Array {
    return new Random(ids.join()).normals(this.featureSize);
  }
}

function script(row: DecodeRow, count: number): number[] {
  const random = new Random(`${row.seed}/${row.latent ? [...row.latent].join() : 'bare'}`);
  const before = row.written?.length ?? 0;
  return Array.from({ length: before + count }, () => LETTERS[random.integer(LETTERS.length)]).slice(before);
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}
