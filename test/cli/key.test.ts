import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ListedKey, openKeyAccess } from '../../src/cli/key/key-access.js';
import { describeKey, findKey, renderKeys } from '../../src/cli/key/render.js';
import { loadSettings } from '../../src/common/config.js';
import { openGatewayFixture } from '../gateway/fixture.js';
import { KEY } from '../gateway/harness.js';
import { prepareDatabase } from '../store/template.js';
import { MAIN, ROOT } from '../support/compiled.mjs';

const run = promisify(execFile);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-key-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The command as people run it; nothing listens where it looks for a gateway. */
async function palateKey(...parts: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const env = { ...process.env, PALATE_DATA: folder, PALATE_PORT: '1', PALATE_ADMIN_KEY: '', PALATE_URL: '' };
  const finished = run(process.execPath, [MAIN, 'key', ...parts], { cwd: ROOT, env });
  return finished.then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
}

describe('palate key', () => {
  it('works on the data folder while no gateway runs, and hands the secret out alone', async () => {
    await prepareDatabase(folder);
    const made = await palateKey('create', 'north bot', '--platform', 'north', '--days', '30');
    expect(made.stdout).toMatch(/^palate_bot_[\w-]{43}\n$/);
    expect(made.stderr).toContain('"north bot", bot key of north');
    const listed = await palateKey('list');
    expect(listed.stdout).toMatch(/^NAME +SCOPE +FOR +SECRET/);
    expect(listed.stdout).toContain(`${made.stdout.slice(0, 15)}…`);
    expect(listed.stdout).not.toContain(made.stdout.trim());
    const unknown = await palateKey('revoke', 'south bot');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toBe('palate: There is no key "south bot". "palate key list" shows them.\n');
  });
});

describe('the access', () => {
  it('is in the data folder while no gateway runs', async () => {
    await prepareDatabase(folder);
    const settings = { ...loadSettings({ environment: {}, flags: { data: folder } }), port: 1 };
    const access = await openKeyAccess(settings);
    await expect(access.create({ name: 'nobody', scope: 'BOT' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    const { key, secret } = await access.create({ name: 'north bot', scope: 'BOT', platform: 'north' });
    const rotated = await access.rotate(key.id, 60);
    expect(rotated.secret).not.toBe(secret);
    await access.revoke(findKey(await access.list(), rotated.key.prefix).id);
    await access.close();
    // The folder was given back, and what was done is on disk.
    const again = await openKeyAccess(settings);
    expect(await again.list()).toMatchObject([{ name: 'north bot', revokedAt: expect.any(Date) }]);
    await again.close();
  });

  it('is at the gateway while one runs', async () => {
    const world = await openGatewayFixture({}, { embedded: true });
    try {
      const { folder: data } = world.fixture;
      const settings = (port: number) => ({ ...loadSettings({ environment: {}, flags: { data } }), port });
      await writeFile(join(data, 'admin-key'), KEY);
      const access = await openKeyAccess(settings(world.gateway.port));
      const member = { platform: 'north', externalId: 'ada', scope: '' };
      const { key, secret } = await access.create({ name: 'ada', scope: 'MEMBER', member });
      expect((await world.viewer(secret)).member).toMatchObject(member);
      expect((await world.viewer((await access.rotate(key.id, 0)).secret)).scope).toBe('MEMBER');
      expect(await access.list()).toMatchObject([{ id: key.id, name: 'ada' }]);
      await access.revoke(key.id);
      await expect(world.viewer(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await access.close();
      // It runs on this folder and is looked for in the wrong place.
      await expect(openKeyAccess(settings(1))).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('--url'),
      });
      await expect(openKeyAccess(settings(1), 'http://127.0.0.1:1')).rejects.toMatchObject({ code: 'UNREACHABLE' });
      await writeFile(join(data, 'admin-key'), 'a wrong key of this length');
      await expect(openKeyAccess(settings(world.gateway.port))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    } finally {
      await world.close();
    }
  });
});

describe('keys on the terminal', () => {
  const key = (changes: Partial<ListedKey> = {}): ListedKey => ({
    id: 'id-1',
    name: 'the bot',
    scope: 'BOT',
    platform: 'north',
    prefix: 'palate_bot_abcd',
    createdAt: new Date(0),
    lastUsedAt: null,
    expiresAt: null,
    revokedAt: null,
    ...changes,
  });
  const NOW = new Date('2030-01-02T00:00:00Z');

  it('are a table', () => {
    const keys = [
      key({ lastUsedAt: '2030-01-01T10:20:30.000Z', expiresAt: '2031-01-01T00:00:00.000Z' }),
      key({ id: 'id-2', name: 'an\tadmin\x1b[31m', scope: 'ADMIN', platform: null, expiresAt: new Date(0) }),
      key({ id: 'id-3', scope: 'MEMBER', platform: null, revokedAt: NOW }),
    ];
    expect(renderKeys(keys, NOW).split('\n')).toEqual([
      'NAME           SCOPE   FOR         SECRET            LAST USED         ENDS                      ID',
      'the bot        bot     north       palate_bot_abcd…  2030-01-01 10:20  2031-01-01 00:00          id-1',
      'an admin [31m  admin   everything  palate_bot_abcd…  never             ran out 1970-01-01 00:00  id-2',
      'the bot        member  a member    palate_bot_abcd…  never             revoked 2030-01-02 00:00  id-3',
      '',
    ]);
    expect(renderKeys([], NOW)).toContain('palate key create');
  });

  it('are found by id, name or first characters, when one is meant', () => {
    const keys = [
      key(),
      key({ id: 'id-2', name: 'other', prefix: 'palate_bot_efgh' }),
      key({ id: 'id-3', revokedAt: NOW }),
    ];
    for (const typed of ['id-1', 'the bot', 'palate_bot_abcd']) expect(findKey(keys, typed).id).toBe('id-1');
    expect(findKey(keys, 'id-3').id).toBe('id-3');
    expect(() => findKey(keys, 'nothing')).toThrow(/no key "nothing"/);
    expect(() => findKey([key(), key({ id: 'id-2' })], 'the bot')).toThrow(/2 keys .* id-1, id-2/);
    expect(describeKey(key({ scope: 'ADMIN', platform: null }))).toBe('"the bot", admin key');
  });
});
