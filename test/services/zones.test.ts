import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildSchema, getNamedType, isObjectType } from 'graphql';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/common/config.js';
import { type PostgresServer, startPostgres } from '../store/postgres-server.js';
import { compiledOf } from '../support/compiled.mjs';

/** Times that no database has seen: they are of this process. */
const OF_THE_PROCESS = ['ErrorCount.lastAt', 'Plugin.startedAt', 'Plugin.restartAt'];

interface Told {
  begun: number;
  ended: number;
  memberTokenSeconds: number;
  times: Record<string, string | null>;
}

async function live(zone: string, databaseUrl = ''): Promise<Told> {
  const script = compiledOf(fileURLToPath(new URL('./zones-child.ts', import.meta.url)));
  const child = spawn(process.execPath, [script, databaseUrl], {
    env: { ...process.env, TZ: zone },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await once(child, 'close');
  return JSON.parse(said) as Told;
}

/** Every time lies where it must, to the second that tokens count in. */
function expectTrue({ begun, ended, memberTokenSeconds, times }: Told): void {
  const later: Record<string, number> = {
    'Key.expiresAt': 86_400_000,
    'Viewer.expiresAt': 86_400_000,
    'MemberToken.expiresAt': memberTokenSeconds * 1_000,
    'TrainingJob.nextAttemptAt': 60_000,
    'DeletionReceipt.cleanUpBy': DEFAULT_SETTINGS.cleanUpMinutes * 60_000,
  };
  for (const [name, told] of Object.entries(times)) {
    const after = later[name] ?? 0;
    const time = Date.parse(told ?? '') - after;
    expect([name, told, time >= begun - 1_000 && time <= ended]).toEqual([name, told, true]);
  }
}

describe('times', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it.each(['Asia/Kolkata', 'America/St_Johns', 'Pacific/Kiritimati', 'UTC'])(
    'of the embedded database are what they are where the machine is in %s',
    async (zone) => expectTrue(await live(zone)),
  );

  it.each([
    ['America/New_York', { timezone: 'Asia/Kathmandu' }],
    ['UTC', { timezone: 'Pacific/Chatham', datestyle: 'German', bytea_output: 'escape', extra_float_digits: '-15' }],
  ])('of a server are what they are in %s, however it is set: %j', async (zone, settings) => {
    const url = await server.createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const [name, value] of Object.entries(settings)) {
      await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET ${name} = '${value}'`);
    }
    await client.end();
    expectTrue(await live(zone, url));
    await server.dropDatabase(url);
  });

  it('that the contract tells are all looked at', async () => {
    const schema = buildSchema(await readFile(fileURLToPath(new URL('../../schema.graphql', import.meta.url)), 'utf8'));
    const told = Object.keys((await live('UTC')).times).map((name) => name.split(',')[0]);
    const fields = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .flatMap((type) =>
        Object.values(type.getFields())
          .filter((field) => getNamedType(field.type).name === 'DateTime')
          .map((field) => `${type.name}.${field.name}`),
      );
    expect([...new Set([...told, ...OF_THE_PROCESS])].sort()).toEqual(fields.sort());
  });
});
