/** The programs in examples/, run as somebody would who has installed the package, against a service with the real model. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from './e2e/gateway-process.js';
import { COMPILED, ROOT } from './support/compiled.mjs';

let folder: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-examples-'));
  await cp(join(ROOT, 'examples'), folder, { recursive: true });
  // The package, as far as programs see it: what it exports, and what that was compiled to.
  const palate = join(folder, 'node_modules/palate');
  await mkdir(palate, { recursive: true });
  await cp(join(ROOT, 'package.json'), join(palate, 'package.json'));
  await symlink(COMPILED, join(palate, 'dist'));
  await mkdir(join(folder, 'data'));
  gateway = await startGatewayProcess(join(folder, 'data'));
});
afterAll(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What the example prints. */
async function run(name: string, ...args: string[]): Promise<string> {
  const KEY = (await readFile(join(folder, 'data/admin-key'), 'utf8')).trim();
  const env = { ...process.env, PALATE_URL: gateway.url, KEY };
  return (await promisify(execFile)(process.execPath, [join(folder, name), ...args], { env })).stdout;
}

it('asks, votes, and finds who has voted', { timeout: 300_000 }, async () => {
  const said = await run('ask-and-vote.mjs', 'Tell me about owls.');
  expect(said).toMatch(/^- /m);
  expect(said).toMatch(/^SUCCEEDED \d+/m);
  expect(said).toContain('version 1');
  expect(await run('who-has-voted.mjs')).toBe('example/ada: version 1\n');
});

it('runs every program that is there', async () => {
  const programs = (await readdir(join(ROOT, 'examples'))).filter((name) => name.endsWith('.mjs'));
  const own = await readFile(join(ROOT, 'test/examples.test.ts'), 'utf8');
  expect(programs.filter((name) => !own.includes(`run('${name}'`))).toEqual([]);
});
