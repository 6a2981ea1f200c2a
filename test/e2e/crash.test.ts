/** Whatever was acknowledged survives `kill -9`, and the encoder catches up. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Generation, Member, PalateClient } from '../../src/client/index.js';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.js';

let data: string;
let gateway: GatewayProcess | undefined;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'palate-crash-'));
});

afterEach(async () => {
  await gateway?.kill();
  gateway = undefined;
  await rm(data, { recursive: true, force: true });
});

const member = { platform: 'test', externalId: 'ada' };
const PROMPTS = [
  'Tell me about rain.',
  'Say something about chess.',
  'Help me with bread.',
  'How are cats?',
  'Why run?',
];

async function ask(client: PalateClient): Promise<Generation[]> {
  const asked: Generation[] = [];
  for (const prompt of PROMPTS) asked.push(await client.generate({ member, prompt, candidateCount: 3, maxTokens: 12 }));
  return asked;
}

async function caughtUp(client: PalateClient, verdicts: number): Promise<Member> {
  for (;;) {
    const now = await client.member(member);
    if (now && now.encoder.verdictCount === verdicts) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('keeps every acknowledged vote once, and trains what was not trained, after kill -9', async () => {
  gateway = await startGatewayProcess(data);
  const asked = await ask(gateway.client);
  const acknowledged: string[] = [];
  // All votes at once, killed when the last acknowledgement has come: trainings are under way or queued.
  await Promise.all(
    asked.map(async ({ id, candidates }) => {
      const { client } = gateway as GatewayProcess;
      const vote = {
        generationId: id,
        verdict: 'CHOSEN' as const,
        chosenCandidateId: candidates[1].id,
        key: `vote-${id}`,
      };
      acknowledged.push((await client.submitFeedback(vote)).feedback.id);
    }),
  );
  await gateway.kill();

  gateway = await startGatewayProcess(data);
  const { client } = gateway;
  const now = await caughtUp(client, asked.length);
  expect(now.encoder.pairCount).toBe(2 * asked.length);
  const kept = await client.feedback(now.id, { first: 100 });
  expect(kept.nodes.map(({ id }) => id).sort()).toEqual(acknowledged.sort());
  // The same vote delivered again is answered as before and changes nothing.
  const again = await client.submitFeedback({
    generationId: asked[0].id,
    verdict: 'CHOSEN',
    chosenCandidateId: asked[0].candidates[1].id,
    key: `vote-${asked[0].id}`,
  });
  expect(acknowledged).toContain(again.feedback.id);
  expect((await client.feedback(now.id)).totalCount).toBe(asked.length);
  expect(await gateway.stop()).toBe(0);
  gateway = undefined;
});
