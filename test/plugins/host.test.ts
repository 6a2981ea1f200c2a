import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACT, openPluginFixture, type PluginFixture } from './fixture.js';

let place: PluginFixture;

/** A plugin's file: `body` is what its start does; it runs with `context` in scope. */
const file = (name: string, body: string, config = '') => `
  import { definePlugin, PluginSetupError, secret, z } from ${JSON.stringify(CONTRACT)};
  export default definePlugin({
    name: '${name}', version: '1.0.0', platform: '${name}',
    configSchema: z.object({ ${config} }),
    async start(context) { ${body}; return { stop: () => {}, health: () => ({ ok: true }) }; },
  });`;

const filesOf = (plugins: Record<string, [body: string, config?: string]>) =>
  Object.fromEntries(
    Object.entries(plugins).map(([name, [body, config]]) => [`${name}.mjs`, file(name, body, config)]),
  );

const said = (plugin: string, message: string) =>
  place.log.findLast((line) => line.plugin === plugin && String(line.msg).includes(message));

/** What a plugin does at its first start only, the row telling the second one. */
const AT_FIRST = `const first = async () => {
    const seen = await context.storage.get('seen');
    await context.storage.set('seen', 'yes');
    return seen === null;
  };
  if (await first()) `;

const WEAK: [name: string, failure: string, message: string, ownProcessOnly?: boolean][] = [
  ['throws', `throw new Error('broken at first')`, 'broken at first'],
  ['unwell', `return { stop() {}, health: () => ({ ok: false, message: 'the line is dead' }) }`, 'the line is dead'],
  ['silent', `return { stop() {}, health: () => new Promise(() => {}) }`, 'no answer'],
  ['crashes', `setTimeout(() => { throw new Error('broken later') }, 30)`, 'broken later', true],
  ['rejects', `void Promise.reject(new Error('broken promise'))`, 'broken promise', true],
  ['exits', `process.exit(3)`, 'status 3', true],
  ['spins', `setTimeout(() => { for (;;); }, 30)`, 'no answer', true],
];

