/** Every step of the service's start fails in turn, or is given up there: nothing of it is left behind. And a stop ends the process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.js';
import { loadSettings } from '../../src/common/config.js';
import { lockFolder } from '../../src/store/folder-lock.js';
import { writeTinyModel } from '../language-model/gguf-writer.js';
import { CONTRACT } from '../plugins/fixture.js';
import { MAIN } from '../support/compiled.mjs';

const log = pino({ level: 'silent' });

let folder: string;
let data: string;
let model: string;
let taken: Server;

/** A plugin that keeps a process alive and does not stop. */
const CLINGING = `
  import { createServer } from 'node:http';
  import { definePlugin, z } from ${JSON.stringify(CONTRACT)};
  export default definePlugin({
    name: 'clinging', version: '1.0.0', platform: 'clinging', configSchema: z.object({}),
    async start() {
      setInterval(() => {}, 1_000);
      await new Promise((resolve) => createServer().listen(0, '127.0.0.1', resolve));
      return { stop: () => new Promise(() => {}), health: () => ({ ok: true, message: 'Clinging.' }) };
    },
  });`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-starts-'));
  data = join(folder, 'data');
  model = join(folder, 'tiny.gguf');
  await writeTinyModel(model, { seed: 3, format: 'F32' });
  await writeFile(join(folder, 'clinging.mjs'), CLINGING);
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await new Promise((resolve) => taken.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const start = (flags: Record<string, unknown> = {}, signal?: AbortSignal): Promise<App> => {
  const all = { data, model, port: 0, threads: 1, plugins: 'none', ...flags };
  return startApp({ settings: loadSettings({ flags: all, environment: {} }), log, signal });
};

/** What keeps this process alive, as far as a service opens it: threads, listeners, folders. */
function open(): string[] {
  const kinds = ['MessagePort', 'TCPServerWrap', 'FSEventWrap', 'ProcessWrap', 'PipeWrap'];
  const found = process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind));
  return [...found, ...(existsSync(join(data, 'lock')) ? ['lock'] : [])].sort();
}

describe('a start that fails', () => {
  const port = () => (taken.address() as AddressInfo).port;
  const cases: [step: string, fail: () => unknown, flags?: () => Record<string, unknown>, message?: RegExp][] = [
    ['the data folder', () => {}, () => ({ data: join(model, 'inside') }), /data folder cannot be made/],
    ['the model', () => {}, () => ({ model: join(folder, 'none.gguf') }), /none\.gguf/],
    ['the checkpoint', () => {}, () => ({ checkpoint: join(folder, 'none.palate') }), /none\.palate/],
    ['the lock', () => hold(), () => ({}), /is in use by/],
    ['the model’s worker', () => writeFile(join(data, 'cache'), 'no folder'), () => ({})],
    ['the port', () => {}, () => ({ port: port() }), /listens on 127\.0\.0\.1 port/],
  ];
  let held: Awaited<ReturnType<typeof lockFolder>> | undefined;
  const hold = async () => {
    held = await lockFolder(data);
  };

  it.each(cases)('at %s leaves nothing open', async (_, fail, flags, message = /./) => {
    await mkdir(data, { recursive: true });
    await rm(join(data, 'cache'), { recursive: true, force: true });
    const before = open();
    await fail();
    await expect(start(flags?.())).rejects.toThrow(message);
    await held?.release();
    held = undefined;
    await rm(join(data, 'cache'), { recursive: true, force: true });
    expect(open()).toEqual(before);
  });

  it('given up at any of its steps leaves nothing open, and the next one works', async () => {
    const before = open();
    let steps = 0;
    for (; ; steps++) {
      const controller = new AbortController();
      let left = steps;
      // The start looks at its signal before each step; here it is given up at one of these looks.
      const throwIfAborted = () => {
        if (left-- === 0) controller.abort(new Error('given up'));
        AbortSignal.prototype.throwIfAborted.call(controller.signal);
      };
      const outcome = await start({}, Object.assign(controller.signal, { throwIfAborted })).catch((error) => error);
      if (!(outcome instanceof Error)) {
        await outcome.stop();
        break;
      }
      expect(outcome.message).toBe('given up');
      expect(open()).toEqual(before);
    }
    expect(steps).toBeGreaterThan(4);
    expect(open()).toEqual(before);
  });
});

describe('the process', () => {
  const run = (plugins: string, port = 0) => {
    const flags = ['--port', String(port), '--data', data, '--model', model, '--plugins', plugins, '--threads', '1'];
    return spawn(process.execPath, [MAIN, 'start', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  };

  it('ends after its stop, also when a plugin ignores it', async () => {
    const child = run(join(folder, 'clinging.mjs'));
    child.stderr.resume();
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (line.includes('"Palate is ready"')) break;
    }
    child.stdout.resume();
    child.kill('SIGTERM');
    expect(await once(child, 'exit'), said.join('\n')).toEqual([0, null]);
    expect(existsSync(join(data, 'lock'))).toBe(false);
  });

  it('ends after a start that fails', async () => {
    const child = run(join(folder, 'clinging.mjs'), (taken.address() as AddressInfo).port);
    child.stdout.resume();
    let complaint = '';
    child.stderr.on('data', (text) => (complaint += text));
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(complaint).toMatch(/listens on 127\.0\.0\.1 port/);
  });
});
