import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { createTrainingQueue, type TrainingQueue } from '../../src/store/queue.js';
import type { TrainingJobRecord } from '../../src/store/training-jobs.js';
import type { Claim, ClaimedJob } from '../../src/store/training-work.js';
import { ENGINES, type Engines, startEngines } from './engines.js';
import { newMember, type TemporaryStore } from './temporary-store.js';

const RECOVERY = { all: true, maximumAttempts: 3 };

describe.each(ENGINES)('rows that wait for training on %s', (engine) => {
  let engines: Engines;
  let temporary: TemporaryStore;
  beforeAll(async () => {
    engines = await startEngines(engine);
  });
  afterAll(() => engines.stop());
  beforeEach(async () => {
    temporary = await engines.store();
  });
  afterEach(() => temporary.remove());

  const begin = async () => {
    const { trainingJobs, ...store } = temporary.store;
    const member = await newMember(temporary.store);
    const queue = () => trainingJobs.queue(member.id) as Promise<TrainingJobRecord>;
    const claim = async () => ((await trainingJobs.claim()) as Claim).job;
    const fail = (job: ClaimedJob, retryAfterMs: number | null) =>
      trainingJobs.fail(job, { error: 'no light', durationMs: 7, retryAfterMs });
    return { store, trainingJobs, member, queue, claim, fail };
  };

  it('are taken in their order, one of a member at a time, and tell whether others wait', async () => {
    const { trainingJobs, queue, claim } = await begin();
    const other = await newMember(temporary.store);
    const first = await queue();
    const second = (await trainingJobs.queue(other.id)) as TrainingJobRecord;
    expect(await trainingJobs.claim()).toMatchObject({ job: { id: first.id, attempts: 1 }, more: true });
    expect((await queue()).id).not.toBe(first.id);
    expect(await claim()).toMatchObject({ id: second.id });
    expect(await trainingJobs.claim()).toBeNull();
    expect((await trainingJobs.open()).map(({ status }) => status)).toEqual(['RUNNING', 'RUNNING', 'QUEUED']);
  });

  it('wait for the next attempt after a failure, but not when there is something new to learn from', async () => {
    const { trainingJobs, queue, claim, fail } = await begin();
    const { id } = await queue();
    const failed = (await fail(await claim(), 60_000)) as TrainingJobRecord;
    expect(failed).toMatchObject({ id, status: 'QUEUED', attempts: 1, error: 'no light', durationMs: null });
    expect(failed.notBefore?.getTime()).toBeGreaterThan(Date.now() + 50_000);
    expect(await trainingJobs.claim()).toBeNull();
    expect(await queue()).toMatchObject({ id, notBefore: null });
    expect(await claim()).toMatchObject({ id, attempts: 2, error: null });
  });

  it('become due by themselves', async () => {
    const { trainingJobs, queue, claim, fail } = await begin();
    await queue();
    await fail(await claim(), 3_000);
    expect(await trainingJobs.claim()).toBeNull();
    const due = async () => expect((await trainingJobs.claim())?.job).toMatchObject({ attempts: 2 });
    await vi.waitFor(due, { timeout: 120_000, interval: 100 });
  });

  it('stay FAILED and visible after the last attempt, and another can be asked for', async () => {
    const { trainingJobs, member, queue, claim, fail } = await begin();
    const { id } = await queue();
    expect(await fail(await claim(), null)).toMatchObject({ status: 'FAILED', attempts: 1, durationMs: 7 });
    expect((await trainingJobs.list(member.id, { first: 5 })).rows).toMatchObject([{ id, error: 'no light' }]);
    expect((await queue()).id).not.toBe(id);
  });

  it('give way after a failure to another one that waits', async () => {
    const { queue, claim, fail } = await begin();
    await queue();
    const job = await claim();
    const later = await queue();
    expect(await fail(job, 10)).toMatchObject({ status: 'CANCELLED', error: 'no light', notBefore: null });
    expect(await claim()).toMatchObject({ id: later.id });
  });

  it('are cancelled while they wait and while they are in work, and then come to nothing', async () => {
    const { trainingJobs, queue, claim, fail } = await begin();
    const waiting = await queue();
    expect(await trainingJobs.cancel(waiting.id)).toMatchObject({
      status: 'CANCELLED',
      error: 'Cancelled on request.',
    });
    expect(await trainingJobs.cancel(waiting.id)).toBeNull();
    expect(await trainingJobs.cancel(randomUUID())).toBeNull();
    expect(await trainingJobs.claim()).toBeNull();
    await queue();
    const job = await claim();
    expect(await trainingJobs.cancel(job.id)).toMatchObject({ status: 'CANCELLED' });
    expect(await fail(job, 10)).toBeNull();
  });

  it('wait again when their process is gone, as often as they may', async () => {
    const { trainingJobs, queue, claim } = await begin();
    const { id } = await queue();
    for (const attempts of [1, 2]) {
      expect(await claim()).toMatchObject({ id, attempts });
      expect(await trainingJobs.recover({ ...RECOVERY, all: false })).toEqual([]);
      expect(await trainingJobs.recover(RECOVERY)).toMatchObject([{ id, status: 'QUEUED', attempts }]);
    }
    await claim();
    expect(await trainingJobs.recover(RECOVERY)).toMatchObject([{ id, status: 'FAILED', attempts: 3 }]);
    expect(await trainingJobs.claim()).toBeNull();
  });

  it('give way to a later one when their process is gone', async () => {
    const { trainingJobs, queue, claim } = await begin();
    const { id } = await queue();
    await claim();
    const later = await queue();
    expect(await trainingJobs.recover(RECOVERY)).toMatchObject([{ id, status: 'CANCELLED' }]);
    expect(await claim()).toMatchObject({ id: later.id });
  });

  it('let no result of an earlier attempt count', async () => {
    const { trainingJobs, queue, claim, fail } = await begin();
    await queue();
    const lost = await claim();
    await trainingJobs.recover(RECOVERY);
    const taken = await claim();
    expect(await fail(lost, null)).toBeNull();
    expect(await trainingJobs.byId(lost.id)).toMatchObject({ status: 'RUNNING', attempts: 2 });
    expect(await fail(taken, null)).toMatchObject({ status: 'FAILED' });
  });
});

