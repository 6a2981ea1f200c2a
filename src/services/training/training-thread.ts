/** The thread that trains: started once and kept warm, so that a vote does not pay for starting it. */
import { PalateError } from '../../common/errors.js';
import type { Lifecycle } from '../../common/lifecycle.js';
import type { Log } from '../../common/log.js';
import { workerFile } from '../../common/worker-file.js';
import type { FitStep } from '../../learning/estimators.js';
import { KeptThread } from '../kept-thread.js';
import type { Train, TrainingMessage, TrainingOutcome, TrainingReply } from './training-protocol.js';

interface Pending {
  resolve(outcome: TrainingOutcome): void;
  reject(error: Error): void;
  onStep?(step: FitStep): void;
}

export class TrainingThread implements Lifecycle {
  private readonly thread: KeptThread<TrainingMessage, TrainingReply>;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;

  constructor(log: Log) {
    this.thread = new KeptThread({
      title: 'The training thread',
      entry: workerFile('training-worker', import.meta.url),
      log,
      onReply: (reply) => this.settle(reply),
      onLoss: (reason) => this.lose(reason),
      loss: (cause) => new PalateError('INTERNAL', 'The training thread ended.', { cause }),
    });
  }

  /** Resolves when the thread has loaded and warmed up its code. */
  start(): Promise<void> {
    return this.thread.start();
  }

  /** What still runs is rejected with CANCELLED. */
  stop(): Promise<void> {
    return this.thread.stop();
  }

  readonly train: Train = async (request, onStep) => {
    await this.thread.ready();
    const id = this.nextId++;
    return new Promise<TrainingOutcome>((resolve, reject) => {
      this.pending.set(id, { resolve, reject, onStep });
      this.thread.post({ id, request });
    });
  };

  private settle(reply: TrainingReply): void {
    const pending = this.pending.get(reply.id);
    if (reply.kind === 'step') {
      pending?.onStep?.(reply.step);
      return;
    }
    this.pending.delete(reply.id);
    if (reply.kind === 'done') pending?.resolve(reply.outcome);
    else pending?.reject(new PalateError('INTERNAL', reply.message));
  }

  private lose(reason: PalateError): void {
    for (const { reject } of this.pending.values()) reject(reason);
    this.pending.clear();
  }
}
