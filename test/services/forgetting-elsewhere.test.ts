import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { tasteSigner } from '../../src/services/members/taste-file.js';
import { type PostgresServer, startPostgres } from '../store/postgres-server.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from './fixture.js';

let server: PostgresServer;
let databaseUrl: string;
let houses: [ServicesFixture, ServicesFixture];
beforeAll(async () => {
  server = await startPostgres();
  databaseUrl = await server.createDatabase();
  houses = [await openServicesFixture({ databaseUrl }), await openServicesFixture({ databaseUrl })];
});
afterAll(async () => {
  for (const fixture of houses) await fixture.close();
  await server.stop();
});

async function allOf<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

it('ends what another process writes for a member who is forgotten here, and drops its memory', async () => {
  const [here, there] = houses;
  const input = { member: { platform: 'test', externalId: 'ada' }, prompt: 'Say hello.', maxTokens: 4 };
  const { memberId } = await (await here.services.generations.start(input)).finished;
  let go = () => {};
  there.runtime.holdDecoding = new Promise((resolve) => {
    go = resolve;
  });
  const running = await there.services.generations.start({ ...input, prompt: 'Say more.' });
  expect(running.memberId).toBe(memberId);
  const told: unknown[] = [];
  there.services.keys.onChange((member) => told.push(member));
  const watched = allOf(there.services.training.watch(memberId, new AbortController().signal));
  await here.services.rights.forget(memberId);
  // It ends though its model still holds: it was cancelled, and its row has nobody to belong to.
  await expect(running.finished).rejects.toMatchObject({ code: 'CANCELLED' });
  await vi.waitUntil(() => there.runtime.promptDrops > 0, 120_000);
  go();
  expect(told).toEqual([memberId]);
  expect(await watched).toEqual([]);
  expect(await there.services.generations.byId(running.id)).toBeNull();
  expect(await there.services.members.byId(memberId)).toBeNull();
});

it('lets a member go on whose forgetting failed, and signs tastes again, once the database is back', async () => {
  const [here] = houses;
  const input = { member: { platform: 'test', externalId: 'bea' }, prompt: 'Say hello.', maxTokens: 4 };
  const { memberId } = await (await here.services.generations.start(input)).finished;
  const checkpoint = tinyCheckpoint();
  const taste = tasteSigner(new Uint8Array(32).fill(3)).sign(
    { model: checkpoint.modelDigest, checkpoint: checkpoint.digest, encoder: new Uint8Array(8), pairCount: 1 },
    new Date(),
  );
  await server.goAway();
  await expect(here.services.rights.forget(memberId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(here.services.tastes.import(memberId, taste)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await server.comeBack();
  await vi.waitUntil(async () => (await here.services.database.check()) === null, 120_000);
  const again = await (await here.services.generations.start(input)).finished;
  expect(again.memberId).toBe(memberId);
  await expect(here.services.tastes.import(memberId, taste)).rejects.toThrow('signed by another installation');
  await expect(here.services.rights.forget(memberId)).resolves.toMatchObject({ memberId });
});
