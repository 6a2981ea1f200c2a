import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../store/postgres-server.js';
import { type House, openHouse } from './house.js';

let server: PostgresServer;
let databaseUrl: string;
let houses: [House, House];
beforeAll(async () => {
  server = await startPostgres();
  databaseUrl = await server.createDatabase();
  houses = [await openHouse({ databaseUrl }), await openHouse({ databaseUrl })];
});
afterAll(async () => {
  for (const house of houses) await house.close();
  await server.stop();
});

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
  await here.services.rights.forget(memberId);
  // It ends though its model still holds: it was cancelled, and its row has nobody to belong to.
  await expect(running.finished).rejects.toMatchObject({ code: 'CANCELLED' });
  await vi.waitUntil(() => there.runtime.promptDrops > 0, 10_000);
  go();
  expect(await there.services.generations.byId(running.id)).toBeNull();
  expect(await there.services.members.byId(memberId)).toBeNull();
});
