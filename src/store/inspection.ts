/** Looks at a database as it is: nothing is made, migrated or written. */
import { databaseFolder, holdsDatabase } from './database-folder.js';
import { lockFolder } from './folder-lock.js';
import { readMigrations } from './migrations.js';
import { openPglite } from './pglite.js';
import { pluginRepository, storageRepository } from './plugins.js';
import { openPostgres } from './postgres.js';
import type { SqlEngine } from './sql.js';
import type { Store, StoreSettings } from './store.js';

export interface InspectedDatabase extends Pick<Store, 'plugins' | 'storage'> {
  /** Migrations of this version that the next start would apply, in order. */
  pending: string[];
  /** Migrations in the database that this version does not know. */
  unknown: string[];
  /** Settings of the database that are off, for which a power cut could take what was acknowledged. */
  unsafe: string[];
  close(): Promise<void>;
}

/**
 * The database that the settings lead to; null where the next start would make it. `close` it: the embedded one is this process's
 * alone meanwhile.
 * @throws PalateError CONFLICT when another process has the data folder, STORE_UNAVAILABLE when its server is away, INTERNAL
 *   when the database cannot be used
 */
export async function inspectDatabase({ data, databaseUrl }: StoreSettings): Promise<InspectedDatabase | null> {
  if (databaseUrl) return inspect(await openPostgres(databaseUrl, () => undefined));
  const folder = await databaseFolder(data);
  if (!(await holdsDatabase(folder))) return null;
  const lock = await lockFolder(data);
  try {
    return await inspect(await openPglite(folder), lock.release);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function inspect(engine: SqlEngine, release: () => Promise<void> = async () => undefined) {
  const close = async () => {
    await engine.close();
    await release();
  };
  try {
    const applied = await appliedMigrations(engine);
    const known = (await readMigrations()).map(({ name }) => name);
    return {
      pending: known.filter((name) => !applied.includes(name)),
      unknown: applied.filter((name) => !known.includes(name)),
      unsafe: await unsafeSettings(engine),
      plugins: pluginRepository(engine),
      storage: storageRepository(engine),
      close,
    };
  } catch (error) {
    await engine.close().catch(() => undefined);
    throw error;
  }
}

async function unsafeSettings(engine: SqlEngine): Promise<string[]> {
  const rows = await engine.query<{ name: string }>(
    `SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

async function appliedMigrations(engine: SqlEngine): Promise<string[]> {
  const [{ found }] = await engine.query<{ found: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found`,
  );
  if (!found) return [];
  const rows = await engine.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE rolled_back_at IS NULL AND finished_at IS NOT NULL',
  );
  return rows.map((row) => row.migration_name);
}
