/** Wires the use cases over a store, a runtime and a way to train; the parts come started, the store open. */
import { DEFAULT_SETTINGS, type Limits, type Settings } from '../common/config.js';
import type { Log } from '../common/log.js';
import type { Tokenizer } from '../language-model/tokenizer.js';
import type { LoadedCheckpoint } from '../learning/checkpoint.js';
import { tasteDirections } from '../learning/directions.js';
import type { TuningBank } from '../learning/tuning/bank.js';
import type { LanguageModelRuntime } from '../runtime/types.js';
import type { Store } from '../store/store.js';
import type { TrainingJobRecord } from '../store/training-jobs.js';
import { FeatureReader } from './generations/features.js';
import { GenerationQueue } from './generations/generation-queue.js';
import { generationService } from './generations/generations.js';
import { type GenerationHooks, NO_HOOKS } from './generations/hooks.js';
import type { PromptEncoder } from './generations/prompt-thread.js';
import { keyService } from './keys/keys.js';
import { Housekeeping } from './members/housekeeping.js';
import { memberService } from './members/members.js';
import { ownershipService, remembering } from './members/ownership.js';
import { rightsService } from './members/rights.js';
import { tasteMapService } from './members/taste-maps.js';
import { tasteService } from './members/tastes.js';
import { modelService } from './models.js';
import { NO_PLUGINS } from './no-plugins.js';
import { FollowedProcesses } from './other-processes.js';
import { poolService } from './pool.js';
import { preferenceService } from './preferences/preferences.js';
import { trainingJobOf } from './records.js';
import type { PluginService, Services } from './services.js';
import { storageService } from './storage.js';
import { TrainingJobs } from './training/job-feed.js';
import { MemberVotes } from './training/member-votes.js';
import { Trainer } from './training/trainer.js';
import { trainingService } from './training/training.js';
import type { Train } from './training/training-protocol.js';
import { tuningService } from './tuning/tuning-questions.js';

export interface ServiceParts {
  store: Store;
  runtime: LanguageModelRuntime;
  /** Decodes what the model writes; nothing is encoded on this thread. */
  tokenizer: Pick<Tokenizer, 'stream' | 'stopTokens'>;
  /** Encodes what people write, off the main thread: `PromptThread`. Started and stopped with the services. */
  prompts: PromptEncoder;
  /** Null: the model is served unpersonalised, verdicts are stored and wait for a checkpoint. */
  checkpoint: LoadedCheckpoint | null;
  /** Replies to the questions of tuning rounds; null: they are written when they are asked. */
  bank?: TuningBank | null;
  /** Runs off the main thread: `TrainingThread.train`. */
  train: Train;
  /** Absent: there are none. */
  plugins?: PluginService;
  /** Absent: nobody has a say. */
  hooks?: GenerationHooks;
  log: Log;
  limits: Limits;
  /** What is kept for how long, and whose tastes are taken; absent: the defaults. */
  rights?: Pick<Settings, 'textDays' | 'cleanUpMinutes' | 'trustedTasteKeys'>;
  /** Milliseconds; only differences matter. */
  clock?: () => number;
}

/**
 * start() takes up what an earlier process left (queued trainings, unread features) and consumes the store's queue; stop() cancels
 * running generations, waits for running trainings and stops the queue. The store is closed by whoever opened it, afterwards.
 */
export function createServices(parts: ServiceParts): Services {
  const { store, runtime, tokenizer, prompts, checkpoint, train, log, limits } = parts;
  const { bank = null, clock = () => performance.now() } = parts;
  const jobs = new TrainingJobs(limits.pendingEvents);
  const features = checkpoint && new FeatureReader({ store, runtime, prompts, checkpoint, log });
  const votes = checkpoint && features && new MemberVotes({ store, features, checkpoint });
  const trainer =
    checkpoint && features && votes && new Trainer({ store, features, votes, checkpoint, jobs, train, log, clock });
  const ownership = ownershipService(store);
  const hooks = parts.hooks ?? NO_HOOKS;
  const space = checkpoint && { checkpoint, directions: tasteDirections(checkpoint) };
  const generationParts = { store, runtime, tokenizer, prompts, checkpoint, space, features, hooks, limits };
  const queue = new GenerationQueue({ runtime, limits, clock });
  const generations = remembering(generationService(generationParts, queue), ownership);
  const trainable = checkpoint !== null;
  const rights = parts.rights ?? DEFAULT_SETTINGS;
  const members = memberService({ store, digests: features?.digests ?? null, space, limits });
  const dropCaches = () => {
    votes?.drop();
    return runtime.dropPrompts();
  };
  const keys = keyService({ store, limits, log });
  const letGo = (memberId: string) => {
    keys.endOf(memberId);
    jobs.endOf(memberId);
    return dropCaches();
  };
  const onQueued = (job: TrainingJobRecord) => jobs.publish(trainingJobOf(job));
  const isQuiet = () => {
    const { trainingQueued, trainingRunning } = jobs.counts();
    return runtime.status().busySlots === 0 && trainingQueued === 0 && trainingRunning === 0;
  };
  const others = new FollowedProcesses({ store, jobs, generations, letGo, dropCaches, log });
  const housekeeping = new Housekeeping({ store, retention: rights, isQuiet, dropCaches, log });
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  const start = async () => {
    // Nobody waits for it but the first prompt.
    prompts.start().catch((err) => log.error({ err }, 'The thread that encodes prompts did not start'));
    await housekeeping.start();
    await others.start();
    await trainer?.start();
    await features?.start();
  };
  const stop = async () => {
    await starting?.catch(() => undefined);
    await generations.stop();
    await trainer?.stop();
    await features?.stop();
    await prompts.stop();
    await housekeeping.stop();
    await others.stop();
    jobs.close();
  };

  return {
    ownership,
    keys,
    generations,
    tuning: tuningService({
      store,
      runtime,
      generations,
      banked: bank && checkpoint && votes && { bank, checkpoint, votes },
      hooks,
      limits,
    }),
    preferences: preferenceService({
      store,
      trainable,
      isRunning: generations.isRunning,
      onQueued,
      hooks,
      limits,
    }),
    members,
    rights: rightsService({
      store,
      members,
      generations,
      features,
      jobs,
      housekeeping,
      letGo,
      trainable,
      limits,
    }),
    tastes: tasteService({ store, members, checkpoint, trustedKeys: rights.trustedTasteKeys, onQueued, limits }),
    tasteMaps: tasteMapService({ store, space }),
    training: trainingService({ store, jobs, ownership, trainable, limits }),
    pool: poolService({ runtime, queue, jobs, checkpointDigest: checkpoint?.digest ?? null }),
    database: { check: () => store.check() },
    models: modelService({ runtime, checkpointDigest: checkpoint?.digest ?? null }),
    storage: storageService({ store, limits }),
    plugins: parts.plugins ?? NO_PLUGINS,
    start: () => {
      starting ??= start();
      return starting;
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
