/** What the store needs of a PostgreSQL database behind a pool of connections, be it a server or the embedded one. */
import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import type { Row, SqlEngine, SqlSession } from './sql.js';

/** Scripts migrate and tidy: they take what they take. */
const LONGEST_MS = 2 ** 31 - 1;

export function poolEngine(pool: pg.Pool): Omit<SqlEngine, 'close'> {
  const session = sessionOf(pool);
  return {
    ...session,
    transaction: (work) => inTransaction(pool, work),
    adapter: new PrismaPg(pool),
    reach: async () => void (await session.query('SELECT 1')),
    probe: async () => void (await session.script(PROBE)),
  };
}

/** Takes some room for a moment. Several statements in one text are one transaction. */
const PROBE = `
  CREATE TEMPORARY TABLE palate_probe ON COMMIT DROP AS SELECT sha512(number::text::bytea) FROM generate_series(1, 1000) AS number;
  SELECT 1`;

async function inTransaction<T>(pool: pg.Pool, work: (session: SqlSession) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // What is under way is told by its own rejection; unheard, the event would end the process.
  const heard = () => undefined;
  client.on('error', heard);
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(sessionOf(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.off('error', heard);
    client.release(broken);
  }
}

function sessionOf(connection: pg.Pool | pg.PoolClient): SqlSession {
  return {
    query: async <T extends Row>(sql: string, values: readonly unknown[] = []) =>
      (await connection.query<T>(sql, [...values])).rows,
    script: async (sql) => {
      const query: pg.QueryConfig & { query_timeout: number } = { text: sql, query_timeout: LONGEST_MS };
      // Several statements in one text come back as an array of results.
      const results = [(await connection.query(query)) as pg.QueryResult<Row> | pg.QueryResult<Row>[]].flat();
      return results.findLast((result) => result.rows.length > 0)?.rows ?? [];
    },
  };
}
