/** Services over a real store, a real training thread and tokenizer, and a scripted runtime. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, DEFAULT_SETTINGS, type Limits } from '../../src/common/config.js';
import { createLog } from '../../src/common/log.js';
import { Random } from '../../src/common/random.js';
import type { TrainingJob } from '../../src/contract/generated/types.js';
import { decodeCheckpoint, encodeCheckpoint, type LoadedCheckpoint } from '../../src/learning/checkpoint.js';
import type { TuningBank } from '../../src/learning/tuning/bank.js';
import { createServices, type ServiceParts } from '../../src/services/create-services.js';
import type { Services } from '../../src/services/services.js';
import type { QueueOptions } from '../../src/store/queue.js';
import { openStore, type Store } from '../../src/store/store.js';
import { dropFixtureDatabase, fixtureDatabase } from '../store/shared-server.js';
import { ScriptedRuntime } from './scripted-runtime.js';
import { sharedThreads } from './shared-threads.js';

const MODEL_DIGEST = 'ab'.repeat(32);

/** A checkpoint of random numbers; another seed gives another digest. */
export function tinyCheckpoint(seed = 'checkpoint'): LoadedCheckpoint {
  const random = new Random(seed);
  const [d, k, f, layers, middle, width] = [8, 16, 24, 2, 4, 8];
  const array = (...shape: number[]) => ({ shape, data: random.normals(shape.reduce((a, b) => a * b)) });
  const scaled = (size: number, inputs: number) => random.normals(size).map((value) => value / Math.sqrt(inputs));
  const checkpoint = {
    modelDigest: MODEL_DIGEST,
    latentSize: d,
    featureSize: f,
    projectedSize: k,
    depths: [0, 1, 2],
    replyProjection: scaled(k * f, f),
    replyOffset: new Float32Array(k),
    promptProjection: scaled(k * f, 100 * f),
    promptOffset: new Float32Array(k),
    meanHead: { weight: scaled(d * k, k), bias: new Float32Array(d) },
    logVarianceHead: { weight: new Float32Array(d * k), bias: new Float32Array(d).fill(-2) },
    adapter: {
      w1: array(layers, d, middle),
      b1: array(layers, middle),
      w2: array(layers, middle, width),
      b2: array(layers, width),
    },
    training: {},
  };
  return decodeCheckpoint(encodeCheckpoint(checkpoint), 'tiny');
}

export interface ServicesFixture {
  store: Store;
  services: Services;
  runtime: ScriptedRuntime;
  folder: string;
  /** Waits until the member has no job that waits or runs, and returns the newest. */
  trained(memberId: string): Promise<TrainingJob>;
  /** Stops everything and starts it again on the same folder, as a new process would. */
  reopen(checkpoint?: LoadedCheckpoint | null): Promise<void>;
  close(): Promise<void>;
}

export interface ServicesFixtureOptions {
  folder?: string;
  /** A database that others open as well; it has every migration. */
  databaseUrl?: string;
  /** For what is about the embedded database: its files are in the folder. */
  embedded?: boolean;
  checkpoint?: LoadedCheckpoint | null;
  bank?: TuningBank;
  rights?: Partial<ServiceParts['rights']>;
  limits?: Partial<Limits>;
  queue?: QueueOptions;
}

export async function openServicesFixture(options: ServicesFixtureOptions = {}): Promise<ServicesFixture> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'palate-fixture-')));
  const log = createLog('silent');
  const { databaseUrl } = options;
  const settings = databaseUrl ? { data: folder, databaseUrl } : await fixtureDatabase(folder, options);
  const { model, train, prompts } = await sharedThreads();

  const open = async (checkpoint: LoadedCheckpoint | null) => {
    const store = await openStore(settings, log, options.queue);
    const runtime = new ScriptedRuntime(checkpoint?.modelDigest ?? MODEL_DIGEST, checkpoint?.featureSize ?? 24);
    const services = createServices({
      store,
      runtime,
      tokenizer: model.tokenizer,
      prompts,
      checkpoint,
      bank: options.bank,
      train,
      log,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      rights: { ...DEFAULT_SETTINGS, ...options.rights },
    });
    await services.start();
    return { store, runtime, services };
  };
  const shut = async () => {
    await fixture.services.stop();
    await fixture.store.close();
  };
  const fixture: ServicesFixture = {
    folder,
    ...(await open(options.checkpoint === undefined ? tinyCheckpoint() : options.checkpoint)),
    trained: async (memberId) => {
      const stop = new AbortController();
      try {
        for await (const job of fixture.services.training.watch(
          memberId,
          AbortSignal.any([stop.signal, AbortSignal.timeout(240_000)]),
        )) {
          if (job.status === 'QUEUED' || job.status === 'RUNNING') continue;
          // What is told may be of one before the newest.
          const [newest] = (await fixture.services.training.list(memberId, 1)).nodes;
          if (newest.status !== 'QUEUED' && newest.status !== 'RUNNING') return newest;
        }
      } finally {
        stop.abort();
      }
      throw new Error('No training finished in time.');
    },
    reopen: async (checkpoint = tinyCheckpoint()) => {
      await shut();
      Object.assign(fixture, await open(checkpoint));
    },
    close: async () => {
      await shut();
      if (options.folder) return;
      await dropFixtureDatabase(folder);
      await rm(folder, { recursive: true });
    },
  };
  return fixture;
}
