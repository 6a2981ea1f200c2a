/** The pure parts: what a secret is covered by, what sealed texts open to, which variable sets a field. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pluginVariable } from '../../src/common/config.js';
import { checkConfig, fieldsOf, givenSettings, strayVariables } from '../../src/plugins/configuration.js';
import { definePlugin, grouped, secret, z } from '../../src/plugins/contract.js';
import { prefixOf } from '../../src/plugins/extension.js';
import { redact } from '../../src/plugins/redact.js';
import { secretBox } from '../../src/plugins/secret-box.js';

describe('redact', () => {
  const cover = redact(['s3cret-token', 's3cret-token-longer', 'abc']);
  it.each([
    ['a text', 'use s3cret-token!', 'use [secret]!'],
    ['the longer of two', 's3cret-token-longer', '[secret]'],
    [
      'lists and objects',
      { a: ['s3cret-token', 1, null], b: { c: 'x s3cret-token' } },
      { a: ['[secret]', 1, null], b: { c: 'x [secret]' } },
    ],
    ['nothing short', 'abcdef', 'abcdef'],
    ['numbers', 5, 5],
  ])('covers %s', (_, value, expected) => {
    expect(cover<unknown>(value)).toEqual(expected);
  });

  it('covers errors', () => {
    const covered = String(cover<unknown>(new Error('no s3cret-token')));
    expect(covered).toContain('no [secret]');
    expect(covered).not.toContain('s3cret-token');
  });

  it('ends in what holds itself', () => {
    const value: Record<string, unknown> = { text: 's3cret-token' };
    value.self = value;
    expect(JSON.stringify(cover(value))).not.toContain('s3cret-token');
  });
});

describe('secretBox', () => {
  const box = secretBox(randomBytes(32));
  it('opens what it sealed, each time another text', () => {
    const [a, b] = [box.seal('ünïcode', 'here'), box.seal('ünïcode', 'here')];
    expect(a).not.toBe(b);
    expect(box.open(a, 'here')).toBe('ünïcode');
    expect(box.seal('', 'here')).toBeTruthy();
    expect(box.open(box.seal('', 'here'), 'here')).toBe('');
  });

  it('opens nothing else', () => {
    const sealed = box.seal('text', 'here');
    expect(box.open(sealed, 'elsewhere')).toBeNull();
    expect(secretBox(randomBytes(32)).open(sealed, 'here')).toBeNull();
    const bytes = Buffer.from(sealed, 'base64');
    for (const at of [0, 12, 28, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 1;
      expect(box.open(changed.toString('base64'), 'here')).toBeNull();
    }
    expect(box.open('', 'here')).toBeNull();
  });
});

it.each([
  ['discord', 'token', 'PALATE_PLUGIN_DISCORD_TOKEN'],
  ['my-bot', 'appToken', 'PALATE_PLUGIN_MY_BOT_APP_TOKEN'],
  ['a', 'oauth2Key', 'PALATE_PLUGIN_A_OAUTH2_KEY'],
])('the variable of %s.%s is %s', (plugin, field, variable) => {
  expect(pluginVariable(plugin, field)).toBe(variable);
});

it.each([
  ['hello', 'Hello'],
  ['my-bot', 'MyBot'],
  ['my-2nd-bot', 'My2ndBot'],
])('types of %s begin with %s', (name, prefix) => {
  expect(prefixOf(name)).toBe(prefix);
});

describe('variables', () => {
  const fields = fieldsOf(
    z.object({
      ...grouped('How it connects', { botToken: secret('The token.').optional(), port: z.int().default(3) }),
      api: z.url().optional().meta({ title: 'Address' }),
      publicUrl: z.url().default('https://example.org'),
    }),
  );
  const nothing = { values: {}, secrets: {} };
  const read = (environment: Record<string, string>) => {
    const { texts, variables } = givenSettings('slack', fields, nothing, environment);
    return { texts: Object.fromEntries(texts), variables: Object.fromEntries(variables) };
  };

  it.each(['PALATE_PLUGIN_SLACK_BOT_TOKEN', 'PALATE_PLUGIN_SLACK_BOTTOKEN'])('%s sets the token', (variable) => {
    expect(read({ [variable]: 'x' })).toEqual({ texts: { botToken: 'x' }, variables: { botToken: variable } });
    expect(strayVariables('slack', fields, [], { [variable]: 'x' })).toEqual([]);
  });

  it('the spelling that is documented goes first', () => {
    const both = { PALATE_PLUGIN_SLACK_BOTTOKEN: 'a', PALATE_PLUGIN_SLACK_BOT_TOKEN: 'b' };
    expect(read(both).texts).toEqual({ botToken: 'b' });
  });

  it.each([
    ['PALATE_PLUGIN_SLACK_BOT_TOKNE', 'PALATE_PLUGIN_SLACK_BOT_TOKEN'],
    ['PALATE_PLUGIN_SLACK_BOT_TOKENS', 'PALATE_PLUGIN_SLACK_BOT_TOKEN'],
    ['PALATE_PLUGIN_SLACK_PROT', 'PALATE_PLUGIN_SLACK_PORT'],
  ])('%s is refused by name, with %s beside it', (variable, right) => {
    expect(strayVariables('slack', fields, [], { [variable]: 'x' })).toEqual([
      `the variable ${variable} sets nothing; did you mean ${right}?`,
    ]);
  });

  it('one that is like none is refused with all there are', () => {
    const [said] = strayVariables('slack', fields, [], { PALATE_PLUGIN_SLACK_SOMETHING_ELSE: 'x' });
    for (const { name } of fields) expect(said).toContain(pluginVariable('slack', name));
  });

  it('of a plugin whose name goes on are not this one’s', () => {
    const environment = { PALATE_PLUGIN_SLACK_BOT_X: 'y' };
    expect(strayVariables('slack', fields, ['slack-bot'], environment)).toEqual([]);
    expect(strayVariables('slack', fields, ['slacker'], environment)).toHaveLength(1);
  });

  it('groups are described, and titles, which are the names written out where none is given', () => {
    expect(fields.map(({ name, group, secret }) => [name, group, secret])).toEqual([
      ['botToken', 'How it connects', true],
      ['port', 'How it connects', false],
      ['api', null, false],
      ['publicUrl', null, false],
    ]);
    expect(fields.map(({ description }) => description)).toEqual(['The token.', null, null, null]);
    expect(fields.map(({ title }) => title)).toEqual(['Bot token', 'Port', 'Address', 'Public URL']);
  });
});

describe('configuration', () => {
  const plugin = definePlugin({
    name: 'all',
    version: '1.0.0',
    platform: 'all',
    configSchema: z.object({
      text: z.string().max(5),
      count: z.int().optional().meta({ title: 'How many' }),
      share: z.number().max(1).optional(),
      loud: z.boolean().default(false),
      list: z.array(z.string()).optional(),
      token: secret('A token.').optional(),
      later: secret('With a rule.').regex(/^x/).optional(),
    }),
    start: () => ({ stop: () => {}, health: () => ({ ok: true }) }),
  });
  const fields = fieldsOf(plugin.configSchema);
  const check = (texts: Record<string, string>) => checkConfig(plugin, fields, new Map(Object.entries(texts)));

  it('knows secrets whatever is put around them', () => {
    expect(fields.filter((field) => field.secret).map(({ name }) => name)).toEqual(['token', 'later']);
  });

  it.each([
    [{ text: '12345' }, { text: '12345', loud: false }],
    [
      { text: 'a', count: '3', share: '0.5', loud: 'true', list: '["x"]' },
      { text: 'a', count: 3, share: 0.5, loud: true, list: ['x'] },
    ],
  ])('makes values of %j', async (texts, config) => {
    expect(await check(texts)).toMatchObject({ ok: true, config });
  });

  it.each([
    [{}, ['text'], []],
    [{ text: '123456' }, [], [/^"Text": /]],
    [{ text: 'a', count: '1.5' }, [], [/^"How many" must be a whole number$/]],
    [{ text: 'a', loud: 'yes' }, [], [/^"Loud" must be /]],
    [{ text: 'a', list: '{"x":1}' }, [], [/^"List": /]],
    [{ text: 'a', list: '["x",1]' }, [], [/^"List"\.1: /]],
    [{ text: 'a', later: 'hidden-value' }, [], [/^"Later" is not usable$/]],
  ])('says what is missing in %j, or wrong, by its title', async (texts, missing, problems) => {
    const checked = await check(texts as Record<string, string>);
    if (checked.ok) throw new Error('it was taken');
    expect([...checked.missing.keys()]).toEqual(missing);
    expect(checked.problems).toEqual(problems.map((said) => expect.stringMatching(said)));
    expect(JSON.stringify(checked)).not.toContain('hidden-value');
  });
});