describe.each(ENGINES)('the training queue on %s', (engine) => {
  let engines: Engines;
  let temporary: TemporaryStore;
  beforeAll(async () => {
    engines = await startEngines(engine);
  });
  afterAll(() => engines.stop());
  let queue: TrainingQueue;
  let handled: string[];
  let handle: (job: ClaimedJob) => Promise<void>;

  beforeEach(async () => {
    temporary = await engines.store();
    handled = [];
    handle = async () => undefined;
    queue = createTrainingQueue(createLog('silent'), { concurrency: 2, pollingSeconds: 0.1 });
    const { trainingJobs } = temporary.store;
    queue.consume({
      claim: () => trainingJobs.claim(),
      extend: (job) => trainingJobs.extend(job),
      recover: async () => {
        await trainingJobs.recover({ all: false, maximumAttempts: 3 });
      },
      handle: async (job) => {
        handled.push(job.memberId);
        await handle(job);
        await trainingJobs.fail(job, { error: 'done', durationMs: 0, retryAfterMs: null });
      },
    });
  });
  afterEach(async () => {
    await queue.stop();
    await temporary.remove();
  });

  const send = async (memberId?: string) => {
    const id = memberId ?? (await newMember(temporary.store)).id;
    await temporary.store.trainingJobs.queue(id);
    queue.wake();
    return id;
  };
  const until = async (count: number) => {
    for (let i = 0; i < 400 && handled.length < count; i++) await delay(5);
    expect(handled).toHaveLength(count);
  };

  it('hands out what waited before it was started', async () => {
    const id = await send();
    await delay(20);
    expect(handled).toEqual([]);
    await queue.start();
    await until(1);
    expect(handled).toEqual([id]);
  });

  it('finds by itself what nobody told it of', async () => {
    await queue.start();
    await delay(30);
    const { id } = await newMember(temporary.store);
    await temporary.store.trainingJobs.queue(id);
    await until(1);
  });

  it('joins what comes to wait while a training of the member is in work', async () => {
    await queue.start();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    handle = () => held;
    const id = await send();
    await until(1);
    for (let i = 0; i < 4; i++) await send(id);
    await delay(250);
    expect(handled).toEqual([id]);
    handle = async () => undefined;
    release();
    await until(2);
    await delay(250);
    expect(handled).toEqual([id, id]);
  });

  it('works on as many members at once as it may, and then on the others', async () => {
    await queue.start();
    let [inWork, most] = [0, 0];
    handle = async () => {
      most = Math.max(most, ++inWork);
      await delay(30);
      inWork--;
    };
    const ids = await Promise.all(Array.from({ length: 7 }, () => send()));
    await until(7);
    expect(new Set(handled)).toEqual(new Set(ids));
    expect(most).toBe(2);
  });

  it('wakes later where it is told so', async () => {
    await queue.start();
    await delay(30);
    const { id } = await newMember(temporary.store);
    queue.wake(20);
    await temporary.store.trainingJobs.queue(id);
    await until(1);
  });

  it('waits in stop for what is in work, and rests afterwards', async () => {
    await queue.start();
    let finished = false;
    handle = async () => {
      await delay(100);
      finished = true;
    };
    await send();
    await until(1);
    await Promise.all([queue.stop(), queue.stop()]);
    expect(finished).toBe(true);
    await send();
    await delay(250);
    expect(handled).toHaveLength(1);
  });
});
