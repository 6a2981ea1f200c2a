/** The embedded engine: PostgreSQL as WebAssembly in a thread of this process, its files in the data folder. */
import { mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DATABASE_CLOSE_MS } from '../common/config.js';
import { messageOf, PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import { DatabaseThread, DatabaseThreadFault } from './database-thread.js';
import { poolEngine } from './pool.js';
import type { SqlEngine } from './sql.js';
import { diskFull } from './unavailable.js';

/** There is one session behind them: so many may wait for it, or for their transaction to be on disk. */
const CONNECTIONS = 16;

/** For the next two pieces of the write-ahead log, of 16 MiB each. */
const ROOM_BYTES = 33_554_432;

/** Opens (or makes) the database in `folder`. Errors: STORE_UNAVAILABLE where its disk is full, INTERNAL when it cannot be opened. */
export async function openPglite(folder: string, log?: Log): Promise<SqlEngine> {
  const thread = new DatabaseThread(folder, log);
  try {
    await mkdir(folder, { recursive: true });
    await thread.start();
  } catch (error) {
    if (!(await hasRoom(dirname(folder)))) throw diskFull();
    if (error instanceof DatabaseThreadFault) throw error;
    throw new PalateError(
      'INTERNAL',
      `The database in ${folder} cannot be opened (${messageOf(error)}). Restore the folder from a backup, or move it away to start empty.`,
      { cause: error },
    );
  }
  const pool = new pg.Pool({
    stream: () => thread.connect() as never,
    max: CONNECTIONS,
    // Given, so that nothing is taken from the environment.
    host: 'embedded',
    user: 'postgres',
    database: 'postgres',
    ssl: false,
  });
  // The thread says itself when it has ended.
  pool.on('error', () => undefined);
  const engine = poolEngine(pool);
  let closing: Promise<void> | undefined;
  return {
    ...engine,
    // Not by asking: there is one session, and whoever has it may take long.
    reach: async () => thread.requireOpen(),
    probe: async () => {
      if (!(await hasRoom(folder))) throw diskFull();
      await engine.probe();
    },
    close: () => {
      // Where it hangs, ending the thread is what ends the connections.
      closing ??= Promise.race([pool.end(), delay(DATABASE_CLOSE_MS, undefined, { ref: false })]).then(() =>
        thread.stop(),
      );
      return closing;
    },
  };
}

async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= ROOM_BYTES;
}
