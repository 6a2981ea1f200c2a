/** The product's decode loop over sessions of this process: for models that differ from the one that the runtime has opened. */
import { setImmediate as turn } from 'node:timers/promises';
import { DecodeLoop } from '../../../src/runtime/decode-loop.js';
import type { ServingModel } from '../../../src/runtime/serving-model.js';
import type { DecodedRow, LanguageModelRuntime } from '../../../src/runtime/types.js';

export function decodeInProcess(model: ServingModel, slots: number): Pick<LanguageModelRuntime, 'generate'> {
  const waiting = new Map<number, { resolve(rows: DecodedRow[]): void; reject(error: unknown): void }>();
  const loop = new DecodeLoop(model, slots, {
    tokens: () => {},
    generated: (id, rows) => waiting.get(id)?.resolve(rows),
    failed: (id, error) => waiting.get(id)?.reject(error),
  });
  let running = false;
  const runOn = async () => {
    if (running) return;
    running = true;
    while (!loop.idle) {
      await loop.step();
      // Whoever asks meanwhile shares the batch.
      await turn();
    }
    running = false;
  };
  let asked = 0;
  return {
    generate(request) {
      const id = asked++;
      return new Promise<DecodedRow[]>((resolve, reject) => {
        loop.submit(id, request);
        waiting.set(id, { resolve, reject });
        void runOn();
      }).finally(() => waiting.delete(id));
    },
  };
}
