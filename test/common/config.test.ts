import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adminKeyFile, CONFIG_FILE, DEFAULT_LIMITS, loadSettings, localUrl } from '../../src/common/config.js';

function folderWith(file?: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'palate-config-'));
  if (file !== undefined)
    writeFileSync(join(folder, CONFIG_FILE), typeof file === 'string' ? file : JSON.stringify(file));
  return folder;
}

const load = (environment: Record<string, string>, flags = {}, file?: unknown) =>
  loadSettings({ environment, flags, folder: folderWith(file) });

describe('settings', () => {
  it('have the defaults of the contract', () => {
    const folder = folderWith();
    expect(loadSettings({ environment: {}, folder })).toEqual({
      host: '127.0.0.1',
      port: 4_000,
      data: join(folder, '.palate'),
      threads: 0,
      cleanUpMinutes: 10,
      textDays: 0,
      trustedTasteKeys: [],
      slots: 16,
      plugins: ['discord', 'slack'],
      allowedOrigins: [],
      log: 'info',
      limits: DEFAULT_LIMITS,
      origin: {},
    });
  });

  it('come from flags before variables, variables before the file, the file before defaults', () => {
    const file = { port: 1, host: 'from.file', slots: 3 };
    expect(load({ PALATE_PORT: '2', PALATE_HOST: 'from.environment' }, { port: '3' }, file)).toMatchObject({
      port: 3,
      host: 'from.environment',
      slots: 3,
    });
    expect(load({ PALATE_PORT: '' }, { port: undefined }, file)).toMatchObject({ port: 1 });
  });

  it('know what they were given by', () => {
    const file = { host: 'from.file', slots: 3, limits: { promptCharacters: 10 } };
    const { origin } = load(
      { PALATE_SLOTS: '2', PALATE_MODEL: 'a.gguf' },
      { model: 'b.gguf', publicUrl: 'http://a.org' },
      file,
    );
    expect(origin).toMatchObject({
      host: 'host in palate.config.json',
      slots: 'PALATE_SLOTS',
      model: '--model',
      publicUrl: '--public-url',
    });
    expect(origin.port).toBeUndefined();
  });

  it('take origins as browsers write them, and nothing else', () => {
    const origins = ' https://console.example, http://localhost:5173 ,';
    expect(load({ PALATE_ALLOWED_ORIGINS: origins }).allowedOrigins).toEqual([
      'https://console.example',
      'http://localhost:5173',
    ]);
    expect(load({}, {}, { allowedOrigins: ['https://console.example'] }).allowedOrigins).toHaveLength(1);
    for (const wrong of ['*', 'console.example', 'https://console.example/', 'https://a.example/page', 'null'])
      expect(() => load({ PALATE_ALLOWED_ORIGINS: wrong })).toThrow(/PALATE_ALLOWED_ORIGINS .*https:\/\/example.org/);
  });

  it('take an address for links that paths can be put behind', () => {
    const publicUrl = (url: string) => load({ PALATE_PUBLIC_URL: url }).publicUrl;
    expect(publicUrl('https://palate.example.org/chat/')).toBe('https://palate.example.org/chat');
    for (const url of ['https://a.org?b', 'https://a.org/#c', 'https://u:p@a.org', 'ftp://a.org', 'a.org']) {
      expect(() => publicUrl(url)).toThrow(/PALATE_PUBLIC_URL/);
    }
  });

  it('take numbers in digits, from variables too', () => {
    expect(load({ PALATE_CLEANUP_MINUTES: '0.5', PALATE_SLOTS: ' 3 ' })).toMatchObject({
      cleanUpMinutes: 0.5,
      slots: 3,
    });
  });

  it('read every variable of the contract', () => {
    const environment = {
      PALATE_HOST: '::',
      PALATE_PORT: '0',
      PALATE_DATA: '/var/lib/palate',
      PALATE_MODEL: 'hf:owner/repo/file.gguf',
      PALATE_ADMIN_KEY: 'a-key-of-sixteen-or-more',
      DATABASE_URL: 'postgres://db/palate',
    };
    expect(load(environment)).toMatchObject({
      host: '::',
      port: 0,
      data: '/var/lib/palate',
      model: 'hf:owner/repo/file.gguf',
      adminKey: 'a-key-of-sixteen-or-more',
      databaseUrl: 'postgres://db/palate',
    });
  });

  it('let the file change single limits', () => {
    expect(load({}, {}, { limits: { promptCharacters: 10 } }).limits).toEqual({
      ...DEFAULT_LIMITS,
      promptCharacters: 10,
    });
  });

  it.each([
    ['a variable', { PALATE_PORT: 'four thousand' }, {}, undefined, /^PALATE_PORT is not usable: .*number/],
    ['a flag', {}, { port: '70000' }, undefined, /^--port is not usable: .*65535/],
    ['a flag of two words', {}, { databaseUrl: '' }, undefined, /^--database-url is not usable/],
    ['an entry of the file', {}, {}, { host: 4 }, /^host in palate\.config\.json is not usable: .*string/],
    [
      'a limit',
      {},
      {},
      { limits: { promptCharacters: -1 } },
      /^limits\.promptCharacters in palate\.config\.json is not usable/,
    ],
    ['a number of spaces', { PALATE_PORT: ' ' }, {}, undefined, /^PALATE_PORT is not usable: .*number/],
    ['a number that is nothing', {}, {}, { textDays: null }, /^textDays in palate\.config\.json .*number/],
    ['a number that is yes', {}, {}, { slots: true }, /^slots in palate\.config\.json .*number/],
    [
      'a default above its maximum',
      {},
      {},
      { limits: { maxTokensMaximum: 64 } },
      /^limits\.maxTokensDefault .* it is 128; it must be from maxTokensMinimum \(1\) to maxTokensMaximum \(64\)/,
    ],
    ['a timer that overflows', {}, {}, { limits: { pickUpSeconds: 2_147_484 } }, /^limits\.pickUpSeconds .*86400/],
    ['an end that is no date', {}, {}, { limits: { memberTokenSeconds: 2 ** 52 } }, /^limits\.memberTokenSeconds /],
    ['a setting that does not exist', {}, {}, { prot: 1 }, /no setting "prot".*port/],
    ['a limit that does not exist', {}, {}, { limits: { prompt: 1 } }, /no setting "prompt".*promptCharacters/],
    [
      'a key that is easily guessed',
      { PALATE_ADMIN_KEY: 'secret' },
      {},
      undefined,
      /^PALATE_ADMIN_KEY .*16 characters/,
    ],
    [
      'a variable that does nothing yet',
      { NATS_URL: 'nats://bus' },
      {},
      undefined,
      /^NATS_URL does nothing yet: .*Remove/,
    ],
    [
      'an entry that does nothing yet',
      {},
      {},
      { device: 'cpu' },
      /^device in palate\.config\.json does nothing yet: .*/,
    ],
    ['a file that is not JSON', {}, {}, '{ port: 1 }', /is not JSON/],
    ['a file that is a list', {}, {}, [], /one JSON object/],
  ])('refuse %s that is wrong, by name', (_, environment, flags, file, message) => {
    expect(() => load(environment as Record<string, string>, flags, file)).toThrow(message);
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1', 4_000, 'http://127.0.0.1:4000'],
    ['0.0.0.0', 80, 'http://localhost:80'],
    ['::', 80, 'http://localhost:80'],
    ['::1', 80, 'http://[::1]:80'],
    ['palate.example', 443, 'http://palate.example:443'],
  ])('of %s port %i is %s', (host, port, url) => {
    expect(localUrl({ host, port })).toBe(url);
  });

  it('put the admin key into the data folder', () => {
    expect(adminKeyFile({ data: '/data' })).toBe(join('/data', 'admin-key'));
  });
});
