/** The model's worker thread: owns the sessions and the running batch, and is the only thread that computes with them. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, PalateError } from '../common/errors.js';
import { openGguf } from '../language-model/gguf.js';
import { DecodeLoop } from './decode-loop.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import { compileAdapter, compileModel } from './model-files.js';
import { ServingModel } from './serving-model.js';
import { Session } from './session.js';
import { Throughput } from './throughput.js';

const port = parentPort;
if (!port) throw new Error('runs as a worker thread only');
const setup = workerData as WorkerSetup;
const send = (message: FromWorker) => port.postMessage(message);

const inbox: ToWorker[] = [];
let wake = () => {};
port.on('message', (message: ToWorker) => {
  inbox.push(message);
  wake();
});

async function openModel() {
  const file = await openGguf(setup.modelPath);
  const compiled = await compileModel(file, setup.cacheFolder, 'packed');
  const adapter = setup.adapter ? await compileAdapter(file, setup.cacheFolder, setup.adapter) : null;
  let score: Promise<Session> | undefined;
  const model = new ServingModel(file.config, {
    decode: await Session.open(compiled.decode, setup.threads),
    read: await Session.open(compiled.read, setup.threads),
    score: () => {
      score ??= Session.open(compiled.score, setup.threads);
      return score;
    },
    adapter: adapter ? await Session.open(adapter, 1) : undefined,
  });
  return { file, model };
}

const { file, model } = await openModel();
const throughput = new Throughput();
const loop = new DecodeLoop(model, setup.slots, {
  tokens: (batch) => {
    throughput.add(batch.length);
    send({ kind: 'tokens', batch });
  },
  generated: (id, rows) => send({ kind: 'generated', id, rows }),
  failed: tellFailure,
});

function tellFailure(id: number, error: unknown): void {
  const code = error instanceof PalateError ? error.code : 'INTERNAL';
  send({ kind: 'failed', id, code, message: messageOf(error) });
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
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

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
    const message = inbox.shift();
    if (message?.kind === 'stop') return;
    if (message) {
      await handle(message).catch((error: unknown) => tellFailure(message.id, error));
    } else if (!loop.idle) {
      await loop.step();
    } else {
      tellStatus();
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (inbox.length > 0) resolve();
      });
    }
    tellStatus();
  }
}

send({ kind: 'ready', model: file.config.name, digest: file.digest });
await run();
process.exit(0);
