/**
 * One PostgreSQL server for all fixtures of a test run, started when the first of them asks for a database. Opening one of its databases
 * takes a fraction of what opening an embedded one takes; what is about the embedded engine says so (FixtureDatabase).
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { StoreSettings } from '../../src/store/store.js';
import { type PostgresServer, startPostgres } from './postgres-server.js';
import { prepareDatabase } from './template.js';

/** Where the fixtures' processes ask for databases: POST makes one and answers its address, DELETE drops the one in the body. */
const ADDRESS = 'TEST_DATABASES';

/** Called once before a run; what it returns, once after. */
export async function setup(): Promise<() => Promise<void>> {
  let started: Promise<PostgresServer> | undefined;
  const requests = createServer(async (request, response) => {
    try {
      started ??= startPostgres();
      const server = await started;
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.method === 'DELETE') await server.dropDatabase(body);
      response.end(request.method === 'DELETE' ? '' : await server.createDatabase());
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  requests.listen(0, '127.0.0.1');
  await once(requests, 'listening');
  process.env[ADDRESS] = `http://127.0.0.1:${(requests.address() as AddressInfo).port}`;
  return async () => {
    requests.close();
    requests.closeAllConnections();
    await (await started)?.stop();
  };
}

/** By data folder: a service that is opened again there has the database it had. */
const addresses = new Map<string, string>();

/** The settings of a store over a fresh, migrated database, or over the one that was made for the folder before. */
export async function fixtureDatabase(folder: string, { embedded = false } = {}): Promise<StoreSettings> {
  const known = addresses.get(folder);
  if (known !== undefined) return { data: folder, databaseUrl: known };
  if (existsSync(join(folder, 'database'))) return { data: folder };
  if (embedded || process.env[ADDRESS] === undefined) {
    await prepareDatabase(folder);
    return { data: folder };
  }
  const databaseUrl = await ask('POST');
  addresses.set(folder, databaseUrl);
  return { data: folder, databaseUrl };
}

/** Nothing is opened in the folder any more. */
export async function dropFixtureDatabase(folder: string): Promise<void> {
  const address = addresses.get(folder);
  addresses.delete(folder);
  if (address !== undefined) await ask('DELETE', address);
}

async function ask(method: string, body?: string): Promise<string> {
  const response = await fetch(process.env[ADDRESS] as string, { method, body });
  const answer = await response.text();
  if (!response.ok) throw new Error(`There is no database to test with: ${answer}`);
  return answer;
}
