/** The thread behind GraphThread: opens sessions and runs them in the order asked. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../common/errors.js';
import type { FromGraphWorker, ToGraphWorker } from './graph-thread.js';
import { Session } from './session.js';

const port = parentPort;
if (!port) throw new Error('runs as a worker thread only');
const sessions = new Map<number, Session>();

async function handle(message: ToGraphWorker): Promise<FromGraphWorker> {
  if (message.kind === 'open') {
    sessions.set(message.id, await Session.open(message.path, message.threads));
    return { id: message.id, outputs: {} };
  }
  const session = sessions.get(message.session);
  if (!session) throw new Error('no such session');
  return { id: message.id, outputs: await session.run(message.feeds, message.fetches) };
}

let queue = Promise.resolve();
port.on('message', (message: ToGraphWorker) => {
  queue = queue.then(async () => {
    const answer = await handle(message).catch((error: unknown) => ({ id: message.id, error: messageOf(error) }));
    port.postMessage(answer satisfies FromGraphWorker);
  });
});
