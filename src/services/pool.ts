/** The state of the language model's pool and of training, now and as it changes. */

import type { PoolStatus } from '../contract/generated/types.js';
import type { LanguageModelRuntime, RuntimeStatus } from '../runtime/types.js';
import { Broadcast } from './broadcast.js';
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
      // Only the newest status matters to a reader that lags.
      const changes = new Broadcast<PoolStatus>(() => true, 1);
      const ended = new AbortController();
      const events = changes.subscribe(AbortSignal.any([signal, ended.signal]));
      const publish = () => changes.publish(viewOf(runtime.status()));
      publish();
      const stopStatus = runtime.onStatus(publish);
      const stopQueue = queue.onChange(publish);
      const stopJobs = jobs.onChange(publish);
      const stop = () => {
        stopStatus();
        stopQueue();
        stopJobs();
      };
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      return readUntil(events, () => {
        stop();
        ended.abort();
      });
    },
  };
}

async function* readUntil<T>(events: AsyncIterable<T>, end: () => void): AsyncGenerator<T> {
  try {
    yield* events;
  } finally {
    end();
  }
}
