/**
 * The thread of the embedded database: PostgreSQL as WebAssembly, spoken to in PostgreSQL's own protocol over message ports. An answer
 * that ends a transaction leaves when what it tells is on disk; those that wait meanwhile share a flush of the log. Where PostgreSQL
 * gives up (PANIC), its memory cannot be trusted any more: the thread says why and ends, and is opened anew from the files.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { messageOf } from '../common/errors.js';
import { SessionTurns } from './session-turns.js';
import { SESSION_SETTINGS } from './sql.js';
import { SyncedFiles } from './synced-files.js';
import type { DatabaseSetup, FromDatabase, ToDatabase } from './thread-messages.js';

const LIFE_MS = 1_000;
const LOG_LINES = 20;
/** Thrown out of PostgreSQL's main loop with an error of a statement, from which it goes on. */
const STATEMENT_FAILED = 100;

const port = parentPort;
if (!port) throw new Error('runs as a worker thread only');
const setup = workerData as DatabaseSetup;
const tell = (message: FromDatabase) => port.postMessage(message);

const signs = new Int32Array(setup.signs);
const showLife = () => void Atomics.add(signs, 0, 1);
setInterval(showLife, LIFE_MS).unref();

const lastLines: string[] = [];
const files = new SyncedFiles(setup.folder, {
  work: showLife,
  log: (line) => {
    // What fails a statement names what people wrote.
    if (!/ (PANIC|FATAL|LOG): /.test(line)) return;
    if (lastLines.push(line) > LOG_LINES) lastLines.shift();
  },
});

/** Answers that wait for the log to be flushed as far as it was asked when they were given. */
const held: { asked: number; send: () => void }[] = [];
let flushing = false;

function sendWhenFlushed(send: () => void): void {
  if (held.length === 0 && files.flushed === files.asked) {
    send();
    return;
  }
  held.push({ asked: files.asked, send });
  if (!flushing) flushHeld().catch(giveUp);
}

async function flushHeld(): Promise<void> {
  flushing = true;
  while (held.length > 0) {
    await files.flush();
    sendHeld();
  }
  flushing = false;
}

function sendHeld(): void {
  while (held.length > 0 && held[0].asked <= files.flushed) held.shift()?.send();
}

function giveUp(error: unknown): never {
  try {
    files.settle();
    sendHeld();
  } catch {
    // What has not been answered is asked again.
  }
  tell({ kind: 'broken', error: messageOf(error), log: lastLines });
  process.exit(1);
}

const pgliteWasmModule = setup.engine as PGliteOptions['pgliteWasmModule'];
const sessionSettings = Object.entries(SESSION_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** Makes the database's first files. Not synced one by one: whoever has the folder made brings all of it to disk. */
async function make(): Promise<void> {
  const pglite = new PGlite(setup.folder, { pgliteWasmModule });
  await pglite.waitReady;
  await pglite.close();
}

async function open(): Promise<PGlite> {
  if (!existsSync(join(setup.folder, 'PG_VERSION'))) await make();
  const pglite = new PGlite({
    fs: files,
    pgliteWasmModule,
    // The last of two values of a setting counts. The other ways to sync do not reach the files through WebAssembly.
    startParams: [...PGlite.defaultStartParams, '-c', 'fsync=on', '-c', 'wal_sync_method=fsync', ...sessionSettings],
  });
  await pglite.waitReady;
  // PGlite would call the loop of an instance that has given up again and again, for good.
  const loop = pglite.Module._PostgresMainLoopOnce;
  pglite.Module._PostgresMainLoopOnce = () => {
    try {
      loop();
    } catch (error) {
      if ((error as { status?: unknown } | null)?.status === STATEMENT_FAILED) throw error;
      giveUp(error);
    }
  };
  return pglite;
}

function serve(turns: SessionTurns, connection: MessagePort): void {
  const guest = turns.add({
    answer: (bytes) => connection.postMessage(bytes, [bytes.buffer as ArrayBuffer]),
    close: () => connection.close(),
  });
  connection.on('message', guest.receive);
  connection.on('close', guest.leave);
}

const pglite = await open().catch(giveUp);
const turns = new SessionTurns(
  {
    execute: (messages) =>
      pglite.execProtocol(messages, { syncToFs: false, throwOnError: false }).then(({ data }) => data, giveUp),
  },
  sendWhenFlushed,
);
port.on('message', (message: ToDatabase) => {
  if (message.kind === 'connect') serve(turns, message.port);
  else
    turns
      .idle()
      .then(() => pglite.close())
      .then(() => process.exit(0), giveUp);
});
tell({ kind: 'ready' });
