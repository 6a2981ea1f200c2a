/** A thread that is kept ready: started when it is first needed, and anew when it is needed after it has died. */
import { Worker } from 'node:worker_threads';
import { PalateError } from '../common/errors.js';
import type { Lifecycle } from '../common/lifecycle.js';
import type { Log } from '../common/log.js';

/** What the worker says as soon as it can take requests. */
export interface Ready {
  kind: 'ready';
}

interface KeptThreadParts<Reply> {
  /** What log lines call it. */
  title: string;
  entry: URL;
  workerData?: unknown;
  log: Log;
  onReply(reply: Reply): void;
  /** It has died, and with it what it was asked and had not answered; `reason` is for whoever waits for that. */
  onLoss(reason: PalateError): void;
  /** The reason where nobody stopped it. */
  loss(cause?: unknown): PalateError;
}

export class KeptThread<Request, Reply extends { kind: string }> implements Lifecycle {
  private worker: Worker | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly parts: KeptThreadParts<Reply>) {}

  /** Resolves when it can take requests. */
  start(): Promise<void> {
    this.starting ??= this.launch();
    return this.starting;
  }

  /** What it has not answered is lost: CANCELLED. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  /** To be awaited before something is asked of it. @throws PalateError CANCELLED once it is to stop, else what `loss` makes */
  async ready(): Promise<void> {
    if (this.stopping) throw this.reason();
    await this.start();
    if (this.stopping || !this.worker) throw this.reason();
  }

  /** Right behind `ready`, or while a reply is dealt with: a thread that is gone answers nothing. */
  post(request: Request): void {
    this.worker?.postMessage(request);
  }

  private launch(): Promise<void> {
    const { title, entry, workerData, log, onReply, onLoss, loss } = this.parts;
    const worker = new Worker(entry, { workerData });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (said: Reply | Ready) => (said.kind === 'ready' ? resolve() : onReply(said as Reply)));
      worker.on('error', (err) => {
        log.error({ err }, `${title} failed`);
        reject(loss(err));
      });
      worker.on('exit', () => {
        this.worker = undefined;
        this.starting = undefined;
        const reason = this.reason();
        reject(reason);
        onLoss(reason);
      });
    });
  }

  private reason(): PalateError {
    return this.stopping ? new PalateError('CANCELLED', 'The service is stopping.') : this.parts.loss();
  }

  private async end(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.worker?.terminate();
  }
}
