import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { openPostgres } from '../../src/store/postgres.js';
import { openStore, type Store } from '../../src/store/store.js';
import type { TrainingJobRecord } from '../../src/store/training-jobs.js';
import { asStoreError } from '../../src/store/unavailable.js';
import { type PostgresServer, startPostgres } from './postgres-server.js';
import { newMember } from './temporary-store.js';

/** Longer than any wait here should take, also on a busy machine. */
const PATIENCE = { timeout: 120_000, interval: 50 };
const AWAY = { code: 'STORE_UNAVAILABLE', message: expect.stringMatching(/away/), retryAfterMs: expect.any(Number) };

describe('a server that goes away and comes back', () => {
  let server: PostgresServer;
  let folder: string;
  let store: Store;
  let other: Store;
  /** What the store under test logged. */
  const said: string[] = [];
  beforeAll(async () => {
    server = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), 'palate-away-'));
    const settings = { data: folder, databaseUrl: await server.createDatabase() };
    const log = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line).msg) });
    store = await openStore(settings, log, { pollingSeconds: 0.2 });
    other = await openStore(settings, createLog('fatal'), { pollingSeconds: 3_600 });
  });
  afterAll(async () => {
    await store.queue.stop();
    await store.close();
    await other.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('is said so by name, and everything goes on by itself', async () => {
    const member = await newMember(store);
    const handled: string[] = [];
    store.queue.consume({
      claim: () => store.trainingJobs.claim(),
      extend: (job) => store.trainingJobs.extend(job),
      handle: async (job) => void handled.push(job.id),
      recover: async () => {},
    });
    await store.queue.start();
    const heard: TrainingJobRecord[] = [];
    let missed = 0;
    let lost = 0;
    const unwatch = await store.others.watch({
      trainingJob: (job) => void heard.push(job),
      forgotten: () => {},
      missed: () => void missed++,
      failed: () => void lost++,
    });
    expect(await store.check()).toBeNull();

    await server.goAway();
    // Without anybody having asked for anything.
    await vi.waitFor(async () => expect(await store.check()).toMatchObject(AWAY), PATIENCE);
    await expect(store.members.byId(member.id)).rejects.toMatchObject(AWAY);
    await expect(store.storage.set('away', 'key', 'value', null)).rejects.toMatchObject(AWAY);
    await expect(store.trainingJobs.queue(member.id)).rejects.toMatchObject(AWAY);
    await expect(store.idempotency.find('generate', 'key')).rejects.toMatchObject(AWAY);
    // Several attempts to listen again, and to find what waits for training, have failed by then.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(lost).toBe(1);
    expect(said).toEqual([expect.stringMatching(/^The database is away/)]);

    await server.comeBack();
    await vi.waitFor(async () => expect(await store.check()).toBeNull(), PATIENCE);
    expect(said.slice(1)).toEqual(['The database can be used again']);
    expect(await store.members.byId(member.id)).toMatchObject({ id: member.id });
    await vi.waitFor(() => expect(missed).toBe(1), PATIENCE);
    const job = await other.trainingJobs.queue(member.id);
    await vi.waitFor(() => expect(heard.map(({ id }) => id)).toContain(job?.id), PATIENCE);
    await vi.waitFor(() => expect(handled).toEqual([job?.id]), PATIENCE);
    await unwatch();
  });

  it('takes the transaction that was under way with it, and nothing else', async () => {
    const engine = await openPostgres(await server.createDatabase(), () => {});
    try {
      const cut = engine.transaction(async (session) => {
        await session.query('SELECT 1');
        await server.goAway();
        await session.query('SELECT 2');
      });
      expect(asStoreError(await cut.catch((error: unknown) => error))).toMatchObject(AWAY);
      await server.comeBack();
      await vi.waitFor(() => engine.probe(), PATIENCE);
      expect(await engine.transaction((session) => session.query('SELECT 3 AS three'))).toEqual([{ three: 3 }]);
    } finally {
      await engine.close();
    }
    await vi.waitFor(async () => expect(await store.check()).toBeNull(), PATIENCE);
  });

  it('is told from one that answers, and can be written to', async () => {
    await expect(store.storage.set('away', 'key', 'value', null)).resolves.toMatchObject({ added: true });
    await expect(store.members.byId('no id')).rejects.not.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.check()).toBeNull();
  });
});
