/** What `npm start` runs ends with npm: npm hands SIGTERM to its shell alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAIN } from '../support/compiled.mjs';
import { defaultModelPath } from '../support/model.js';

it('stops in good order when only the shell above it gets the signal', async () => {
  const data = await mkdtemp(join(tmpdir(), 'palate-npm-'));
  const command = `node '${MAIN}' start --port 0 --data '${data}' --plugins none`;
  // The shell stays, as npm's does: a last command alone would take its place.
  const shell = spawn('/bin/sh', ['-c', `${command}; exit $?`], {
    env: { ...process.env, PALATE_MODEL: await defaultModelPath(), PALATE_ADMIN_KEY: '', npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const has = (text: string) =>
    new Promise<void>((resolve) => {
      shell.stdout.on('data', (chunk) => {
        output += chunk;
        if (output.includes(text)) resolve();
      });
    });
  await has('Palate is ready');
  // Both the shell and the service hold the pipe: it ends when the last of them has.
  const ended = once(shell.stdout, 'end');
  shell.kill('SIGTERM');
  await ended;
  expect(output).toContain('Palate has stopped');
  await rm(data, { recursive: true, force: true });
});
