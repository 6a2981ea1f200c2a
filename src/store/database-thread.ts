/** Keeps the thread of the embedded database alive: opened again where it gave up, ended where it shows no sign of life. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { DATABASE_CLOSE_MS, DATABASE_RESTART, DATABASE_SILENT_MS } from '../common/config.js';
import { PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import { planRestart } from '../common/restart.js';
import { workerFile } from '../common/worker-file.js';
import { engineModule } from './engine-module.js';
import { PortStream } from './port-stream.js';
import type { DatabaseSetup, FromDatabase, ToDatabase } from './thread-messages.js';
import { databaseAway } from './unavailable.js';

const LOOKS = 6;

export class DatabaseThread {
  private readonly signs = new SharedArrayBuffer(4);
  private engine: object | undefined;
  private worker: Worker | undefined;
  private ready = false;
  private failures = 0;
  private restarting: NodeJS.Timeout | undefined;
  private watching: NodeJS.Timeout | undefined;
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly folder: string,
    private readonly log?: Log,
  ) {}

  /**
   * Opens the database; from then on it is opened again whenever it gives up. Rejects with what PostgreSQL says, or with INTERNAL where its
   * thread did not come so far as to ask it.
   */
  async start(): Promise<void> {
    this.engine = await engineModule();
    await this.launch();
    this.watch();
  }

  /** A new connection, for the PostgreSQL client. */
  connect(): PortStream {
    return new PortStream(() => this.open());
  }

  /** Throws STORE_UNAVAILABLE while it is being opened again. */
  requireOpen(): void {
    if (!this.ready) throw databaseAway();
  }

  /** Closes the database, or ends it where it does not close in time. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private open(): MessagePort {
    this.requireOpen();
    const { port1, port2 } = new MessageChannel();
    this.tell({ kind: 'connect', port: port2 }, [port2]);
    return port1;
  }

  private launch(): Promise<void> {
    const setup: DatabaseSetup = { folder: this.folder, engine: this.engine, signs: this.signs };
    const worker = new Worker(workerFile('pglite-worker', import.meta.url), {
      workerData: setup,
    });
    this.worker = worker;
    let complaint: { error: string; log: string[] } | undefined;
    let fault: Error | undefined;
    let readyAt: number | undefined;
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromDatabase) => {
        if (message.kind === 'broken') {
          complaint = message;
          return;
        }
        readyAt = performance.now();
        this.ready = true;
        resolve();
      });
      worker.on('error', (error) => {
        fault = error;
      });
      worker.on('exit', () => {
        this.ready = false;
        const said = [complaint?.error, ...(complaint?.log ?? [])].join('\n').trim();
        reject(fault && !complaint ? new DatabaseThreadFault(fault) : new Error(said));
        this.launchAgain(readyAt === undefined ? 0 : performance.now() - readyAt, complaint ?? { err: fault });
      });
    });
  }

  /** @param ranFor milliseconds since the thread that ended was ready; 0 when it never was */
  private launchAgain(ranFor: number, complaint: object | undefined): void {
    if (this.stopping || !this.watching) return;
    const { failures, delay } = planRestart(this.failures, ranFor, DATABASE_RESTART);
    this.failures = failures;
    this.log?.error({ ...complaint, failures, inMs: delay }, 'The database has given up and will be opened again');
    this.restarting = setTimeout(() => {
      // Where that fails too, the exit of its worker plans the next time.
      this.launch().then(
        () => this.log?.info('The database is open again'),
        () => undefined,
      );
    }, delay);
  }

  /** Counted in looks and not in time, so that a process that was stopped for a while is not taken for a stuck database. */
  private watch(): void {
    const signs = new Int32Array(this.signs);
    let last = 0;
    let silent = 0;
    this.watching = setInterval(() => {
      const now = Atomics.load(signs, 0);
      silent = now === last ? silent + 1 : 0;
      last = now;
      if (silent < LOOKS) return;
      silent = 0;
      this.log?.error({ afterMs: DATABASE_SILENT_MS }, 'The database shows no sign of life and is ended');
      this.worker?.terminate();
    }, DATABASE_SILENT_MS / LOOKS);
    this.watching.unref();
  }

  private async end(): Promise<void> {
    clearInterval(this.watching);
    clearTimeout(this.restarting);
    const { worker } = this;
    if (!worker || worker.threadId === -1) return;
    const late = setTimeout(() => {
      this.log?.error({ afterMs: DATABASE_CLOSE_MS }, 'The database does not close and is ended; nothing is lost');
      worker.terminate();
    }, DATABASE_CLOSE_MS);
    const gone = once(worker, 'exit');
    this.tell({ kind: 'close' });
    await gone;
    clearTimeout(late);
  }

  private tell(message: ToDatabase, transfer: MessagePort[] = []): void {
    this.worker?.postMessage(message, transfer);
  }
}

/** The thread's own fault: nothing is known against the database's files. */
export class DatabaseThreadFault extends PalateError {
  constructor(cause: Error) {
    const message = `The thread of the embedded database cannot run (${cause.message}). The files of the database are as they were.`;
    super('INTERNAL', message, { cause });
  }
}
