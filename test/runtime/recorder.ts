/** A loop that keeps everything it tells, and the requests that are put to it. */
import { type DecodeEvents, DecodeLoop } from '../../src/runtime/decode-loop.js';
import type { ServingModel } from '../../src/runtime/serving-model.js';
import type { DecodedRow, DecodeRequest, DecodeRow, ReadRequest, ReadResult } from '../../src/runtime/types.js';

export class Recorder {
  readonly loop: DecodeLoop;
  readonly results = new Map<number, DecodedRow[]>();
  readonly failures = new Map<number, unknown>();
  private readonly streams = new Map<string, number[]>();

  constructor(slots: number, model: ServingModel, clock?: () => number) {
    const events: DecodeEvents = {
      tokens: (batch) => {
        for (const { id, row, tokens } of batch) this.streamed(id, row).push(...tokens);
      },
      generated: (id, rows) => this.results.set(id, rows),
      failed: (id, error) => this.failures.set(id, error),
    };
    this.loop = new DecodeLoop(model, slots, events, clock);
  }

  streamed(id: number, row: number): number[] {
    const key = `${id}/${row}`;
    if (!this.streams.has(key)) this.streams.set(key, []);
    return this.streams.get(key) as number[];
  }

  async steps(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.loop.step();
  }

  async finish(): Promise<void> {
    while (!this.loop.idle) await this.loop.step();
  }

  /** Reads behind whatever is under way, a step at a time. */
  async read(request: ReadRequest): Promise<ReadResult> {
    let done = false;
    const read = this.loop.read(request).finally(() => {
      done = true;
    });
    read.catch(() => {});
    for (await afterwards(); !done; await afterwards()) await this.loop.step();
    return read;
  }

  tokens(id: number): number[][] {
    return this.results.get(id)?.map((row) => row.tokens) ?? [];
  }
}

/** When promises that are settled have told so. */
const afterwards = () => new Promise((resolve) => setImmediate(resolve));

export const greedy = (latent: Float32Array | null = null): DecodeRow => ({
  latent,
  seed: 1,
  temperature: 0,
  topP: 1,
  minP: 0,
  dryMultiplier: 0,
});

export function request(promptIds: number[], rows: DecodeRow[], more: Partial<DecodeRequest> = {}): DecodeRequest {
  return { promptIds, lastUserTurn: [0, 1], rows, maxTokens: 8, stopTokens: [], ...more };
}
