/** The small pure parts of the page for admins: settings of plugins, and limits. */
import { expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { LIMIT_TEXTS } from '../../src/common/limit-texts.js';
import { asksBySetting } from '../../src/console/setup/consent.js';
import { groupsOf } from '../../src/console/setup/plugin-groups.js';

it('shows a plugin’s settings under their headings, in the order of the plugin, what a set-up begins with first', () => {
  const field = (name: string, group: string | null, value: string | null = null) => ({
    name,
    title: name,
    group,
    description: null,
    type: 'STRING' as const,
    required: false,
    secret: false,
    choices: null,
    default: 'usual',
    isSet: value !== null,
    value,
    fromVariable: null,
  });
  const groups = groupsOf([
    field('a', 'One workspace'),
    field('b', 'Socket Mode'),
    field('c', 'HTTP'),
    field('d', null),
    field('e', 'Votes', 'usual'),
    field('f', 'Replies', 'other'),
    field('g', 'HTTP'),
  ]);
  expect(groups.map(({ name, open, fields }) => [name, open, fields.map((one) => one.name).join('')])).toEqual([
    [null, true, 'd'],
    ['One workspace', true, 'a'],
    ['Socket Mode', true, 'b'],
    ['HTTP', false, 'cg'],
    ['Votes', false, 'e'],
    ['Replies', true, 'f'],
  ]);
});

it('knows whether a plugin’s own setting asks for consent, also before the plugin has ever run', () => {
  const setting = (value: string | null, usual: string | null = 'true') => [
    { name: 'token', value: null, default: null },
    { name: 'askConsent', value, default: usual },
  ];
  expect(asksBySetting(setting(null))).toBe(true);
  expect(asksBySetting(setting('true', 'false'))).toBe(true);
  expect(asksBySetting(setting('false'))).toBe(false);
  expect(asksBySetting([])).toBe(false);
});

it('says of every limit what it is about', () => {
  expect(Object.keys(LIMIT_TEXTS).sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort());
  const descriptions = Object.values(LIMIT_TEXTS).map(({ description }) => description);
  expect(new Set(descriptions).size).toBe(descriptions.length);
});
