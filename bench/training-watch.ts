/** Follows a member's training over one subscription: a new one for every vote would be timed along with it. */
import type { PalateClient, TrainingJob } from '../src/client/index.js';

const SETTLED: ReadonlySet<TrainingJob['status']> = new Set(['SUCCEEDED', 'REJECTED', 'FAILED', 'CANCELLED']);

/** Whether a job has its final state. */
export const isSettled = ({ status }: Pick<TrainingJob, 'status'>): boolean => SETTLED.has(status);

interface Waiter {
  resolve(job: TrainingJob): void;
  reject(error: unknown): void;
}

export class TrainingWatch {
  private readonly controller = new AbortController();
  private readonly settledJobs = new Map<string, TrainingJob>();
  private readonly waiting = new Map<string, Waiter>();
  private failure: Error | undefined;

  constructor(client: PalateClient, memberId: string) {
    this.follow(client, memberId).catch((cause: unknown) => {
      this.failure = new Error('The subscription to training broke off', { cause });
      for (const { reject } of this.waiting.values()) reject(this.failure);
    });
  }

  /** The job in its final state; a job that failed is an error. */
  async settled(id: string): Promise<TrainingJob> {
    if (this.failure) throw this.failure;
    const job =
      this.settledJobs.get(id) ??
      (await new Promise<TrainingJob>((resolve, reject) => this.waiting.set(id, { resolve, reject })));
    if (job.status === 'FAILED') throw new Error(`The training job ${id} failed: ${job.error}`);
    return job;
  }

  close(): void {
    this.controller.abort();
  }

  private async follow(client: PalateClient, memberId: string): Promise<void> {
    for await (const job of client.trainingStatus(memberId, { signal: this.controller.signal })) {
      if (!isSettled(job)) continue;
      this.settledJobs.set(job.id, job);
      this.waiting.get(job.id)?.resolve(job);
      this.waiting.delete(job.id);
    }
  }
}
