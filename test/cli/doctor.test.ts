import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findingsAsJson,
  ok,
  type PartFinding,
  problem,
  renderFindings,
  warning,
} from '../../src/cli/doctor/findings.js';
import { nodeFinding, variableFindings } from '../../src/cli/doctor/machine.js';
import { examine } from '../../src/cli/doctor.js';
import { createLog } from '../../src/common/log.js';
import type { Plugin } from '../../src/contract/generated/types.js';
import { DEFAULT_MODEL } from '../../src/language-model/catalogue.js';
import { pluginSettings } from '../../src/plugins/settings.js';
import { lockFolder } from '../../src/store/folder-lock.js';
import { openStore } from '../../src/store/store.js';
import { startDiscord } from '../fakes/discord/server.js';
import { ADMIN_KEY, openPluginFixture } from '../plugins/fixture.js';
import { prepareDatabase } from '../store/template.js';
import { MAIN, ROOT } from '../support/compiled.mjs';

const MODEL = join(ROOT, '.cache/models', DEFAULT_MODEL.file);

let folder: string;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-doctor-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(folder, { recursive: true });
});

/** What is found with these variables, in the test's folder; nothing listens where a service is looked for. */
const look = (environment: Record<string, string> = {}, url?: string) =>
  examine({ environment: { PALATE_DATA: folder, PALATE_PORT: '1', ...environment }, folder }, url);
const about = (found: readonly PartFinding[], words: string) => found.find(({ title }) => title.includes(words));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('the parts', () => {
  it.each([
    ['20.18.9', 'PROBLEM'],
    ['20.19.0', 'OK'],
    ['21.7.0', 'PROBLEM'],
    ['22.11.0', 'PROBLEM'],
    ['22.20.1', 'OK'],
    ['24.0.0', 'OK'],
    ['31.2.0', 'OK'],
  ])('Node %s: %s', (version, level) => {
    expect(nodeFinding(version, '^20.19 || ^22.12 || >=24').level).toBe(level);
  });

  it('finds variables that are no settings', () => {
    const environment = {
      PALATE_PORT: '1',
      PALATE_PROT: '1',
      PALATE_EMPTY: '',
      PALATE_PLUGIN_MY_BOT_TOKEN: 'x',
      PALATE_PLUGIN_MY_BOT_TOKN: 'x',
      OTHER: 'x',
    };
    const plugins = [{ name: 'my-bot', fields: [{ name: 'token' }] }] as unknown as Plugin[];
    const titles = (found: PartFinding[]) => found.map(({ title }) => title.split(' ')[0]);
    expect(titles(variableFindings(environment, plugins))).toEqual(['PALATE_PROT', 'PALATE_PLUGIN_MY_BOT_TOKN']);
    // While nobody knows the plugins, nobody knows their settings.
    expect(titles(variableFindings(environment, null))).toEqual(['PALATE_PROT']);
  });

  it('writes findings as lines, and as JSON', () => {
    const findings = [
      ok('Node is good.'),
      { ...warning('Odd.\u001b[31m', 'Look at it.'), part: 'discord' },
      problem('Bad.', null),
    ];
    expect(renderFindings(findings)).toBe(
      [
        'ok       Node is good.',
        'warning  discord: Odd. [31m',
        '         Look at it.',
        'problem  Bad.',
        '',
        '1 problem, 1 warning.',
        '',
      ].join('\n'),
    );
    expect(renderFindings([])).toBe('\nno problems, no warnings.\n');
    expect(JSON.parse(findingsAsJson(findings))).toMatchObject({
      problems: 1,
      warnings: 1,
      findings: [{ part: 'palate', level: 'OK' }, { part: 'discord', advice: 'Look at it.' }, { advice: null }],
    });
  });
});

