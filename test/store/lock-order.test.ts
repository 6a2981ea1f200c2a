/** Sessions of one PostgreSQL server that change the same member at once wait for each other in one order: none is ended for a deadlock. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { openStore, type Store } from '../../src/store/store.js';
import type { ClaimedJob } from '../../src/store/training-work.js';
import { type PostgresServer, startPostgres } from './postgres-server.js';
import { newMember } from './temporary-store.js';

const DIGESTS = { model: 'ab'.repeat(32), checkpoint: 'cd'.repeat(32) };

let server: PostgresServer;
let folder: string;
beforeAll(async () => {
  server = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'palate-locks-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await server.stop();
});

let databaseUrl: string;
let store: Store;
/** As another process of the same installation. */
let other: pg.Client;
beforeEach(async () => {
  databaseUrl = await server.createDatabase();
  store = await openStore({ data: folder, databaseUrl }, createLog('silent'));
  other = new pg.Client({ connectionString: databaseUrl });
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await store.queue.stop();
  await store.close();
  await server.dropDatabase(databaseUrl);
});

/** Resolves when so many sessions wait for a lock. */
async function waiting(count: number): Promise<void> {
  const blocked = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await expect.poll(async () => (await other.query(blocked)).rows[0].count).toBe(count);
}

const complete = (job: ClaimedJob) =>
  store.trainingJobs.complete(job, {
    ...{ capacity: 'BIAS', bytes: new Uint8Array(8), digest: 'e', digests: DIGESTS, tasteDigest: '', accepted: true },
    ...{ reason: null, positions: [], pairCount: 1, loss: 0.1, accuracy: 1, totalSteps: 1, durationMs: 1 },
  });

it('a training that ends while its member is forgotten elsewhere comes to nothing', async () => {
  const { id } = await newMember(store);
  await store.trainingJobs.queue(id);
  const job = (await store.trainingJobs.claim())?.job as ClaimedJob;
  await other.query('BEGIN');
  await other.query('SELECT 1 FROM members WHERE id = $1 FOR UPDATE', [id]);
  const completed = complete(job);
  await waiting(1);
  await other.query(`UPDATE training_jobs SET status = 'CANCELLED' WHERE member_id = $1`, [id]);
  await other.query('COMMIT');
  expect(await completed).toBeNull();
});

it('members that wait to be trained anew are queued while one of them votes elsewhere', async () => {
  const { id } = await newMember(store);
  await store.trainingJobs.queue(id);
  await complete((await store.trainingJobs.claim())?.job as ClaimedJob);
  await other.query(`UPDATE encoder_versions SET positions = '{1}' WHERE member_id = $1`, [id]);
  await other.query('BEGIN');
  await other.query('SELECT 1 FROM members WHERE id = $1 FOR UPDATE', [id]);
  const queued = store.trainingJobs.queueOutdated(DIGESTS);
  await waiting(1);
  await other.query(
    `INSERT INTO training_jobs (id, member_id, status) VALUES (gen_random_uuid(), $1, 'QUEUED')
     ON CONFLICT (member_id) WHERE status = 'QUEUED' DO UPDATE SET not_before = NULL`,
    [id],
  );
  await other.query('COMMIT');
  expect(await queued).toMatchObject([{ memberId: id, status: 'QUEUED' }]);
  expect((await store.trainingJobs.list(id, { first: 5 })).rows).toHaveLength(2);
});