describe.each(['IN_PROCESS', 'OWN_PROCESS'] as const)('%s', (placement) => {
  const weak = WEAK.filter(([, , , ownProcessOnly]) => !ownProcessOnly || placement === 'OWN_PROCESS');
  beforeAll(async () => {
    const files = filesOf({
      worker: [
        `const answers = {};
        const attempt = async (name, work) => { answers[name] = await work().then((x) => x ?? 'done', (e) => e.code); };
        const ask = (platform) => ({ member: { platform, externalId: 'ada' }, prompt: 'hello', maxTokens: 3 });
        await attempt('own', async () => (await context.client.viewer()).platform);
        await attempt('generate', async () => (await context.client.generate(ask('worker'))).candidates.length);
        await attempt('other', () => context.client.generate(ask('slack')));
        await attempt('admin', () => context.client.request('{ plugins { name } }'));
        for (const row of ['a/1', 'a/2', 'a/3', 'b']) await context.storage.set(row, 'row ' + row);
        await context.storage.delete('a/3');
        answers.rows = []; for await (const row of context.storage.list('a/')) answers.rows.push(row);
        answers.missing = await context.storage.get('a');
        context.log.info('answers', answers);
        context.signal.addEventListener('abort', () => context.log.info('told to end'))`,
      ],
      picky: [
        `if (context.config.token !== 'right') throw new PluginSetupError('The platform refuses ' + context.config.token)`,
        `token: secret('The token.')`,
      ],
      stubborn: [`return { stop: () => new Promise(() => {}), health: () => ({ ok: true }) }`],
      late: [`await new Promise(() => {})`],
      ...Object.fromEntries(weak.map(([name, failure]) => [name, [AT_FIRST + failure] as [string]])),
    });
    const names = Object.keys(files).map((name) => name.replace('.mjs', ''));
    place = await openPluginFixture({
      plugins: Object.keys(files),
      files,
      placements: Object.fromEntries(names.map((name) => [name, placement])),
      limits: { pageSizeDefault: 1, pageSizeMaximum: 1 },
      // A process of its own takes a while to start where many do at once.
      times: { health: 500, stop: 300, start: placement === 'OWN_PROCESS' ? 20_000 : 1_000 },
    });
  });
  afterAll(() => place.close());

  it('acts for its platform only, keeps rows, and stops', async () => {
    await place.until('worker', (plugin) => plugin.status === 'RUNNING' && plugin.placement === placement);
    expect(said('worker', 'answers')).toMatchObject({
      own: 'worker',
      generate: 2,
      other: 'FORBIDDEN',
      admin: 'FORBIDDEN',
      rows: [
        { key: 'a/1', value: 'row a/1' },
        { key: 'a/2', value: 'row a/2' },
      ],
      missing: null,
    });
    const { stopPlugin } = await place.admin.request(
      'mutation { stopPlugin(name: "worker") { status message restarts enabled } }',
    );
    expect(stopPlugin).toEqual({ status: 'STOPPED', message: null, restarts: 0, enabled: false });
    expect(said('worker', 'told to end')).toBeDefined();
    // Another bot's rows are not the admin's.
    expect(await place.admin.request('{ storage(prefix: "") { key } }')).toEqual({ storage: [] });
  });

  it.each(weak)('is started again when it %s', async (name, _, message) => {
    const again = await place.until(name, ({ status, restarts }) => status === 'RUNNING' && restarts > 0);
    expect(again).toMatchObject({ enabled: true, restarts: 1 });
    expect(said(name, message)).toBeDefined();
    // The service never noticed.
    expect(await place.admin.pool()).toMatchObject({ ready: true });
  });

  it('waits for better settings when it says that they are wrong', async () => {
    const { message } = await place.plugin('picky');
    expect(message).toContain('it needs "Token"');
    const set = (value: string) =>
      place.admin.request(
        `mutation ($value: String!) {
          configurePlugin(name: "picky", input: { values: [{ name: "token", value: $value }] }) { status }
        }`,
        { value },
      );
    await set('wrong-token');
    const refused = await place.until('picky', ({ status }) => status === 'UNCONFIGURED');
    expect(refused.message).toBe('The platform refuses [secret]');
    await set('right');
    await place.until('picky', ({ status }) => status === 'RUNNING');
    expect(JSON.stringify(place.log)).not.toContain('wrong-token');
  });

  it('is ended when it does not end by itself', async () => {
    await place.until('stubborn', ({ status }) => status === 'RUNNING');
    const { stopPlugin } = await place.admin.request('mutation { stopPlugin(name: "stubborn") { status } }');
    expect(stopPlugin).toEqual({ status: 'STOPPED' });
    expect(said('stubborn', 'did not stop cleanly')).toBeDefined();
  });

  it('is given up when it takes too long to start', async () => {
    // A stop does not wait for the start either.
    if (placement === 'IN_PROCESS') {
      const waiting = await place.until('late', ({ restarts }) => restarts > 0);
      expect(said('late', 'had not started')).toBeDefined();
      expect(waiting.startedAt).toBeNull();
    }
    await place.admin.request('mutation { stopPlugin(name: "late") { status } }');
    expect(await place.plugin('late')).toMatchObject({ status: 'STOPPED' });
  });
});

