import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TrainingJob } from '../../src/contract/generated/types.js';
import { type PostgresServer, startPostgres } from '../store/postgres-server.js';
import { openServicesFixture, type ServicesFixture } from './fixture.js';

const ENDED = ['SUCCEEDED', 'REJECTED', 'FAILED', 'CANCELLED'];

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await holds()) return;
    await delay(25);
  }
  throw new Error('It did not come to pass in time.');
}

describe('two processes on one PostgreSQL server', () => {
  let server: PostgresServer;
  let databaseUrl: string;
  let houses: [ServicesFixture, ServicesFixture];
  const queue = { pollingSeconds: 0.2, silentMs: 1_500 };

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    databaseUrl = await server.createDatabase();
    houses = [await openServicesFixture({ databaseUrl, queue }), await openServicesFixture({ databaseUrl, queue })];
  });
  afterEach(async () => {
    for (const fixture of houses) await fixture.close();
    await server.dropDatabase(databaseUrl);
  });

  const generate = async ({ services }: ServicesFixture, externalId = 'ada') =>
    (await services.generations.start({ member: { platform: 'test', externalId }, prompt: 'Say hello.', maxTokens: 4 }))
      .finished;
  const vote = async (fixture: ServicesFixture, generation: Awaited<ReturnType<typeof generate>>, choice = 0) => {
    const { trainingJob } = await fixture.services.preferences.submit({
      generationId: generation.id,
      verdict: 'CHOSEN',
      chosenCandidateId: generation.candidates[choice].id,
    });
    return trainingJob as TrainingJob;
  };
  /** Every state of every job as this process tells it. */
  const follow = ({ services }: ServicesFixture) => {
    const stop = new AbortController();
    const seen: TrainingJob[] = [];
    const following = (async () => {
      for await (const job of services.training.watch(null, stop.signal)) seen.push(job);
    })();
    const statuses = (id: string) => seen.filter((job) => job.id === id).map(({ status }) => status);
    return {
      seen,
      /** Each status once: of the steps in between only the newest matters. */
      told: (id: string) => statuses(id).filter((status, i, all) => status !== all[i - 1]),
      stop: async () => {
        stop.abort();
        await following;
      },
    };
  };

  it('tell of a training in order, in both, and train once', async () => {
    const [here, there] = houses;
    const watchers = [follow(here), follow(there)];
    const generation = await generate(here);
    const job = await vote(there, generation);
    await eventually(() => watchers.every((watcher) => watcher.told(job.id).includes('SUCCEEDED')));
    await delay(100);
    for (const watcher of watchers) {
      const told = watcher.told(job.id);
      // Of what happened in the other one, a state may have passed before it could be told.
      expect(told).toEqual((['QUEUED', 'RUNNING', 'SUCCEEDED'] as const).filter((status) => told.includes(status)));
      expect(told.at(-1)).toBe('SUCCEEDED');
    }
    const member = await here.services.members.byId(generation.memberId);
    expect(member?.encoder).toMatchObject({ version: 1, verdictCount: 1 });
    for (const watcher of watchers) await watcher.stop();
  });

  it('count what waits and runs alike', async () => {
    const [here, there] = houses;
    const counts = ({ services }: ServicesFixture) => {
      const { trainingQueued, trainingRunning } = services.pool.status();
      return [trainingQueued, trainingRunning].join();
    };
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (const { runtime } of houses) runtime.holdReading = held;
    // Four members for four workers, and one that waits behind them; their features cannot be read yet.
    const generations = [];
    for (let i = 0; i < 5; i++) generations.push(await generate(houses[i % 2], `member ${i}`));
    for (const [i, generation] of generations.entries()) await vote(houses[i % 2], generation);
    await eventually(() => houses.every((fixture) => counts(fixture) === '1,4'));
    release();
    await eventually(() => houses.every((fixture) => counts(fixture) === '0,0'));
    const { nodes } = await there.services.training.list(null, 50);
    expect(nodes.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(new Array(5).fill('SUCCEEDED 1'));
    expect(counts(here)).toBe('0,0');
  });

  it('train one member in one of them at a time, whoever votes where', async () => {
    const generations = [];
    for (let i = 0; i < 12; i++) generations.push(await generate(houses[i % 2]));
    const jobs = await Promise.all(generations.map((generation, i) => vote(houses[(i + 1) % 2], generation, i % 2)));
    const { memberId } = generations[0];
    await eventually(async () => {
      const { nodes } = await houses[0].services.training.list(memberId, 50);
      return nodes.every(({ status }) => ENDED.includes(status));
    });
    const { nodes } = await houses[0].services.training.list(memberId, 50);
    expect(nodes.every(({ status }) => status === 'SUCCEEDED' || status === 'REJECTED')).toBe(true);
    expect(nodes.map(({ encoderVersion }) => encoderVersion)).toEqual(nodes.map((_, i) => nodes.length - i));
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(nodes.length);
    const [newest] = await houses[1].services.members.versions(memberId, 1);
    expect(newest.verdictCount).toBe(12);
  });

  it('cancel a training that runs in the other one', async () => {
    const [here, there] = houses;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (const { runtime } of houses) runtime.holdReading = held;
    const watchers = houses.map(follow);
    try {
      const job = await vote(here, await generate(here));
      await eventually(() => watchers.every((watcher) => watcher.told(job.id).includes('RUNNING')));
      // The features of what was voted on cannot be read: whoever trains tries to.
      const other = there.runtime.reads > 0 ? here : there;
      expect(await other.services.training.cancel(job.id)).toMatchObject({ status: 'CANCELLED' });
      await eventually(() => watchers.every((watcher) => watcher.told(job.id).includes('CANCELLED')));
      for (const { services } of houses) {
        expect(services.pool.status()).toMatchObject({ trainingQueued: 0, trainingRunning: 0 });
      }
      expect(await other.services.training.cancel(job.id)).toMatchObject({ status: 'CANCELLED' });
    } finally {
      release();
      for (const watcher of watchers) await watcher.stop();
    }
  });

  it('take over what a process left behind that is not heard of any more', async () => {
    const [here, there] = houses;
    const generation = await generate(here);
    const job = await vote(here, generation);
    await here.trained(generation.memberId);
    await execute(databaseUrl, `UPDATE training_jobs SET status = 'RUNNING'`);
    await eventually(async () => (await there.services.training.byId(job.id))?.attempts === 2);
    await eventually(async () => (await there.services.training.byId(job.id))?.status === 'SUCCEEDED');
  });
});

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}
