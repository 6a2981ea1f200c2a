/**
 * Erasing for good. A deleted or changed row stays in the database's files until they are rewritten, and in its write-ahead log until
 * that is thrown away; this does both, and keeps book of when it was done.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FIRST_USER_NUMBER } from './database-folder.js';
import type { SqlEngine, SqlSession } from './sql.js';

export interface CleanUpRepository {
  /** Erases the texts of at most `limit` generations begun before the moment and returns of how many; features stay. */
  expireTexts(before: Date, limit: number): Promise<number>;
  /** Texts dated behind the moment, by a clock that was ahead, count as written at it: they would be kept too long. */
  redateTexts(after: Date): Promise<void>;
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
        if (rows.length > 0) await addRemoval(session);
        await session.query(
          `UPDATE candidates SET text = '', token_ids = '{}', written = '{}', latent = NULL WHERE generation_id = ANY($1::uuid[])`,
          [rows.map(({ id }) => id)],
        );
        return rows.length;
      }),
    redateTexts: async (after) => {
      await engine.query('UPDATE generations SET created_at = $1 WHERE expired_at IS NULL AND created_at > $1', [
        after.toISOString(),
      ]);
    },
    pendingSince: async () => {
      const [{ since }] = await engine.query<{ since: Date | null }>(
        'SELECT min(removed_at) AS since FROM removals WHERE erased_at IS NULL',
      );
      return since;
    },
    run: async () => {
      // Whatever is removed from here on waits for the next time.
      const waiting = await engine.query<{ id: string }>('SELECT id::text FROM removals WHERE erased_at IS NULL');
      await rewriteTables(engine, folder !== undefined);
      if (folder !== undefined) await throwLogAway(engine, folder);
      const erased = waiting.map(({ id }) => id);
      await engine.transaction(async (session) => {
        await session.query('UPDATE removals SET erased_at = clock_timestamp() WHERE id = ANY($1::text[]::bigint[])', [
          erased,
        ]);
        // Only receipts are asked about later.
        await session.query(
          `DELETE FROM removals WHERE id = ANY($1::text[]::bigint[]) AND NOT EXISTS (SELECT 1 FROM deletion_receipts r WHERE r.removal_id = removals.id)`,
          [erased],
        );
      });
    },
  };
}

/** Notes inside a running transaction that something is removed by it. Returns the row's id. */
export async function addRemoval(session: SqlSession): Promise<string> {
  const [{ id }] = await session.query<{ id: string }>(
    'INSERT INTO removals (removed_at) VALUES (clock_timestamp()) RETURNING id::text',
  );
  return id;
}

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
