/**
 * Works off training jobs: a member's encoder is a function of its active verdicts, the checkpoint and the prior (N(0, I), or the
 * taste that the member imported), seeded by the member's id. One job of a member runs at a time; verdicts that arrive meanwhile wait in the next one.
 */
import { createHash } from 'node:crypto';
import { messageOf } from '../../common/errors.js';
import type { Lifecycle } from '../../common/lifecycle.js';
import type { Log } from '../../common/log.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import { decodeEncoder, encodeEncoder, type PersonalEncoder, priorEncoder } from '../../learning/encoder.js';
import type { BroughtPrior } from '../../learning/latent-dpo.js';
import { pairsOf, type Vote } from '../../learning/votes.js';
import type { Store } from '../../store/store.js';
import type { TrainedEncoder, TrainingJobRecord } from '../../store/training-jobs.js';
import type { ClaimedJob } from '../../store/training-work.js';
import type { FeatureReader } from '../generations/features.js';
import { trainingJobOf } from '../records.js';
import type { TrainingJobs } from './job-feed.js';
import type { MemberVotes } from './member-votes.js';
import { MAXIMUM_ATTEMPTS, retryDelay } from './retry.js';
import type { Train, TrainingOutcome } from './training-protocol.js';

export interface TrainerParts {
  store: Pick<Store, 'tastes' | 'trainingJobs' | 'queue' | 'exclusive'>;
  features: FeatureReader;
  votes: MemberVotes;
  checkpoint: LoadedCheckpoint;
  jobs: TrainingJobs;
  train: Train;
  log: Log;
  /** Milliseconds; only differences matter. */
  clock: () => number;
}

/** Steps are told at most this often. */
const STEP_EVENT_MS = 50;

/** Consumes the store's queue from start() to stop(), which it also starts and stops. */
export class Trainer implements Lifecycle {
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  constructor(private readonly parts: TrainerParts) {}

  start(): Promise<void> {
    this.starting ??= this.begin();
    return this.starting;
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async begin(): Promise<void> {
    const { store, features, jobs } = this.parts;
    // In an exclusive database whatever is in work was left behind by a process that is gone.
    await store.trainingJobs.recover({ all: store.exclusive, maximumAttempts: MAXIMUM_ATTEMPTS });
    await store.trainingJobs.queueOutdated(features.digests);
    for (const job of await store.trainingJobs.open()) jobs.publish(trainingJobOf(job));
    store.queue.consume({
      claim: () => store.trainingJobs.claim(),
      extend: (job) => store.trainingJobs.extend(job),
      handle: (job) => this.run(job),
      recover: () => this.recover(),
    });
    await store.queue.start();
  }

  private async end(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.parts.store.queue.stop();
  }

  /** Jobs of processes that ended meanwhile wait again. */
  private async recover(): Promise<void> {
    const { store, jobs } = this.parts;
    const recovered = await store.trainingJobs.recover({ all: false, maximumAttempts: MAXIMUM_ATTEMPTS });
    for (const job of recovered) jobs.publish(trainingJobOf(job));
  }

  private async run(job: ClaimedJob): Promise<void> {
    const { store, jobs, clock, log } = this.parts;
    const started = clock();
    const durationMs = () => Math.round(clock() - started);
    jobs.publish(trainingJobOf(job));
    const ended = new AbortController();
    const unlisten = jobs.onEnd(job.id, () => ended.abort());
    try {
      const encoder = await Promise.race([this.trainMember(job), aborted(ended.signal)]);
      unlisten();
      const done = await store.trainingJobs.complete(job, { ...encoder, durationMs: durationMs() });
      if (done) jobs.publish(trainingJobOf(done));
      log.debug({ member: job.memberId, version: done?.encoderVersion, ms: done?.durationMs }, 'A member was trained');
    } catch (err) {
      unlisten();
      if (ended.signal.aborted) return;
      log.error({ err, job: job.id, attempt: job.attempts }, 'A training failed');
      const retryAfterMs = retryDelay(job.attempts);
      const failed = await store.trainingJobs.fail(job, {
        error: messageOf(err),
        durationMs: durationMs(),
        retryAfterMs,
      });
      if (failed) jobs.publish(trainingJobOf(failed));
      if (failed?.status === 'QUEUED' && retryAfterMs !== null) store.queue.wake(retryAfterMs);
    }
  }

  private async trainMember(job: ClaimedJob): Promise<Omit<TrainedEncoder, 'durationMs'>> {
    const { store, features, checkpoint } = this.parts;
    const taste = job.tasteDigest === null ? null : await store.tastes.current(job.memberId, features.digests);
    const prior = taste ? { ...decodeEncoder(taste.bytes).encoder, pairCount: taste.pairCount } : undefined;
    const verdicts = await this.parts.votes.of(job.memberId);
    const votes = [...verdicts.values()].filter((vote) => vote !== null);
    const pairCount = votes.reduce((count, vote) => count + pairsOf(vote).length, 0);
    const outcome = votes.length > 0 ? await this.fit(job, votes, pairCount, prior) : untrained(checkpoint, prior);
    const bytes = encodeEncoder(outcome.encoder, checkpoint.digest);
    return {
      capacity: outcome.encoder.capacity,
      bytes,
      digest: createHash('sha256').update(bytes).digest('hex'),
      digests: features.digests,
      tasteDigest: taste?.digest ?? '',
      accepted: outcome.accepted,
      reason: outcome.accepted ? null : outcome.reason,
      positions: [...verdicts.keys()].sort((a, b) => (a < b ? -1 : 1)),
      pairCount,
      loss: outcome.loss,
      accuracy: outcome.accuracy,
      totalSteps: outcome.totalSteps,
    };
  }

  private fit(
    job: TrainingJobRecord,
    votes: Vote[],
    pairCount: number,
    prior: BroughtPrior | undefined,
  ): Promise<TrainingOutcome> {
    const { train, jobs, clock } = this.parts;
    let told = Number.NEGATIVE_INFINITY;
    return train({ votes, seed: job.memberId, prior }, ({ step, totalSteps, loss, accuracy }) => {
      if (clock() - told < STEP_EVENT_MS) return;
      told = clock();
      jobs.publish({ ...trainingJobOf(job), step, totalSteps, loss, accuracy, pairCount });
    });
  }
}

/** Rejects when somebody ends the job: its training, which may wait for features, is of no use any more. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** What no votes make: the imported taste, or N(0, I), which serves nothing. */
function untrained(
  { latentSize }: LoadedCheckpoint,
  prior: PersonalEncoder = priorEncoder(latentSize),
): TrainingOutcome {
  return { encoder: prior, accepted: true, reason: '', loss: null, accuracy: null, totalSteps: 0 };
}
