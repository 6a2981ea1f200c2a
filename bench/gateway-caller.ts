/** A client in a process of its own, as clients are: asks over HTTP when it is told to, and says how long it took. */
import { setTimeout } from 'node:timers/promises';
import { createPalateClient, type GenerateInput, type PalateClient } from '../src/client/index.js';
import { type Call, type Order, READING_MS } from './gateway-calls.js';

let client: PalateClient | undefined;

process.on('message', async (order: Order) => {
  if ('url' in order) {
    client = createPalateClient(order);
    process.send?.('ready');
  } else if (client) process.send?.(await call(client, order.input));
});

async function call(caller: PalateClient, input: GenerateInput): Promise<Call> {
  const begun = performance.now();
  const { id, candidates } = await caller.generate(input);
  const generated = performance.now() - begun;
  await setTimeout(READING_MS);
  const sent = performance.now();
  const { trainingJob } = await caller.submitFeedback({
    generationId: id,
    verdict: 'CHOSEN',
    chosenCandidateId: candidates[0].id,
  });
  return { generated, acknowledged: performance.now() - sent, jobId: trainingJob?.id ?? null };
}
