/** The main thread's side of the model's worker: requests in, tokens out, nothing computed here. */
import { Worker } from 'node:worker_threads';
import { MODEL_RESTART } from '../common/config.js';
import { type ErrorCode, PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import { planRestart, type RestartTimes } from '../common/restart.js';
import { workerFile } from '../common/worker-file.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import type {
  DecodedRow,
  DecodeRequest,
  LanguageModelRuntime,
  ReadRequest,
  ReadResult,
  RuntimeStatus,
} from './types.js';

interface Pending {
  resolve(value: never): void;
  reject(error: Error): void;
  onTokens?: (row: number, tokens: number[]) => void;
}

export class WorkerRuntime implements LanguageModelRuntime {
  private worker: Worker | undefined;
  private starting: Promise<void> | undefined;
  private exited: Promise<void> | undefined;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<(status: RuntimeStatus) => void>();
  private nextId = 1;
  private current: RuntimeStatus;
  private stopping = false;
  private restarting: NodeJS.Timeout | undefined;
  /** Whether a worker was ever ready: what cannot be opened at all is not tried again. */
  private served = false;
  /** Times in a row that the worker died. */
  private failures = 0;
  /** Milliseconds that opening the model took last. */
  private openingMs = 0;

  constructor(
    private readonly setup: WorkerSetup,
    private readonly log?: Log,
    private readonly times: RestartTimes = MODEL_RESTART,
  ) {
    this.current = {
      ready: false,
      model: '',
      modelDigest: '',
      personalised: setup.adapter !== null,
      device: 'cpu',
      slots: setup.slots,
      busySlots: 0,
      queued: 0,
      tokensPerSecond: 0,
    };
  }

  /**
   * Opens the model in its worker, which is started anew, after a wait, where it dies later.
   * @throws PalateError MODEL_UNAVAILABLE with the file's own complaint
   */
  start(): Promise<void> {
    this.starting ??= this.launch();
    return this.starting;
  }

  private launch(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(workerFile('worker', import.meta.url), { workerData: this.setup });
      this.worker = worker;
      const launchedAt = performance.now();
      let readyAt: number | undefined;
      /** Milliseconds since the worker was ready; 0 where it never was. */
      const ranFor = () => (readyAt === undefined ? 0 : performance.now() - readyAt);
      let complaint: Error | undefined;
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          readyAt = performance.now();
          this.openingMs = readyAt - launchedAt;
          this.served = true;
          resolve();
        }
        this.receive(message);
      });
      worker.on('error', (error) => {
        complaint = error;
        reject(this.fail(error.message, ranFor(), error));
      });
      this.exited = new Promise((gone) => {
        worker.on('exit', () => {
          reject(this.fail('The language model has stopped. Try again in a moment.', ranFor()));
          gone();
          this.launchAgain(ranFor(), complaint);
        });
      });
    });
  }

  /** @param ranFor milliseconds since the worker that died was ready; 0 when it never was */
  private launchAgain(ranFor: number, err: Error | undefined): void {
    if (this.stopping || !this.served) return;
    const { failures, delay } = planRestart(this.failures, ranFor, this.times);
    this.failures = failures;
    this.log?.error({ err, failures, inMs: delay }, 'The language model has stopped and will be opened again');
    // Where that fails too, the exit of its worker plans the next time.
    this.restarting = setTimeout(() => void this.launch().catch(() => {}), delay);
  }

  /** Ends the worker after its present step; what has not been answered is rejected with MODEL_UNAVAILABLE. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restarting);
    this.post({ kind: 'stop' });
    await this.exited;
  }

  generate(
    request: DecodeRequest,
    onTokens: (row: number, tokens: number[]) => void,
    signal?: AbortSignal,
  ): Promise<DecodedRow[]> {
    if (signal?.aborted) return Promise.resolve(request.rows.map(() => ({ tokens: [], finishReason: 'CANCELLED' })));
    const id = this.nextId++;
    const cancel = () => this.post({ kind: 'cancel', id });
    const done = this.ask<DecodedRow[]>(id, { kind: 'generate', id, request }, onTokens);
    signal?.addEventListener('abort', cancel, { once: true });
    return done.finally(() => signal?.removeEventListener('abort', cancel));
  }

  read(request: ReadRequest): Promise<ReadResult> {
    const id = this.nextId++;
    return this.ask(id, { kind: 'read', id, request });
  }

  score(promptIds: number[], replies: number[][]): Promise<Float32Array[]> {
    const id = this.nextId++;
    return this.ask(id, { kind: 'score', id, promptIds, replies });
  }

  dropPrompts(): Promise<void> {
    const id = this.nextId++;
    return this.ask(id, { kind: 'drop prompts', id });
  }

  status(): RuntimeStatus {
    return this.current;
  }

  onStatus(listener: (status: RuntimeStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private ask<T>(id: number, message: ToWorker, onTokens?: Pending['onTokens']): Promise<T> {
    if (!this.current.ready) {
      return Promise.reject(
        new PalateError('MODEL_UNAVAILABLE', 'The language model is not ready. Try again in a moment.'),
      );
    }
    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as Pending['resolve'], reject, onTokens });
      this.post(message);
    });
  }

  private post(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  private receive(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.update({ ready: true, readyAt: undefined, model: message.model, modelDigest: message.digest });
        return;
      case 'status':
        this.update(message);
        return;
      case 'tokens':
        for (const { id, row, tokens } of message.batch) this.pending.get(id)?.onTokens?.(row, tokens);
        return;
      case 'generated':
        this.settle(message.id, message.rows);
        return;
      case 'read':
      case 'scored':
        this.settle(message.id, message.result);
        return;
      case 'dropped prompts':
        this.settle(message.id, undefined);
        return;
      case 'failed':
        this.receiveFailure(message);
    }
  }

  private receiveFailure({ id, code, message, cause }: Extract<FromWorker, { kind: 'failed' }>): void {
    if (cause !== undefined) this.log?.error({ code, cause }, 'The language model failed at a request');
    this.pending.get(id)?.reject(new PalateError(code as ErrorCode, message, { cause }));
    this.pending.delete(id);
  }

  private settle(id: number, value: unknown): void {
    this.pending.get(id)?.resolve(value as never);
    this.pending.delete(id);
  }

  private update(change: Partial<RuntimeStatus>): void {
    const { ready, readyAt, model, modelDigest, busySlots, queued, tokensPerSecond } = { ...this.current, ...change };
    this.current = { ...this.current, ready, readyAt, model, modelDigest, busySlots, queued, tokensPerSecond };
    for (const listener of this.listeners) listener(this.current);
  }

  /** Whoever waits is told, and when to try again where the model will be opened again. */
  private fail(message: string, ranFor: number, cause?: unknown): PalateError {
    const retryAfterMs = this.backIn(ranFor);
    const readyAt = retryAfterMs === undefined ? undefined : performance.now() + retryAfterMs;
    const error = new PalateError('MODEL_UNAVAILABLE', message, { cause, retryAfterMs });
    this.update({ ready: false, readyAt, busySlots: 0, queued: 0 });
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
    return error;
  }

  /** Milliseconds until a model that stops now should be there again; undefined where it will not be. */
  private backIn(ranFor: number): number | undefined {
    if (this.stopping || !this.served) return undefined;
    return Math.ceil(planRestart(this.failures, ranFor, this.times).delay + this.openingMs);
  }
}
