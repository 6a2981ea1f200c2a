/** The embedded engine: PostgreSQL as WebAssembly in this process, its files in the data folder. */
import { mkdir } from 'node:fs/promises';
import { PGlite, type Transaction } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { messageOf, PalateError } from '../common/errors.js';
import type { Row, SqlEngine, SqlSession } from './sql.js';

/** Opens (or makes) the database in `folder`, or one in memory when there is none. Errors: INTERNAL when it cannot be opened. */
export async function openPglite(folder: string | undefined): Promise<SqlEngine> {
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const pglite = new PGlite(folder ?? 'memory://');
  try {
    await pglite.waitReady;
  } catch (error) {
    throw new PalateError(
      'INTERNAL',
      `The database in ${folder ?? 'memory'} cannot be opened (${messageOf(error)}). Restore the folder from a backup, or move it away to start empty.`,
      { cause: error },
    );
  }
  return {
    ...sessionOf(pglite),
    transaction: (work) => pglite.transaction((transaction) => work(sessionOf(transaction))),
    adapter: new PrismaPGlite(pglite),
    close: () => (pglite.closed ? Promise.resolve() : pglite.close()),
  };
}

function sessionOf(connection: PGlite | Transaction): SqlSession {
  return {
    query: async <T extends Row>(sql: string, values: readonly unknown[] = []) =>
      (await connection.query<T>(sql, [...values])).rows,
    script: async (sql) => {
      const results = await connection.exec(sql);
      return (results.findLast((result) => result.rows.length > 0)?.rows ?? []) as Row[];
    },
  };
}
