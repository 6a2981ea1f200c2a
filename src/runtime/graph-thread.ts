/** A thread that holds sessions of any graphs, for work that is not serving: training steps, inspection. */
import { Worker } from 'node:worker_threads';
import { PalateError } from '../common/errors.js';
import { workerFile } from '../common/worker-file.js';
import type { Feed, GraphRunner } from './session.js';

export type ToGraphWorker =
  | { kind: 'open'; id: number; path: string; threads: number }
  | { kind: 'run'; id: number; session: number; feeds: Record<string, Feed>; fetches?: string[] };
export type FromGraphWorker = { id: number; outputs: Record<string, Float32Array> } | { id: number; error: string };

export class GraphThread {
  private readonly worker: Worker;
  private readonly pending = new Map<
    number,
    { resolve(outputs: Record<string, Float32Array>): void; reject(e: Error): void }
  >();
  private nextId = 1;
  private ended: Error | undefined;

  constructor() {
    this.worker = new Worker(workerFile('graph-worker', import.meta.url));
    this.worker.on('message', (message: FromGraphWorker) => {
      const waiting = this.pending.get(message.id);
      this.pending.delete(message.id);
      if ('error' in message) waiting?.reject(new PalateError('INTERNAL', message.error));
      else waiting?.resolve(message.outputs);
    });
    this.worker.on('error', (error) => this.end(error));
    this.worker.on('exit', () => this.end(new PalateError('INTERNAL', 'The thread that computes has ended.')));
  }

  /** Nothing that is asked of a thread that is gone would ever be answered. */
  private end(reason: Error): void {
    this.ended ??= reason;
    for (const { reject } of this.pending.values()) reject(this.ended);
    this.pending.clear();
  }

  /** Opens a graph's file in the thread. */
  async open(path: string, threads: number): Promise<GraphRunner> {
    const session = this.nextId++;
    await this.ask({ kind: 'open', id: session, path, threads });
    return { run: (feeds, fetches) => this.ask({ kind: 'run', id: this.nextId++, session, feeds, fetches }) };
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private ask(message: ToGraphWorker): Promise<Record<string, Float32Array>> {
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => {
      this.pending.set(message.id, { resolve, reject });
      this.worker.postMessage(message);
    });
  }
}
