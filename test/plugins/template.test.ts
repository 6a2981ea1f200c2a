/** The template in examples/, copied to a place of its own; loaded by plain Node, as the service does. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { COMPILED } from '../support/compiled.mjs';

const here = (path: string) => join(import.meta.dirname, path);
const LOADER = pathToFileURL(join(COMPILED, 'src/plugins/loader.js')).href;

it('is loaded from its folder, finds what it imports, and says that its token is the example', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palate-template-'));
  try {
    await cp(here('../../examples/plugin-template'), folder, { recursive: true });
    const script = `
      import { loadPlugin } from ${JSON.stringify(LOADER)};
      const { plugin, fields } = await loadPlugin(${JSON.stringify(folder)}, '/', 20000);
      const log = { debug() {}, info() {} };
      const storage = { async *list() {} };
      const start = (token) => plugin.start({ config: { token, greeting: 'Hi' }, log, storage });
      const refusal = await start('change me').catch((error) => error.name);
      console.log(JSON.stringify({ name: plugin.name, fields: fields.map(({ name }) => name), refusal, health: (await start('real')).health() }));`;
    const args = ['--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(JSON.parse(stdout)).toEqual({
      name: 'mine',
      fields: ['token', 'greeting'],
      refusal: 'PluginSetupError',
      health: { ok: true, message: 'Connected.' },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
