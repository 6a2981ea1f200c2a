import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { openPglite } from '../../src/store/pglite.js';
import { createTrainingQueue, type TrainingQueue } from '../../src/store/queue.js';
import type { SqlEngine } from '../../src/store/sql.js';

describe('the training queue', () => {
  let engine: SqlEngine;
  let queue: TrainingQueue;
  const handled: string[] = [];
  let handle: (memberId: string) => Promise<void> = async () => undefined;

  beforeAll(async () => {
    engine = await openPglite(undefined);
    queue = createTrainingQueue(engine, createLog('silent'), { concurrency: 1, pollingSeconds: 1 });
    await queue.start();
    await queue.consume(async (memberId) => {
      handled.push(memberId);
      await handle(memberId);
    });
  });
  afterAll(async () => {
    await queue.stop();
    await engine.close();
  });

  const send = async (memberId: string) => {
    await engine.transaction((session) => queue.enqueue(session, memberId));
    queue.wake();
  };
  const until = async (count: number) => {
    for (let i = 0; i < 100 && handled.length < count; i++) await delay(5);
  };

  it('hands a message to its worker long before the next look', async () => {
    handled.length = 0;
    await delay(100);
    const sent = performance.now();
    await send('anna');
    await until(1);
    expect(handled).toEqual(['anna']);
    expect(performance.now() - sent).toBeLessThan(400);
  });

  it('forgets the message of a transaction that is undone', async () => {
    handled.length = 0;
    const undone = engine.transaction(async (session) => {
      await queue.enqueue(session, 'bert');
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    queue.wake();
    await send('carl');
    await until(1);
    expect(handled).toEqual(['carl']);
  });

  it('lets one message of a member wait while another is in work', async () => {
    handled.length = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    handle = () => held;
    await send('dora');
    await until(1);
    for (let i = 0; i < 4; i++) await send('dora');
    handle = async () => undefined;
    release();
    await until(2);
    await delay(50);
    expect(handled).toEqual(['dora', 'dora']);
  });

  it('serves statements of the same database while a handler works', async () => {
    handled.length = 0;
    handle = async () => {
      await engine.transaction(async (session) => session.query('SELECT 1'));
    };
    await Promise.all(Array.from({ length: 10 }, (_, i) => send(`member ${i}`)));
    await until(10);
    expect(new Set(handled).size).toBe(10);
  });

  it('waits in stop for the handler in work, and rests afterwards', async () => {
    let finished = false;
    handle = async () => {
      await delay(100);
      finished = true;
    };
    await send('emil');
    await until(handled.length + 1);
    await Promise.all([queue.stop(), queue.stop()]);
    expect(finished).toBe(true);
    expect(await engine.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