describe('the doctor, while no service runs', () => {
  it('finds nothing wrong with an empty folder, and leaves it empty', async () => {
    const server = createServer();
    const port = String(await listening(server));
    const busy = await look({ PALATE_PORT: port });
    expect(about(busy, `no Palate`) ?? about(busy, 'EADDRINUSE')).toMatchObject({ level: 'PROBLEM' });
    closing.pop();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    const found = await look({ PALATE_PORT: port });
    expect(found.filter(({ level }) => level === 'PROBLEM')).toEqual([]);
    expect(about(found, `listen on 127.0.0.1, port ${port}`)?.level).toBe('OK');
    expect(about(found, 'database is made by the first start')?.level).toBe('OK');
    expect(about(found, `${DEFAULT_MODEL.name} is not here yet`)?.level).toBe('WARNING');
    expect(about(found, 'discord is not set up: it needs "Bot token"')?.level).toBe('WARNING');
    expect(about(found, 'slack is not set up: set "Bot token"')?.level).toBe('WARNING');
    const without = await look({ PALATE_PORT: port, PALATE_PLUGINS: 'none' });
    expect(about(without, 'No plugins are loaded')?.level).toBe('OK');
    expect(await readdir(folder)).toEqual([]);
  });

  it('says what is wrong with the settings', async () => {
    const found = await look({ PALATE_PORT: 'many' });
    expect(found.find(({ level }) => level === 'PROBLEM')?.title).toContain('PALATE_PORT is not usable');
    await writeFile(join(folder, 'palate.config.json'), '{ "prot": 4000 }');
    expect(about(await look(), 'has no setting "prot"')?.level).toBe('PROBLEM');
  });

  it('looks at the model, its digest and its checkpoint', async () => {
    const good = await look({ PALATE_MODEL: MODEL });
    expect(about(good, 'The model is SmolLM2-135M-Instruct')?.title).toContain(DEFAULT_MODEL.digest);
    expect(about(good, 'There is a checkpoint for the model')?.level).toBe('OK');
    expect(about(await look({ PALATE_MODEL: join(folder, 'none.gguf') }), 'does not exist')?.level).toBe('PROBLEM');
    const other = join(folder, 'other.safetensors');
    await writeFile(other, 'nothing');
    const unfit = await look({ PALATE_MODEL: MODEL, PALATE_CHECKPOINT: other });
    expect(about(unfit, 'The checkpoint other.safetensors cannot be read')?.level).toBe('PROBLEM');
    // One byte of a weight is another.
    await mkdir(join(folder, 'models'));
    const damaged = join(folder, 'models', DEFAULT_MODEL.file);
    await cp(MODEL, damaged);
    const { open } = await import('node:fs/promises');
    const file = await open(damaged, 'r+');
    await file.write(Buffer.from([1, 2, 3, 4]), 0, 4, DEFAULT_MODEL.bytes - 100);
    await file.close();
    expect(about(await look(), 'was changed or is damaged')?.level).toBe('PROBLEM');
  });

  it('looks at the folder: what others can read, and who has it', async () => {
    await writeFile(join(folder, 'admin-key'), 'a-key-for-tests', { mode: 0o644 });
    await chmod(join(folder, 'admin-key'), 0o644);
    const open = await look();
    expect(about(open, 'Other users')).toMatchObject({
      level: 'WARNING',
      advice: `Run: chmod 600 '${join(folder, 'admin-key')}'`,
    });
    await writeFile(
      join(folder, 'lock'),
      JSON.stringify({ pid: process.ppid, host: (await import('node:os')).hostname(), birth: '' }),
    );
    expect(about(await look(), `is open in process ${process.ppid}, and no service answers`)?.level).toBe('WARNING');
    await rm(join(folder, 'lock'));
    await writeFile(join(folder, 'file'), '');
    expect(about(await look({ PALATE_DATA: join(folder, 'file') }), 'is no folder')?.level).toBe('PROBLEM');
  });

  it('looks at the database without changing it, and gives it back', async () => {
    await prepareDatabase(folder);
    expect(about(await look(), 'is up to date')?.level).toBe('OK');
    const lock = await lockFolder(folder);
    expect(about(await look(), 'is in use by')?.level).toBe('PROBLEM');
    await lock.release();
    const unreachable = await look({ DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:1/none' });
    expect(about(unreachable, 'cannot be used')?.level).toBe('PROBLEM');
    expect(JSON.stringify(unreachable)).not.toContain('secret@');
  });

  it('looks at the plugins with the settings that lie in the database', async () => {
    const discord = await startDiscord();
    closing.push(() => discord.stop());
    await prepareDatabase(folder);
    const missing = await look({ PALATE_PLUGINS: 'discord,./nowhere' });
    expect(missing.filter(({ part }) => part === 'discord')).toMatchObject([
      { level: 'WARNING', title: expect.stringContaining('it needs "Bot token"') },
    ]);
    expect(missing.find(({ part }) => part === './nowhere')?.title).toContain('there is no plugin at');
    const store = await openStore({ data: folder }, createLog('silent'));
    await pluginSettings(store.plugins, { data: folder }).change('discord', {
      values: { api: discord.api },
      secrets: { token: discord.token },
    });
    await store.close();
    const found = (await look({ PALATE_PLUGINS: 'discord' })).filter(({ part }) => part === 'discord');
    expect(about(found, 'The token is good')?.level).toBe('OK');
    expect(about(found, 'in no server')?.advice).toContain('https://discord.com/oauth2/authorize?client_id=');
    // A variable goes first.
    const [wrong] = (
      await look({
        PALATE_PLUGINS: 'discord',
        PALATE_PLUGIN_DISCORD_TOKEN: 'another-token',
        PALATE_PLUGIN_DISCORD_TOKN: 'x',
      })
    ).filter(({ level }) => level !== 'OK' && level !== 'PROBLEM');
    expect(wrong.title).toContain('PALATE_PLUGIN_DISCORD_TOKN is set');
    expect(discord.gateway.sessions.size).toBe(0);
  });
});

describe('the doctor, while a service runs', () => {
  it('asks the service about its plugins', async () => {
    const discord = await startDiscord({ gateway: { identifyMs: 10 } });
    closing.push(() => discord.stop());
    const place = await openPluginFixture({ plugins: ['discord'] });
    closing.push(() => place.close());
    const values = [
      { name: 'token', value: discord.token },
      { name: 'api', value: discord.api },
    ];
    await place.admin.configurePlugin('discord', { values });
    await place.until('discord', ({ status, message }) => status === 'RUNNING' && message !== null);
    const environment = { PALATE_DATA: place.folder, PALATE_ADMIN_KEY: ADMIN_KEY };
    const found = await look(environment, place.url);
    expect(about(found, 'The service runs at')?.level).toBe('OK');
    expect(found.filter(({ part }) => part === 'discord')[0]?.title).toContain('Connected as palate');
    expect(about(found, 'Its commands are registered')).toMatchObject({ part: 'discord', level: 'OK' });
    const keyless = await look({ ...environment, PALATE_ADMIN_KEY: 'not-the-key-of-this-service' }, place.url);
    expect(about(keyless, 'could not be asked about its plugins')?.level).toBe('PROBLEM');
  });

  it('says so when nothing, or something else, answers where it was said to be', async () => {
    const other = await listening(createServer((_, response) => response.end('<p>hello</p>')));
    expect(about(await look({}, `http://127.0.0.1:${other}`), 'is no Palate')?.level).toBe('PROBLEM');
    const nothing = about(await look({}, 'http://127.0.0.1:1'), 'Nothing answers at http://127.0.0.1:1');
    expect(nothing?.level).toBe('PROBLEM');
  });
});

it('palate doctor ends with status 1 where there are problems, and with 0 where there are none', async () => {
  const run = (environment: Record<string, string>, ...flags: string[]) =>
    new Promise<{ code: number; stdout: string }>((resolve) => {
      const env = { ...process.env, PALATE_DATA: folder, PALATE_URL: '', PALATE_PORT: '0', ...environment };
      execFile(process.execPath, [MAIN, 'doctor', ...flags], { cwd: ROOT, env }, (error, stdout) =>
        resolve({ code: Number(error?.code ?? 0), stdout }),
      );
    });
  const well = await run({ PALATE_MODEL: MODEL }, '--json');
  expect(JSON.parse(well.stdout)).toMatchObject({ problems: 0, findings: expect.any(Array) });
  expect(well.code).toBe(0);
  const ill = await run({ PALATE_MODEL: '/nowhere.gguf' });
  expect(ill.code).toBe(1);
  expect(ill.stdout).toMatch(/^problem {2}.*nowhere\.gguf/m);
  expect(ill.stdout).toMatch(/\n1 problem, /);
});
