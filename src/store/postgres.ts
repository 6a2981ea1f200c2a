/** The engine for many processes: a PostgreSQL server named by DATABASE_URL. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { messageOf, PalateError } from '../common/errors.js';
import { poolEngine } from './pool.js';
import { postgresNotifications } from './postgres-notifications.js';
import { SESSION_SETTINGS, type SqlEngine } from './sql.js';

/** Milliseconds for a connection, be it made or waited for. */
const CONNECT_MS = 10_000;
/** Milliseconds for an answer; a server that is there but says nothing counts as away then. */
const QUERY_MS = 60_000;

/** Connects to the server. Errors: BAD_USER_INPUT for what is no URL, STORE_UNAVAILABLE when it cannot be reached or refuses. */
export async function openPostgres(url: string, onError: (error: Error) => void): Promise<SqlEngine> {
  const process = randomUUID();
  const pool = new pg.Pool({
    connectionString: namingProcess(url, process),
    application_name: 'palate',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
  });
  pool.on('error', onError);
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    await pool.end();
    throw new PalateError(
      'STORE_UNAVAILABLE',
      `The database at ${withoutPassword(url)} cannot be used (${messageOf(error)}). Check DATABASE_URL and that the server runs; without DATABASE_URL the data folder's own database is used.`,
      { cause: error },
    );
  }
  let closing: Promise<void> | undefined;
  return {
    ...poolEngine(pool),
    notifications: postgresNotifications(url, process),
    close: () => {
      closing ??= pool.end();
      return closing;
    },
  };
}

/** Every connection speaks as ours do, and carries this process's name: so that it can tell its own notifications from those of others. */
function namingProcess(url: string, process: string): string {
  if (!URL.canParse(url)) {
    throw new PalateError(
      'BAD_USER_INPUT',
      'DATABASE_URL is not a URL. Write it as postgresql://user:password@host:5432/database.',
    );
  }
  const named = new URL(url);
  const options = named.searchParams.get('options') ?? '';
  const settings = Object.entries({ ...SESSION_SETTINGS, 'palate.process': process });
  const ours = settings.map(([setting, value]) => `-c ${setting}=${value}`).join(' ');
  named.searchParams.set('options', `${options} ${ours}`.trim());
  return named.toString();
}

function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.password) parsed.password = '***';
    return parsed.toString();
  } catch {
    return 'DATABASE_URL (not a URL)';
  }
}
