/** The thread that trains: started once and kept warm, so that a vote does not pay for starting it. Restarted when it dies. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PalateError } from '../../common/errors.js';
import type { Lifecycle } from '../../common/lifecycle.js';
import type { Log } from '../../common/log.js';
import type { Train, TrainingOutcome, TrainingReply, TrainingStep } from './training-protocol.js';

interface Pending {
  resolve(outcome: TrainingOutcome): void;
  reject(error: Error): void;
  onStep?(step: TrainingStep): void;
}

export class TrainingThread implements Lifecycle {
  private worker: Worker | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;

  constructor(private readonly log: Log) {}

  /** Resolves when the thread has loaded and warmed up its code. */
  start(): Promise<void> {
    this.starting ??= this.launch();
    return this.starting;
  }

  /** What still runs is rejected with CANCELLED. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  readonly train: Train = async (request, onStep) => {
    await this.start();
    const { worker } = this;
    if (!worker || this.stopping) throw new PalateError('CANCELLED', 'The training thread has stopped.');
    const id = this.nextId++;
    return new Promise<TrainingOutcome>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, onStep });
      worker.postMessage({ id, request });
    });
  };

  private launch(): Promise<void> {
    // The worker has this file's own extension: TypeScript from sources, JavaScript when built.
    const worker = new Worker(new URL(`./training-worker${extname(import.meta.url)}`, import.meta.url));
    this.worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (reply: TrainingReply) => (reply.kind === 'ready' ? resolve() : this.settle(reply)));
      worker.on('error', (err) => {
        this.log.error({ err }, 'The training thread failed');
        reject(err);
      });
      worker.on('exit', () => {
        reject(new PalateError('INTERNAL', 'The training thread ended while it started.'));
        this.lose(worker);
      });
    });
  }

  private settle(reply: Exclude<TrainingReply, { kind: 'ready' }>): void {
    const pending = this.pending.get(reply.id);
    if (reply.kind === 'step') {
      pending?.onStep?.(reply.step);
      return;
    }
    this.pending.delete(reply.id);
    if (reply.kind === 'done') pending?.resolve(reply.outcome);
    else pending?.reject(new PalateError('INTERNAL', reply.message));
  }

  /** The next training starts a thread anew. */
  private lose(worker: Worker): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.starting = undefined;
    const code = this.stopping ? 'CANCELLED' : 'INTERNAL';
    for (const { reject } of this.pending.values()) reject(new PalateError(code, 'The training thread ended.'));
    this.pending.clear();
  }

  private async end(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.worker?.terminate();
  }
}
