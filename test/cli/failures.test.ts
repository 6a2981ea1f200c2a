import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAIN } from '../support/compiled.mjs';

/** Runs the command line in an empty folder. */
function palate(
  args: string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; error: string; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'palate-cli-'));
  writeFileSync(join(folder, 'broken.gguf'), 'GGUF but no more than that');
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^PALATE_|^DATABASE_URL$/.test(name)),
  );
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    // A service of somebody else may have the usual port.
    env: { ...inherited, PALATE_PORT: '0', ...environment },
  });
  let error = '';
  let output = '';
  child.stderr.on('data', (data) => {
    error += data;
  });
  child.stdout.on('data', (data) => {
    output += data;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, error, output })));
}

it.each([
  ['a port that is none', ['start', '--port', 'http'], {}, /^palate: --port is not usable/],
  [
    'a model that is not there',
    ['start', '--model', 'nowhere.gguf'],
    {},
    /^palate: There is no language model to serve: .*nowhere\.gguf, which --model names, does not exist/,
  ],
  [
    'a model to train for that is not there',
    ['pretrain', '--model', 'nowhere.gguf'],
    { PALATE_MODEL: 'broken.gguf' },
    /^palate: There is no language model to serve: .*nowhere\.gguf, which --model names, does not exist/,
  ],
  [
    'a checkpoint to go on from by no step',
    ['pretrain', '--from', 'a.clap.safetensors'],
    {},
    /^palate: --from is for --response-steps: say how many of them\.\n$/,
  ],
  [
    'a weight that is none',
    ['pretrain', '--drift-weight', '-1'],
    {},
    /^error: option '--drift-weight <number>' argument '-1' is invalid\. It must be a number from 0 on\.\n$/,
  ],
  ['a model that is none', ['start'], { PALATE_MODEL: 'broken.gguf' }, /^palate: .*broken\.gguf/],
  [
    'a variable that is no setting',
    ['start'],
    {
      PALATE_PROT: '4001',
      PALATE_PUBLICURL: 'https://palate.example',
      PALATE_COLOUR: 'red',
      PALATE_URL: '',
      PALATE_EMPTY: '',
    },
    /^palate: PALATE_COLOUR is no setting\. PALATE_PROT is no setting; did you mean PALATE_PORT\? PALATE_PUBLICURL is no setting; did you mean PALATE_PUBLIC_URL\?/,
  ],
  [
    'a plugin whose name is misspelt',
    ['start', '--plugins', 'discrod,slack'],
    { PALATE_PLUGINS: 'none' },
    /^palate: --plugins names the plugin discrod: .*did you mean discord\?\n$/,
  ],
  [
    'plugins that are not there',
    ['start'],
    { PALATE_PLUGINS: 'palate-plugin-mine,./mine.js' },
    /^palate: PALATE_PLUGINS names the plugin palate-plugin-mine: .*"npm install palate-plugin-mine"\. PALATE_PLUGINS names the plugin \.\/mine\.js: .*\/mine\.js\. Correct the path\.\n$/,
  ],
  [
    'a device to choose',
    ['start'],
    { PALATE_DEVICE: 'cuda' },
    /^palate: PALATE_DEVICE does nothing yet: .* Remove it\.\n$/,
  ],
  ['a bus to join', ['start'], { NATS_URL: 'nats://bus' }, /^palate: NATS_URL does nothing yet: .* Remove it\.\n$/],
  [
    'a database server that is away',
    ['key', 'list'],
    { DATABASE_URL: 'postgresql://palate@127.0.0.1:1/palate' },
    /^palate: The database at postgresql:\/\/palate@127\.0\.0\.1:1\/palate cannot be used \(.*ECONNREFUSED/,
  ],
  ['no key to talk with', ['chat'], {}, /^palate: There is no key: .*PALATE_ADMIN_KEY/],
  [
    'an address that is none',
    ['chat', '--url', 'http://'],
    { PALATE_ADMIN_KEY: 'a-key-of-sixteen-or-more' },
    /^palate: "http:\/\/" is no address/,
  ],
  [
    'a gateway that does not answer, where the variable for another one is empty',
    ['chat'],
    { PALATE_ADMIN_KEY: 'a-key-of-sixteen-or-more', PALATE_PORT: '1', PALATE_URL: '' },
    /^palate: http:\/\/127\.0\.0\.1:1\S* does not answer/,
  ],
])('says in words what is wrong with %s', async (_, args, environment, message) => {
  const { code, error } = await palate(args, environment);
  expect(error).toMatch(message);
  expect(error).not.toMatch(/\n {4}at /);
  expect(code).toBe(1);
});

it('says that a port is taken before it looks for a model', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { code, error } = await palate(['start', '--port', String(port), '--model', 'nowhere.gguf']);
  expect(error).toMatch(new RegExp(`^palate: Another program listens on 127\\.0\\.0\\.1 port ${port}`));
  expect(code).toBe(1);
  await new Promise((resolve) => server.close(resolve));
});

it('says that nobody answers, and how to change that', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { code, error } = await palate(['chat'], {
    PALATE_ADMIN_KEY: 'a-key-of-sixteen-or-more',
    PALATE_PORT: String(port),
  });
  expect(error).toMatch(/^palate: .*ECONNREFUSED.*npm start/);
  expect(code).toBe(1);
});

it('explains itself', async () => {
  const { code, output } = await palate(['start', '--help']);
  expect(output).toContain('PALATE_MODEL');
  expect(code).toBe(0);
});
