/** Follows what other processes on the same database do, so that their trainings are told, counted and taken up here as well. */
import { isStoreUnavailable } from '../common/errors.js';
import type { Lifecycle } from '../common/lifecycle.js';
import type { Log } from '../common/log.js';
import type { Store } from '../store/store.js';
import type { TrainingJobRecord } from '../store/training-jobs.js';
import type { Generations } from './generations/generations.js';
import { trainingJobOf } from './records.js';
import type { TrainingJobs } from './training/job-feed.js';

export interface OtherProcessesParts {
  store: Pick<Store, 'others' | 'queue' | 'trainingJobs'>;
  jobs: TrainingJobs;
  generations: Pick<Generations, 'endOf'>;
  /** Ends what is open of a member who was forgotten, and drops what is kept in memory. */
  letGo(memberId: string): Promise<void>;
  /** Drops what is kept in memory of members. */
  dropCaches(): Promise<void>;
  log: Log;
}

export class FollowedProcesses implements Lifecycle {
  private unwatch: (() => Promise<void>) | undefined;

  constructor(private readonly parts: OtherProcessesParts) {}

  async start(): Promise<void> {
    const { store, generations, letGo, dropCaches, log } = this.parts;
    const failed = (err: unknown) => {
      if (!isStoreUnavailable(err)) log.error({ err }, 'What other processes do could not be followed');
    };
    // It was erased there already.
    const erased = async () => undefined;
    this.unwatch ??= await store.others.watch({
      trainingJob: (job) => this.tell(job),
      forgotten: (memberId) =>
        void generations
          .endOf(memberId, erased)
          .then(() => letGo(memberId))
          .catch(failed),
      missed: () => {
        log.info('What other processes do is followed again');
        dropCaches().catch(failed);
        this.catchUp().catch(failed);
      },
      failed,
    });
  }

  async stop(): Promise<void> {
    await this.unwatch?.();
  }

  private tell(job: TrainingJobRecord): void {
    const { jobs, store } = this.parts;
    jobs.publish(trainingJobOf(job));
    if (job.status === 'QUEUED') store.queue.wake();
  }

  /** Jobs that were open here may have ended meanwhile, and others begun. */
  private async catchUp(): Promise<void> {
    const { jobs, store } = this.parts;
    const open = await store.trainingJobs.open();
    const stillOpen = new Set(open.map(({ id }) => id));
    for (const id of jobs.openIds().filter((known) => !stillOpen.has(known))) {
      const job = await store.trainingJobs.byId(id);
      if (job) this.tell(job);
      else jobs.drop(id);
    }
    for (const job of open) this.tell(job);
  }
}
