/** `npm run dev` as it is run: the service from the sources, and again when one of them changes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { writeTinyModel } from '../language-model/gguf-writer.js';
import { prepareDatabase } from '../store/template.js';
import { ROOT } from '../support/compiled.mjs';
import { freePort } from '../support/free-port.js';

it('runs the service from its sources, starts it again when one changes, and ends with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palate-dev-'));
  const port = await freePort();
  const model = join(folder, 'tiny.gguf');
  await writeTinyModel(model);
  await prepareDatabase(folder);
  // As people have it: nothing was compiled before.
  const { TEST_COMPILED: _, ...environment } = process.env;
  const flags = ['--data', folder, '--model', model, '--plugins', 'none'];
  const dev = spawn(process.execPath, ['dev/main.mjs', ...flags], {
    cwd: ROOT,
    env: { ...environment, PALATE_PORT: String(port), PALATE_ADMIN_KEY: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  dev.stdout.on('data', (data) => {
    said += data;
  });
  const ready = async (times: number) => {
    while (said.split('"Palate is ready').length <= times) {
      if (dev.exitCode !== null) throw new Error(`It has ended:\n${said}`);
      await delay(50);
    }
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
  };
  try {
    expect(await ready(1)).toBe(200);
    const source = join(ROOT, 'src/app.ts');
    const { atime } = await stat(source);
    await utimes(source, atime, new Date());
    expect(await ready(2)).toBe(200);
  } finally {
    const ended = dev.exitCode === null ? once(dev, 'exit') : [dev.exitCode];
    dev.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow();
    await rm(folder, { recursive: true });
  }
});
