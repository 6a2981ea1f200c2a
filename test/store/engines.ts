/** The store's tests run on both engines: the embedded one and a PostgreSQL server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { openStore, type StoreSettings } from '../../src/store/store.js';
import { type PostgresServer, startPostgres } from './postgres-server.js';
import { prepareDatabase } from './template.js';
import type { TemporaryStore } from './temporary-store.js';

export const ENGINES = ['PGlite', 'PostgreSQL'] as const;

export interface Engines {
  /** Where a fresh, migrated database is, and how to remove it. */
  prepare(): Promise<{ settings: StoreSettings; remove(): Promise<void> }>;
  /** A store over a database of its own. */
  store(): Promise<TemporaryStore>;
  stop(): Promise<void>;
}

export async function startEngines(engine: (typeof ENGINES)[number]): Promise<Engines> {
  const server = engine === 'PostgreSQL' ? await startPostgres() : undefined;
  const prepare = () => prepareOn(server);
  return {
    prepare,
    store: async () => {
      const { settings, remove } = await prepare();
      const store = await openStore(settings, createLog('error'));
      return {
        store,
        folder: settings.data,
        remove: async () => {
          await store.queue.stop();
          await store.close();
          await remove();
        },
      };
    },
    stop: async () => server?.stop(),
  };
}

/** A store on that engine for the tests of a block, opened before the first and removed behind the last. */
export function storeOn(engine: (typeof ENGINES)[number]): Pick<TemporaryStore, 'store'> {
  let engines: Engines;
  let temporary: TemporaryStore;
  beforeAll(async () => {
    engines = await startEngines(engine);
    temporary = await engines.store();
  });
  afterAll(async () => {
    await temporary.remove();
    await engines.stop();
  });
  return {
    get store() {
      return temporary.store;
    },
  };
}

async function prepareOn(server: PostgresServer | undefined) {
  const data = await mkdtemp(join(tmpdir(), 'palate-store-'));
  const databaseUrl = await server?.createDatabase();
  if (databaseUrl === undefined) await prepareDatabase(data);
  return {
    settings: { data, databaseUrl },
    remove: async () => {
      if (databaseUrl !== undefined) await server?.dropDatabase(databaseUrl);
      await rm(data, { recursive: true });
    },
  };
}
