/**
 * Applies the committed SQL migrations and records them in Prisma's own table, so that `prisma migrate deploy` finds a database
 * that it could have made itself, and the other way round.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, PalateError } from '../common/errors.js';
import type { SqlEngine, SqlSession } from './sql.js';
import { asStoreError } from './unavailable.js';

/** The advisory lock that Prisma's migrate takes: two processes starting at once apply in turn. */
const ADVISORY_LOCK = 72_707_369;

/** As Prisma creates it. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

export interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hex. */
  checksum: string;
}

/** The migrations that come with the product, in order. */
export async function readMigrations(folder = migrationsFolder()): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(folder, name, 'migration.sql'));
      return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
    }),
  );
}

/**
 * Brings the database up to date and returns the names of what it applied. Each migration is one transaction: a process killed in
 * the middle leaves none of it. Errors: INTERNAL when the database is of a newer version, or an applied migration was changed,
 * STORE_UNAVAILABLE when it goes away meanwhile.
 */
export async function applyMigrations(engine: SqlEngine, migrations: readonly Migration[]): Promise<string[]> {
  await engine.transaction(async (session) => {
    await session.script(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`);
    await session.script(CREATE_TABLE);
  });
  const applied: string[] = [];
  for (const migration of migrations) {
    if (await engine.transaction((session) => applyOne(session, migration, migrations))) applied.push(migration.name);
  }
  return applied;
}

async function applyOne(session: SqlSession, migration: Migration, all: readonly Migration[]): Promise<boolean> {
  await session.script(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`);
  const done = await session.query<{ migration_name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  requireKnown(done, all);
  if (done.some((row) => row.migration_name === migration.name)) return false;
  try {
    await session.script(migration.sql);
  } catch (error) {
    const away = asStoreError(error);
    if (away instanceof PalateError) throw away;
    throw new PalateError(
      'INTERNAL',
      `The migration ${migration.name} failed and was undone (${messageOf(error)}). Report it with this message.`,
      { cause: error },
    );
  }
  await session.query(
    `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) VALUES ($1, $2, now(), $3, 1)`,
    [randomUUID(), migration.checksum, migration.name],
  );
  return true;
}

function requireKnown(
  done: readonly { migration_name: string; checksum: string; finished: boolean }[],
  all: readonly Migration[],
): void {
  for (const row of done) {
    const known = all.find((migration) => migration.name === row.migration_name);
    if (!known) {
      throw new PalateError(
        'INTERNAL',
        `The database has the migration ${row.migration_name}, which this version of Palate does not know. Start the newer version that made it.`,
      );
    }
    if (!row.finished || known.checksum !== row.checksum) {
      throw new PalateError(
        'INTERNAL',
        `The migration ${row.migration_name} in the database ${row.finished ? 'differs from the one in prisma/migrations' : 'was not finished'}. Restore the database from a backup, or resolve it with \`prisma migrate resolve\`.`,
      );
    }
  }
}

/** prisma/migrations beside the package.json above this file, whether it runs from sources or from dist. */
function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'prisma/migrations'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new PalateError('INTERNAL', 'The folder prisma/migrations is missing. Install Palate again.');
    }
    folder = parent;
  }
  return join(folder, 'prisma/migrations');
}
