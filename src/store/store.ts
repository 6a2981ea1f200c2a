/** The store: one database (embedded in the data folder, or a server), its repositories and its queue, opened and closed together. */
import type { PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import { Availability } from './availability.js';
import { type CleanUpRepository, cleanUpRepository } from './clean-up.js';
import { type ConsentRepository, consentRepository } from './consent.js';
import { databaseFolder, makeDatabase } from './database-folder.js';
import { type EncoderRepository, encoderRepository } from './encoders.js';
import { type FeedbackRepository, feedbackRepository } from './feedback.js';
import { lockFolder } from './folder-lock.js';
import { type ForgettingRepository, forgettingRepository } from './forgetting.js';
import { PrismaClient } from './generated/client.js';
import { type GenerationRepository, generationRepository } from './generations.js';
import { type IdempotencyRepository, idempotencyRepository } from './idempotency.js';
import { type KeyRepository, keyRepository } from './keys.js';
import { type MemberRepository, memberRepository } from './members.js';
import { applyMigrations, readMigrations } from './migrations.js';
import { type OtherProcesses, otherProcesses } from './other-processes.js';
import { type OwnershipRepository, ownershipRepository } from './ownership.js';
import { openPglite } from './pglite.js';
import { type PluginRepository, pluginRepository, type StorageRepository, storageRepository } from './plugins.js';
import { openPostgres } from './postgres.js';
import { createTrainingQueue, type QueueOptions, type TrainingQueue } from './queue.js';
import type { SqlEngine } from './sql.js';
import { type TasteRepository, tasteRepository } from './tastes.js';
import { type TrainingJobRepository, trainingJobRepository } from './training-jobs.js';
import { asStoreError } from './unavailable.js';

export interface StoreSettings {
  /** The data folder; the embedded database lies in its `database` folder. */
  data: string;
  /** A PostgreSQL server instead of the embedded database. */
  databaseUrl?: string;
}

export interface Store {
  readonly members: MemberRepository;
  readonly generations: GenerationRepository;
  readonly feedback: FeedbackRepository;
  readonly consent: ConsentRepository;
  readonly encoders: EncoderRepository;
  readonly tastes: TasteRepository;
  readonly forgetting: ForgettingRepository;
  readonly cleanUp: CleanUpRepository;
  readonly trainingJobs: TrainingJobRepository;
  readonly idempotency: IdempotencyRepository;
  readonly ownership: OwnershipRepository;
  readonly keys: KeyRepository;
  readonly plugins: PluginRepository;
  readonly storage: StorageRepository;
  /** Not started: whoever consumes it starts and stops it. */
  readonly queue: TrainingQueue;
  /** True for the embedded database, which no other process can have open: what runs in it runs in this process. */
  readonly exclusive: boolean;
  readonly others: OtherProcesses;
  /** Why nothing can be kept now: STORE_UNAVAILABLE; null where the database answers and takes what it is given. */
  check(): Promise<PalateError | null>;
  close(): Promise<void>;
}

/**
 * Opens the database and brings it up to date. Stop the queue before closing.
 * @throws PalateError CONFLICT when another process has the data folder, STORE_UNAVAILABLE when the server is away or the disk is full, INTERNAL
 *   when the database cannot be used
 */
export async function openStore(settings: StoreSettings, log: Log, queueOptions?: QueueOptions): Promise<Store> {
  const migrations = await readMigrations();
  const opened = await openEngine(settings, log);
  const { engine, release } = opened;
  try {
    const applied = await applyMigrations(engine, migrations);
    if (applied.length > 0) log.info({ migrations: applied }, 'The database was brought up to date');
    const store = assemble(opened, log, queueOptions);
    await warmUp(store);
    return store;
  } catch (error) {
    await engine.close().catch(() => undefined);
    await release();
    throw asStoreError(error);
  }
}

/** Prisma compiles a query when it first meets its shape: better here than on the way of the first vote. */
async function warmUp(store: Store): Promise<void> {
  const nobody = '00000000-0000-0000-0000-000000000000';
  await store.members.byIdentity({ platform: '', externalId: '', scope: '' });
  await store.members.byId(nobody);
  await store.generations.byId(nobody);
  await store.idempotency.find('', '');
  await store.feedback.byId(nobody);
  await store.feedback.ofMember(nobody, nobody);
  await store.encoders.versions(nobody, 1);
  await store.trainingJobs.byId(nobody);
  await store.trainingJobs.latest(undefined);
}

interface OpenedEngine {
  engine: SqlEngine;
  /** Of the embedded database; undefined for a server. */
  folder: string | undefined;
  release: () => Promise<void>;
}

async function openEngine(settings: StoreSettings, log: Log): Promise<OpenedEngine> {
  if (settings.databaseUrl) {
    // Each idle connection says so; that the database is away is told once, by whoever needs it.
    const onError = (error: Error) => log.debug({ err: error }, 'A connection to the database was lost');
    return {
      engine: await openPostgres(settings.databaseUrl, onError),
      folder: undefined,
      release: async () => undefined,
    };
  }
  const lock = await lockFolder(settings.data);
  try {
    const folder = await databaseFolder(settings.data);
    await makeDatabase(folder, async (draft) => (await openPglite(draft, log)).close());
    return { engine: await openPglite(folder, log), folder, release: lock.release };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function assemble({ engine, folder, release }: OpenedEngine, log: Log, queueOptions?: QueueOptions): Store {
  const prisma = new PrismaClient({ adapter: engine.adapter });
  const queue = createTrainingQueue(log, queueOptions);
  const availability = new Availability(engine, log, () => queue.wake());
  const watch = <T extends object>(repository: T) => availability.watch(repository);
  let closing: Promise<void> | undefined;
  const close = async () => {
    await availability.stop();
    await prisma.$disconnect();
    await engine.close();
    await release();
  };
  return {
    members: watch(memberRepository(prisma, engine)),
    generations: watch(generationRepository(engine)),
    feedback: watch(feedbackRepository(prisma, engine, queue)),
    consent: watch(consentRepository(prisma, engine, queue)),
    encoders: watch(encoderRepository(prisma, engine)),
    tastes: watch(tasteRepository(engine, queue)),
    forgetting: watch(forgettingRepository(engine, queue)),
    cleanUp: watch(cleanUpRepository(engine, folder)),
    trainingJobs: watch(trainingJobRepository(prisma, engine, queue)),
    idempotency: watch(idempotencyRepository(prisma)),
    ownership: watch(ownershipRepository(engine)),
    keys: watch(keyRepository(engine)),
    plugins: watch(pluginRepository(engine)),
    storage: watch(storageRepository(engine)),
    queue,
    exclusive: folder !== undefined,
    others: watch(otherProcesses(engine)),
    check: () => availability.check(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
