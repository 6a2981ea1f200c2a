/** Training jobs as callers see them: looked up, listed, watched, asked for. */
import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type { TrainingJob } from '../../contract/generated/types.js';
import type { Store } from '../../store/store.js';
import type { TrainingJobRecord } from '../../store/training-jobs.js';
import { connectionOf, emptyPage, pageRequest } from '../connection.js';
import { isId } from '../ids.js';
import { trainingJobOf } from '../records.js';
import type { OwnershipService, TrainingService } from '../services.js';
import { isNewer, type TrainingJobs } from './job-feed.js';

export interface TrainingParts {
  store: Pick<Store, 'trainingJobs'>;
  jobs: TrainingJobs;
  ownership: Pick<OwnershipService, 'platform'>;
  /** A checkpoint is loaded. */
  trainable: boolean;
  limits: Limits;
}

export function trainingService({ store, jobs, ownership, trainable, limits }: TrainingParts): TrainingService {
  const viewOf = (job: TrainingJobRecord) => jobs.latest(trainingJobOf(job));
  return {
    byId: async (id) => {
      const job = isId(id) ? await store.trainingJobs.byId(id) : null;
      return job && viewOf(job);
    },
    list: async (memberId, first, after, platform) => {
      const request = pageRequest(first, after, limits.pageSizeMaximum);
      const known = memberId == null || isId(memberId);
      const page = known
        ? await store.trainingJobs.list(memberId ?? undefined, request, platform)
        : emptyPage<TrainingJobRecord>();
      return connectionOf(page, page.rows.map(viewOf));
    },
    watch: (memberId, signal, platform) => {
      // Subscribed before the look at the latest job, so that nothing falls between the two.
      const events = jobs.watch(signal, memberId ?? undefined);
      const latest = async () => {
        const known = memberId == null || isId(memberId);
        const job = known ? await store.trainingJobs.latest(memberId ?? undefined, platform) : null;
        return job && viewOf(job);
      };
      const wanted = async (job: TrainingJob) =>
        platform === undefined || (await ownership.platform(job.memberId)) === platform;
      return latestThenChanges(latest, events, wanted);
    },
    train: async (memberId) => {
      if (!trainable) {
        throw new PalateError(
          'MODEL_UNAVAILABLE',
          'The language model has no checkpoint, so nothing can be trained. Load one that has, or make one with `palate pretrain`.',
        );
      }
      const job = isId(memberId) ? await store.trainingJobs.queue(memberId) : null;
      if (!job) throw new PalateError('NOT_FOUND', `There is no member ${memberId}. Check the id.`);
      jobs.publish(trainingJobOf(job));
      return trainingJobOf(job);
    },
    cancel: async (id) => {
      const cancelled = isId(id) ? await store.trainingJobs.cancel(id) : null;
      if (cancelled) jobs.publish(trainingJobOf(cancelled));
      const job = cancelled ?? (isId(id) ? await store.trainingJobs.byId(id) : null);
      if (!job) throw new PalateError('NOT_FOUND', `There is no training job ${id}. Check the id.`);
      return trainingJobOf(job);
    },
  };
}

async function* latestThenChanges(
  latest: () => Promise<TrainingJob | null>,
  events: AsyncIterableIterator<TrainingJob>,
  wanted: (job: TrainingJob) => boolean | Promise<boolean>,
): AsyncGenerator<TrainingJob> {
  try {
    const first = await latest();
    if (first) yield first;
    for await (const event of events) {
      if (first && event.id === first.id && !isNewer(event, first)) continue;
      if (await wanted(event)) yield event;
    }
  } finally {
    await events.return?.();
  }
}
