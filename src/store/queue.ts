/**
 * The training queue: workers that take the rows of training_jobs that wait. A row is written in the transaction that calls for it;
 * the workers of this process are woken after the commit, those of others hear of it from the database, and a regular look finds
 * what became due or was left behind.
 */
import { afterAnswers } from '../common/after-answers.js';
import { isStoreUnavailable } from '../common/errors.js';
import type { Lifecycle } from '../common/lifecycle.js';
import type { Log } from '../common/log.js';
import type { Claim, ClaimedJob } from './training-work.js';

export interface QueueOptions {
  /** Members trained at the same time in this process. */
  concurrency?: number;
  /** Seconds between looks for what became due; what comes to wait in this process is taken at once. */
  pollingSeconds?: number;
  /** Milliseconds after which a job in work of another process that is not heard of was left behind. */
  silentMs?: number;
}

export interface Consumer {
  /** Takes a job that waits; null when there is none. */
  claim(): Promise<Claim | null>;
  /** Called now and then while a job is in work. */
  extend(job: ClaimedJob): Promise<void>;
  /** Works off one job and stores what became of it. */
  handle(job: ClaimedJob): Promise<void>;
  /** Called before each regular look. */
  recover(): Promise<void>;
}

export interface TrainingQueue extends Lifecycle {
  readonly silentMs: number;
  /** Call after the commit: this process's workers look at once, or after `delayMs`. */
  wake(delayMs?: number): void;
  /** Hands each job to the consumer from start() on. */
  consume(consumer: Consumer): void;
}

/** stop() waits for the jobs in work and for the looks under way. */
export function createTrainingQueue(log: Log, options: QueueOptions = {}): TrainingQueue {
  return new WorkedQueue(log, options);
}

class WorkedQueue implements TrainingQueue {
  readonly silentMs: number;
  private readonly concurrency: number;
  private readonly pollingMs: number;
  private readonly workers = new Set<Promise<void>>();
  private readonly delays = new Set<NodeJS.Timeout>();
  private consumer: Consumer | undefined;
  private polling: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private started = false;
  private stopping: Promise<void> | undefined;
  /** Something may wait that no worker has looked for yet. */
  private news = false;

  constructor(
    private readonly log: Log,
    { concurrency = 2, pollingSeconds = 5, silentMs = 60_000 }: QueueOptions,
  ) {
    this.silentMs = silentMs;
    this.concurrency = concurrency;
    this.pollingMs = 1_000 * pollingSeconds;
  }

  consume(consumer: Consumer): void {
    this.consumer = consumer;
    this.wake();
  }

  async start(): Promise<void> {
    if (this.started) return;
    this.started = true;
    this.polling = setInterval(() => {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined;
      });
    }, this.pollingMs);
    this.polling.unref();
    this.wake();
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  wake(delayMs?: number): void {
    if (delayMs !== undefined) {
      const timer = setTimeout(() => {
        this.delays.delete(timer);
        this.wake();
      }, delayMs);
      timer.unref();
      this.delays.add(timer);
      return;
    }
    this.news = true;
    if (!this.started || this.stopping || !this.consumer || this.workers.size >= this.concurrency) return;
    const { consumer } = this;
    const worker = afterAnswers()
      .then(() => this.work(consumer))
      .finally(() => {
        this.workers.delete(worker);
        if (this.news) this.wake();
      });
    this.workers.add(worker);
  }

  /** Takes jobs until none waits. */
  private async work(consumer: Consumer): Promise<void> {
    try {
      while (!this.stopping) {
        this.news = false;
        const claim = await consumer.claim();
        if (!claim) return;
        if (claim.more) this.wake();
        await this.keep(claim.job, consumer);
      }
    } catch (err) {
      // The next look tries again.
      this.news = false;
      this.tell(err, 'The training queue could not be worked off');
    }
  }

  /** Says that the work goes on for as long as it does. */
  private async keep(job: ClaimedJob, consumer: Consumer): Promise<void> {
    const extending = setInterval(() => {
      consumer.extend(job).catch((err) => this.tell(err, 'A training could not say that it goes on', { job: job.id }));
    }, this.silentMs / 3);
    try {
      await consumer.handle(job);
    } finally {
      clearInterval(extending);
    }
  }

  private async look(): Promise<void> {
    try {
      await this.consumer?.recover();
    } catch (err) {
      this.tell(err, 'Trainings of ended processes could not be taken over');
    }
    this.wake();
  }

  /** Every look would say again that the database is away. */
  private tell(err: unknown, message: string, about: object = {}): void {
    if (!isStoreUnavailable(err)) this.log.error({ err, ...about }, message);
  }

  private async end(): Promise<void> {
    clearInterval(this.polling);
    for (const timer of this.delays) clearTimeout(timer);
    await this.looking;
    await Promise.all(this.workers);
  }
}