describe('settings', () => {
  const config = `token: secret('The token.'), port: z.int().min(1).default(80).describe('The port.'),
    mode: z.enum(['calm', 'loud']).optional(), words: z.array(z.string()).optional()`;
  const told: [string, string] = [`context.log.info('configured', { config: context.config })`, config];
  const plugins = ['kept.mjs', 'checked.mjs', 'outside.mjs'];
  const environment = { PALATE_PLUGIN_OUTSIDE_TOKEN: 'from-outside', PALATE_PLUGIN_CHECKED_MODE: 'calm' };
  const configure = async (name: string, values: { name: string; value: string | null }[]) => {
    const { configurePlugin } = await place.admin.request(
      `mutation ($name: String!, $values: [PluginValueInput!]) {
        configurePlugin(name: $name, input: { values: $values }) {
          status fields { name title type required secret choices default isSet value description }
        }
      }`,
      { name, values },
    );
    return configurePlugin;
  };
  beforeAll(async () => {
    place = await openPluginFixture({
      plugins,
      files: filesOf({ kept: told, checked: told, outside: told }),
      environment,
    });
  });
  afterAll(() => place.close());

  it.each([
    [[{ name: 'port', value: 'many' }], 'BAD_USER_INPUT', '"Port" must be a whole number'],
    [[{ name: 'port', value: '0' }], 'BAD_USER_INPUT', '"Port": '],
    [[{ name: 'words', value: '{' }], 'BAD_USER_INPUT', '"Words" must be JSON'],
    [[{ name: 'words', value: '"word"' }], 'BAD_USER_INPUT', '"Words": '],
    [[{ name: 'words', value: '[1]' }], 'BAD_USER_INPUT', '"Words".0: '],
    [[{ name: 'nothing', value: 'x' }], 'BAD_USER_INPUT', 'no setting "nothing"'],
    [[{ name: 'mode', value: 'loud' }], 'CONFLICT', '"Mode" is set by PALATE_PLUGIN_CHECKED_MODE'],
  ])('refuse %j', async (values, code, message) => {
    await expect(configure('checked', values)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await place.plugin('checked')).toMatchObject({ status: 'UNCONFIGURED' });
  });

  it('that are missing keep it from being started', async () => {
    await expect(place.admin.request('mutation { startPlugin(name: "checked") { status } }')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('it needs "Token"'),
    });
  });

  it('come from the environment before anything else', async () => {
    const { fields } = await place.until('outside', ({ status }) => status === 'RUNNING');
    expect(fields.find(({ name }) => name === 'token')).toMatchObject({
      isSet: true,
      value: null,
      fromVariable: 'PALATE_PLUGIN_OUTSIDE_TOKEN',
    });
    expect(said('outside', 'configured')?.config).toEqual({ token: '[secret]', port: 80 });
    // Nothing secret was stored so far, so no key was needed.
    await expect(readFile(join(place.folder, 'secret-key'))).rejects.toThrow('ENOENT');
  });

  it('are described, kept, and secret ones never come back', async () => {
    const values = [
      { name: 'token', value: 'hush-hush-0815' },
      { name: 'words', value: '["a","b"]' },
    ];
    expect(await configure('kept', values)).toMatchObject({
      fields: [
        {
          name: 'token',
          title: 'Token',
          type: 'STRING',
          required: true,
          secret: true,
          isSet: true,
          value: null,
          description: 'The token.',
        },
        { name: 'port', type: 'INTEGER', required: false, default: '80', isSet: false, value: null },
        { name: 'mode', type: 'STRING', choices: ['calm', 'loud'] },
        { name: 'words', type: 'JSON', value: '["a","b"]' },
      ],
    });
    await place.until('kept', ({ status }) => status === 'RUNNING');
    expect(said('kept', 'configured')?.config).toEqual({ token: '[secret]', port: 80, words: ['a', 'b'] });
    expect(JSON.stringify(place.log)).not.toContain('hush-hush-0815');
    expect((await stat(join(place.folder, 'secret-key'))).mode & 0o777).toBe(0o600);

    await place.stop();
    place = await openPluginFixture({ plugins, environment, folder: place.folder });
    await place.until('kept', ({ status }) => status === 'RUNNING');
  });

  it('that the present key does not open are asked for again', async () => {
    await place.stop();
    await rm(join(place.folder, 'secret-key'));
    place = await openPluginFixture({ plugins, environment, folder: place.folder });
    const { status, message } = await place.plugin('kept');
    expect(status).toBe('UNCONFIGURED');
    expect(message).toContain('"Token" cannot be decrypted');
    await configure('kept', [{ name: 'token', value: 'hush-again' }]);
    await place.until('kept', (plugin) => plugin.status === 'RUNNING');
  });
});

describe('variables that set nothing', () => {
  afterEach(() => place.close());

  it('are refused by name, and the plugin waits', async () => {
    const environment = {
      PALATE_PLUGIN_STRAY_TOKNE: 'x',
      PALATE_PLUGIN_STRAY_TOKEN: 'y',
      PALATE_PLUGIN_STARY_TOKEN: 'z',
    };
    const files = filesOf({ stray: ['', `token: secret('The token.')`] });
    place = await openPluginFixture({ plugins: ['stray.mjs'], files, environment });
    const { status, message } = await place.until('stray', (plugin) => plugin.status === 'UNCONFIGURED');
    expect(status).toBe('UNCONFIGURED');
    expect(message).toContain('PALATE_PLUGIN_STRAY_TOKNE sets nothing; did you mean PALATE_PLUGIN_STRAY_TOKEN?');
    expect(said('stray', 'PALATE_PLUGIN_STRAY_TOKNE')).toMatchObject({ level: 50 });
    expect(place.log.find(({ msg }) => String(msg).startsWith('PALATE_PLUGIN_STARY_TOKEN sets nothing'))).toBeDefined();
  });
});

