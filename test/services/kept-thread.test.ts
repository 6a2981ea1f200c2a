/** A thread that is kept ready: what becomes of those who wait when it dies, and that it is there again for the next. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PalateError } from '../../src/common/errors.js';
import { createLog } from '../../src/common/log.js';
import { KeptThread } from '../../src/services/kept-thread.js';

/** Answers with the number of its thread, keeps silent, or dies. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, threadId } from 'node:worker_threads';
    parentPort.on('message', (request) => {
      if (request === 'die') process.exit(1);
      if (request === 'answer') parentPort.postMessage({ kind: 'done', threadId });
    });
    parentPort.postMessage({ kind: 'ready' });
  `)}`,
);

let thread: KeptThread<string, { kind: 'done'; threadId: number }>;
let answers: number[];
let losses: string[];
beforeEach(() => {
  answers = [];
  losses = [];
  thread = new KeptThread({
    title: 'The thread',
    entry: ENTRY,
    log: createLog('silent'),
    onReply: ({ threadId }) => answers.push(threadId),
    onLoss: ({ code }) => losses.push(code),
    loss: () => new PalateError('INTERNAL', 'The thread ended.'),
  });
});
afterEach(() => thread.stop());

async function ask(request: string): Promise<void> {
  await thread.ready();
  thread.post(request);
}

it('is one thread until it dies, and another one then', async () => {
  await Promise.all([ask('answer'), ask('answer')]);
  await expect.poll(() => answers.length).toBe(2);
  await ask('die');
  await expect.poll(() => losses).toEqual(['INTERNAL']);
  await ask('answer');
  await expect.poll(() => answers.length).toBe(3);
  expect(answers[1]).toBe(answers[0]);
  expect(answers[2]).not.toBe(answers[0]);
});

it('says of what it had not answered that it was stopped, and is not started again', async () => {
  await ask('wait');
  await thread.stop();
  expect(losses).toEqual(['CANCELLED']);
  await expect(ask('answer')).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(answers).toEqual([]);
});

it('can be stopped in the middle of its start', async () => {
  const asked = ask('answer');
  const stopped = thread.stop();
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  await stopped;
  expect(losses).toEqual(['CANCELLED']);
});
