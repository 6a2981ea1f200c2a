/** The model's worker thread: owns the sessions and the running batch, and is the only thread that computes with them. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, PalateError } from '../common/errors.js';
import { type DecodeEvents, DecodeLoop } from './decode-loop.js';
import { Inbox } from './inbox.js';
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

const inbox = new Inbox();
let wake = () => {};
port.on('message', (message: ToWorker) => {
  inbox.add(message);
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
const loop = new DecodeLoop(model, setup.slots, events, heed);

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

/** Lets in whoever asks or leaves while a long prompt is read. @throws PalateError CANCELLED where the thread is to end */
async function heed(): Promise<void> {
  await breathe();
  for (let message = inbox.takeUrgent(); message; message = inbox.takeUrgent()) {
    const { id } = message as Exclude<ToWorker, { kind: 'stop' }>;
    await handle(message).catch((error: unknown) => tellFailure(id, error));
  }
  if (inbox.stopping) throw new PalateError('CANCELLED', 'The language model is being closed.');
}

async function handle(message: ToWorker): Promise<void> {
  if (message.kind === 'generate') loop.submit(message.id, message.request);
  else if (message.kind === 'cancel') loop.cancel(message.id);
  else if (message.kind === 'read') send({ kind: 'read', id: message.id, result: await loop.read(message.request) });
  else if (message.kind === 'score')
    send({ kind: 'scored', id: message.id, result: await loop.score(message.promptIds, message.replies) });
  else if (message.kind === 'drop prompts') {
    loop.dropPrompts();
    send({ kind: 'dropped prompts', id: message.id });
  }
}

/** Lets messages in: a session's run keeps the thread's event loop waiting. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
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
    const message = inbox.take(loop.idle);
    if (message?.kind === 'stop') return;
    if (message) {
      await handle(message).catch((error: unknown) => tellFailure(message.id, error));
    } else if (!loop.idle) {
      await loop.step();
    } else {
      tellStatus();
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (!inbox.empty) resolve();
      });
    }
    if (doubtful) await regainTrust();
    tellStatus();
  }
}

send({ kind: 'ready', model: file.config.name, digest: file.digest });
await run();
process.exit(0);
