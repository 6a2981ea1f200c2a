/**
 * Erasing for good. A deleted or changed row stays in the database's files until they are rewritten, and in its write-ahead log until
 * that is thrown away; this does both, and keeps book of when it was done.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FIRST_USER_NUMBER } from './database-folder.js';
import type { SqlEngine } from './sql.js';

export interface CleanUpRepository {
  /** Erases the texts of at most `limit` generations begun before the moment and returns of how many; features stay. */
  expireTexts(before: Date, limit: number): Promise<number>;
  /** Since when something waits to be erased for good; null when nothing does. */
  pendingSince(): Promise<Date | null>;
  /** Rewrites the tables without what was removed. Embedded: throws the write-ahead log away as well, a table at a time. */
  run(): Promise<void>;
}

/** @param folder of the embedded database; undefined for a server, whose log and backups are its operator's */
export function cleanUpRepository(engine: SqlEngine, folder: string | undefined): CleanUpRepository {
  return {
    expireTexts: (before, limit) =>
      engine.transaction(async (session) => {
        const rows = await session.query<{ id: string }>(
          `UPDATE generations SET prompt = '', source = NULL, expired_at = clock_timestamp() WHERE id IN
             (SELECT id FROM generations WHERE expired_at IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
           RETURNING id`,
          [before.toISOString(), limit],
        );
        await session.query(
          `UPDATE candidates SET text = '', token_ids = '{}', written = '{}', latent = NULL WHERE generation_id = ANY($1::uuid[])`,
          [rows.map(({ id }) => id)],
        );
        return rows.length;
      }),
    pendingSince: async () => {
      const [{ since }] = await engine.query<{ since: Date | null }>(PENDING);
      return since;
    },
    run: async () => {
      // Cut off, where the moments of removal are rounded: what was removed within this millisecond waits for the next time.
      const [{ now }] = await engine.query<{ now: string }>(
        `SELECT date_trunc('milliseconds', clock_timestamp())::text AS now`,
      );
      await rewriteTables(engine, folder !== undefined);
      if (folder !== undefined) await throwLogAway(engine, folder);
      await engine.query(
        'INSERT INTO clean_ups (started_at, finished_at) VALUES ($1::text::timestamptz, clock_timestamp())',
        [now],
      );
    },
  };
}

const PENDING = `
  SELECT min(at) AS since FROM (
    SELECT min(forgotten_at) AS at FROM deletion_receipts WHERE forgotten_at >= (SELECT COALESCE(max(started_at), '-infinity') FROM clean_ups)
    UNION ALL
    SELECT min(expired_at) FROM generations WHERE expired_at >= (SELECT COALESCE(max(started_at), '-infinity') FROM clean_ups)
  ) waiting`;

/** Of a server only dead rows are removed: rewriting would keep everybody out of the tables meanwhile. */
async function rewriteTables(engine: SqlEngine, embedded: boolean): Promise<void> {
  const tables = await engine.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname = current_schema()`,
  );
  for (const { name } of tables) await engine.script(`VACUUM ${embedded ? '(FULL)' : ''} ${name}`);
}

async function throwLogAway(engine: SqlEngine, folder: string): Promise<void> {
  // A segment that is recycled keeps what was in it under a new name.
  await engine.script('SET wal_recycle = off');
  await engine.query('SELECT pg_switch_wal()');
  await engine.script('CHECKPOINT');
  await removeStrays(engine, folder);
}

/** A process killed while it rewrote a table leaves a copy that no table owns and nothing else would ever remove. */
async function removeStrays(engine: SqlEngine, folder: string): Promise<void> {
  const [{ database }] = await engine.query<{ database: number }>(
    'SELECT oid::int AS database FROM pg_database WHERE datname = current_database()',
  );
  const base = join(folder, 'base', String(database));
  // Listed before the tables are: a file of a table that is made in between is not in the list.
  const files = await readdir(base);
  const owned = await engine.query<{ number: number }>(
    'SELECT pg_relation_filenode(oid)::int AS number FROM pg_class WHERE pg_relation_filenode(oid) IS NOT NULL',
  );
  const numbers = new Set(owned.map(({ number }) => number));
  for (const file of files) {
    const number = Number(/^(\d+)(_(fsm|vm|init))?(\.\d+)?$/.exec(file)?.[1] ?? 0);
    if (number >= FIRST_USER_NUMBER && !numbers.has(number)) await rm(join(base, file), { force: true });
  }
}
