/** The state of the language model's pool and of training, now and as it changes. */

import { Stream } from '../common/stream.js';
import type { PoolStatus } from '../contract/generated/types.js';
import type { LanguageModelRuntime, RuntimeStatus } from '../runtime/types.js';
import type { GenerationQueue } from './generations/generation-queue.js';
import type { PoolService } from './services.js';
import type { TrainingJobs } from './training/job-feed.js';

export interface PoolParts {
  runtime: Pick<LanguageModelRuntime, 'status' | 'onStatus'>;
  queue: Pick<GenerationQueue, 'waitingRows' | 'onChange'>;
  jobs: TrainingJobs;
  checkpointDigest: string | null;
}

export function poolService({ runtime, queue, jobs, checkpointDigest }: PoolParts): PoolService {
  const viewOf = ({ readyAt: _, ...status }: RuntimeStatus): PoolStatus => ({
    ...status,
    queued: status.queued + queue.waitingRows,
    checkpointDigest,
    personalised: status.personalised && checkpointDigest !== null,
    ...jobs.counts(),
  });
  return {
    status: () => viewOf(runtime.status()),
    watch: (signal) => {
      const stops: (() => void)[] = [];
      const stop = () => {
        for (const end of stops) end();
      };
      // Only the newest status matters to a reader that lags.
      const statuses = new Stream<PoolStatus>({ merge: (_, next) => next, signal, onEnd: stop });
      const publish = () => statuses.push(viewOf(runtime.status()));
      publish();
      if (!statuses.ended) stops.push(runtime.onStatus(publish), queue.onChange(publish), jobs.onChange(publish));
      return statuses;
    },
  };
}
