/** A client in a process of its own, as clients are: asks over HTTP when it is told to, and says how long it took. */
import { setTimeout } from 'node:timers/promises';
import { createPalateClient, type GenerateInput, type PalateClient } from '../src/client/index.js';
import { type Call, type Order, READING_MS } from './gateway-calls.js';

let client: PalateClient | undefined;

process.on('message', async (order: Order) => {
  if ('url' in order) {
    client = createPalateClient(order);
    process.send?.('ready');
  } else if (client && 'warmUp' in order) {
    await warmUp(client, order.warmUp, order.rounds);
    process.send?.('warm');
  } else if (client && 'input' in order) process.send?.(await call(client, order.input));
});

/** One generation, read again and again, and one verdict, delivered again and again: compilers have then done with the way there. */
async function warmUp(caller: PalateClient, input: GenerateInput, rounds: number): Promise<void> {
  const { id } = await caller.generate(input);
  for (let round = 0; round < rounds; round++) {
    await caller.generation(id);
    await caller.submitFeedback({ generationId: id, verdict: 'TIE', key: 'warm-up' });
  }
}

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
