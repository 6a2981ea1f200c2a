/** The model's worker thread: owns the sessions and the running batch, and is the only thread that computes with them. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, PalateError } from '../common/errors.js';
import { type DecodeEvents, DecodeLoop } from './decode-loop.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import { openModel } from './open-model.js';
import { ModelFault } from './serving-model.js';
import { Throughput } from './throughput.js';

const port = parentPort;
if (!port) throw new Error('runs as a worker thread only');
const setup = workerData as WorkerSetup;
const send = (message: FromWorker) => port.postMessage(message);

/** Faults in a row that leave the thread trusted. */
const FAULTS_ALLOWED = 3;

const inbox: ToWorker[] = [];
let wake = () => {};
port.on('message', (message: ToWorker) => {
  inbox.push(message);
  wake();
});

const { file, model, tryOut } = await openModel(setup);
const throughput = new Throughput();
/** Faults of the model since it last wrote a reply to its end. */
let faults = 0;
let doubtful = false;
const events: DecodeEvents = {
  tokens: (batch) => {
    throughput.add(batch.length);
    send({ kind: 'tokens', batch });
  },
  generated: (id, rows) => {
    if (rows.some(({ finishReason }) => finishReason !== 'CANCELLED')) faults = 0;
    send({ kind: 'generated', id, rows });
  },
  failed: tellFailure,
};
const loop = new DecodeLoop(model, setup.slots, events);

function tellFailure(id: number, error: unknown): void {
  const refused = error instanceof PalateError && !(error instanceof ModelFault);
  const code = error instanceof PalateError ? error.code : 'INTERNAL';
  const cause = refused ? undefined : messageOf((error as Error).cause ?? error);
  send({ kind: 'failed', id, code, message: messageOf(error), cause });
  if (refused) return;
  doubtful = true;
  // What is wrong with one member's latent says nothing of the model.
  if (!(error instanceof ModelFault && error.personal)) faults++;
}

/**
 * After a fault the model has to show that it still answers. Where it does not, or fails again and again, the thread ends
 * with the reason, and the main thread opens the model anew.
 */
async function regainTrust(): Promise<void> {
  doubtful = false;
  if (faults >= FAULTS_ALLOWED)
    throw new PalateError('MODEL_UNAVAILABLE', 'The language model failed again and again.');
  await tryOut();
}

/** What is read or scored is answered when it is done, behind the replies. */
async function handle(message: Exclude<ToWorker, { kind: 'stop' }>): Promise<void> {
  if (message.kind === 'generate') loop.submit(message.id, message.request);
  else if (message.kind === 'cancel') loop.cancel(message.id);
  else if (message.kind === 'read') send({ kind: 'read', id: message.id, result: await loop.read(message.request) });
  else if (message.kind === 'score')
    send({ kind: 'scored', id: message.id, result: await loop.score(message.promptIds, message.replies) });
  else if (message.kind === 'drop prompts') {
    await loop.dropPrompts();
    send({ kind: 'dropped prompts', id: message.id });
  }
}

/** Lets messages in: a session's run keeps the thread's event loop waiting. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function woken(): Promise<void> {
  return new Promise((resolve) => {
    wake = resolve;
    if (inbox.length > 0) resolve();
  });
}

let lastStatus = '';
function tellStatus(): void {
  const status = { busySlots: loop.busySlots, queued: loop.queued, tokensPerSecond: throughput.perSecond() };
  const text = `${status.busySlots}/${status.queued}`;
  if (text === lastStatus) return;
  lastStatus = text;
  send({ kind: 'status', ...status });
}

async function run(): Promise<void> {
  for (;;) {
    await breathe();
    if (doubtful) await regainTrust();
    for (let message = inbox.shift(); message; message = inbox.shift()) {
      if (message.kind === 'stop') return;
      const { id } = message;
      handle(message).catch((error: unknown) => tellFailure(id, error));
    }
    tellStatus();
    if (!loop.idle) await loop.step();
    else await woken();
    tellStatus();
  }
}

send({ kind: 'ready', model: file.config.name, digest: file.digest });
await run();
process.exit(0);