describe('what a plugin opened', () => {
  const OPENS = `
    for (const name of ['a', 'b']) {
      await context.storage.set(name, 'open');
      context.onEnd(name, () => context.log.info('closed ' + name));
    }
    context.onEnd('c', () => { throw new Error('c cannot be closed'); });`;
  const closed = (plugin: string) =>
    place.log.filter((line) => line.plugin === plugin && String(line.msg).startsWith('closed')).map(({ msg }) => msg);
  const plugins = ['stops', 'fails', 'hangs', 'refused'];

  it.each(['IN_PROCESS', 'OWN_PROCESS'] as const)('is let go of, the last first, %s', async (placement) => {
    const files = filesOf({
      stops: [OPENS],
      fails: [`${OPENS} throw new Error('not today')`],
      hangs: [`${OPENS} context.log.info('Waiting for the platform'); await new Promise(() => {})`],
      refused: [
        `${OPENS} return { stop() {}, health() { throw new PluginSetupError('The token was revoked. Set another.') } }`,
      ],
    });
    place = await openPluginFixture({
      plugins: Object.keys(files),
      files,
      placements: Object.fromEntries(plugins.map((name) => [name, placement])),
      times: { start: placement === 'OWN_PROCESS' ? 25_000 : 4_000, firstRestart: 600_000, longestRestart: 600_000 },
    });
    // However long processes take to begin on a busy machine.
    const until = async (name: string, wanted: string) => {
      for (;;) {
        const now = await place.plugin(name);
        if (now.status === wanted) return now;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    try {
      await until('stops', 'RUNNING');
      await place.admin.stopPlugin('stops');
      await until('fails', 'WAITING');
      const late = await until('hangs', 'WAITING');
      expect(late.message).toMatch(/It had not started after \d+ seconds. The last it said: Waiting for the platform/);
      // Settings that are refused while it runs: it waits for others.
      const refused = await until('refused', 'UNCONFIGURED');
      expect(refused.message).toBe('The token was revoked. Set another.');
      for (const name of plugins) {
        while (closed(name).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
        expect(closed(name)).toEqual(['closed b', 'closed a']);
        expect(said(name, 'did not let go of c')).toBeDefined();
      }
    } finally {
      await place.close();
    }
  });

  it('is no reason to start anew while it recovers by itself', async () => {
    const body = `const began = Date.now();
      return { stop() {}, health: () => ({ ok: Date.now() - began > 2_000, message: 'away', recovers: true }) }`;
    place = await openPluginFixture({ plugins: ['away.mjs'], files: filesOf({ away: [body] }) });
    try {
      await place.until('away', ({ status }) => status === 'UNWELL');
      expect(await place.until('away', ({ status }) => status === 'RUNNING')).toMatchObject({ restarts: 0 });
    } finally {
      await place.close();
    }
  });
});

describe('loading', () => {
  afterEach(() => place.close());

  it('tells of what cannot be loaded, and goes on', async () => {
    const broken: Record<string, [text: string, reason: string]> = {
      'missing.mjs': ['', 'there is no plugin at'],
      'throws.mjs': ['throw new Error("not today")', 'not today'],
      'empty.mjs': ['export const x = 1', 'exports no plugin'],
      'name.mjs': [file('Bad Name', ''), 'its name must be lower case'],
      'schema.mjs': [
        file('schema', '').replace(/configSchema: .*/, 'configSchema: 1,'),
        'configSchema must be a schema',
      ],
      'twice.mjs': [file('good', ''), 'another plugin is named "good"'],
    };
    const files = Object.fromEntries(Object.entries(broken).flatMap(([name, [text]]) => (text ? [[name, text]] : [])));
    const good = { 'good.mjs': file('good', '') };
    place = await openPluginFixture({ plugins: ['good.mjs', ...Object.keys(broken)], files: { ...files, ...good } });
    for (const [name, [, reason]] of Object.entries(broken)) {
      const plugin = await place.plugin(`./${name}`);
      expect(plugin).toMatchObject({ status: 'BROKEN', version: null, message: expect.stringContaining(reason) });
    }
    await place.until('good', ({ status }) => status === 'RUNNING');
    await expect(place.admin.request('mutation { startPlugin(name: "throws") { status } }')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('tells every change of every plugin', async () => {
    place = await openPluginFixture({ plugins: ['a.mjs'], files: { 'a.mjs': file('watched', '') } });
    await place.until('watched', ({ status }) => status === 'RUNNING');
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const plugin of place.services.plugins.watch(stop.signal)) seen.push(plugin.status);
    })();
    await place.admin.request('mutation { stopPlugin(name: "watched") { status } }');
    await place.admin.request('mutation { startPlugin(name: "watched") { status } }');
    await place.until('watched', ({ status }) => status === 'RUNNING');
    stop.abort();
    await watching;
    expect(seen).toEqual(['RUNNING', 'STOPPING', 'STOPPED', 'STARTING', 'RUNNING']);
  });
});
