/** What plugins find about their settings, in both places they can run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACT, openPluginFixture, type PluginFixture } from './fixture.js';

/** A plugin's file: `look` is what its diagnosis does; it runs with `context` in scope. */
const file = (name: string, look: string, start = '') => `
  import { definePlugin, secret, z } from ${JSON.stringify(CONTRACT)};
  export default definePlugin({
    name: '${name}', version: '1.0.0', platform: '${name}',
    configSchema: z.object({ token: secret('The token.') }),
    async start(context) { ${start}; return { stop: () => {}, health: () => ({ ok: true, message: 'Connected.' }) }; },
    ${look ? `async diagnose(context) { ${look} },` : ''}
  });`;

const FILES = {
  'thorough.mjs': file(
    'thorough',
    `const rows = []; for await (const { key } of context.storage.list('')) rows.push(key);
     context.log.info('looked with ' + context.config.token);
     return [
       { level: 'OK', title: 'It keeps ' + rows.join() + ' = ' + (await context.storage.get('seen')) },
       { level: 'WARNING', title: 'It may write: ' + ('set' in context.storage) },
       { level: 'PROBLEM', title: 'The token ' + context.config.token + ' is known', advice: 'Not ' + context.config.token },
     ];`,
    `await context.storage.set('seen', 'yes')`,
  ),
  'quiet.mjs': file('quiet', ''),
  'failing.mjs': file('failing', `throw new Error('no network for ' + context.config.token)`),
  'slow.mjs': file('slow', `await new Promise(() => {})`),
  'odd.mjs': file('odd', `return [{ level: 'FINE', title: 'x' }]`),
  'broken.mjs': 'export default 1;',
};
const SECRET = 'a-token-that-nobody-reads';

describe.each(['IN_PROCESS', 'OWN_PROCESS'] as const)('%s', (placement) => {
  let place: PluginFixture;
  const names = Object.keys(FILES).map((name) => name.replace('.mjs', ''));
  beforeAll(async () => {
    place = await openPluginFixture({
      plugins: Object.keys(FILES),
      files: FILES,
      placements: Object.fromEntries(names.map((name) => [name, placement])),
      times: { diagnose: 1_000, start: 20_000 },
    });
  });
  afterAll(() => place.close());

  const secretSet = (name: string) => place.admin.configurePlugin(name, { values: [{ name: 'token', value: SECRET }] });

  it('says which settings are missing, and asks the plugin nothing', async () => {
    const findings = await place.admin.diagnosePlugin('thorough');
    // Nothing is set at all: that may be meant so.
    expect(findings).toMatchObject([{ level: 'WARNING', title: expect.stringContaining('it needs "Token"') }]);
  });

  it('tells what the plugin finds, without its secrets', async () => {
    await secretSet('thorough');
    await place.until('thorough', ({ status, message }) => status === 'RUNNING' && message !== null);
    const findings = await place.admin.diagnosePlugin('thorough');
    expect(findings).toEqual([
      { level: 'OK', title: 'Connected.', advice: null },
      { level: 'OK', title: 'It keeps seen = yes', advice: null },
      { level: 'WARNING', title: 'It may write: false', advice: null },
      { level: 'PROBLEM', title: 'The token [secret] is known', advice: 'Not [secret]' },
    ]);
    expect(JSON.stringify(place.log)).not.toContain(SECRET);
    expect(JSON.stringify(place.log)).toContain('looked with [secret]');
  });

  it('does not start one that is switched off', async () => {
    await place.admin.stopPlugin('quiet');
    await secretSet('quiet');
    expect(await place.admin.diagnosePlugin('quiet')).toMatchObject([
      { level: 'WARNING', title: 'The plugin is switched off.' },
    ]);
    expect((await place.plugin('quiet')).status).toBe('STOPPED');
  });

  it.each([
    ['failing', 'no network for [secret]'],
    ['slow', 'no answer after 1000 ms'],
    ['odd', 'no list of findings'],
  ])('says so when the check itself is %s', async (name, reason) => {
    await place.admin.stopPlugin(name);
    await secretSet(name);
    const [, found] = await place.admin.diagnosePlugin(name);
    expect(found).toMatchObject({ level: 'PROBLEM', title: expect.stringContaining(reason) });
  });

  it('says why a plugin could not be loaded, and that there is no other', async () => {
    const [found] = await place.admin.diagnosePlugin('./broken.mjs');
    expect(found).toMatchObject({ level: 'PROBLEM', title: expect.stringContaining('it exports no plugin') });
    await expect(place.admin.diagnosePlugin('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
