import { describe, expect, it } from 'vitest';
import { RESERVED, VARIABLES } from '../../src/common/config.js';
import { unknownVariables } from '../../src/common/environment.js';

describe('unknownVariables', () => {
  it('takes every setting, what other commands read, and what is a plugin’s', () => {
    const names = [...Object.values(VARIABLES), 'PALATE_URL', 'PALATE_PLUGIN_SLACK_BOT_TOKEN', 'PATH'];
    expect(unknownVariables(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
  });

  it('leaves to the settings what they refuse themselves', () => {
    for (const { variable } of Object.values(RESERVED)) expect(unknownVariables({ [variable]: 'x' })).toEqual([]);
  });

  it.each([
    ['PALATE_PROT', 'PALATE_PORT'],
    ['PALATE_PORTS', 'PALATE_PORT'],
    ['PALATE_PUBLICURL', 'PALATE_PUBLIC_URL'],
    ['PALATE_ADMINKEY', 'PALATE_ADMIN_KEY'],
    ['PALATE_ADMIN_TOKEN', 'PALATE_ADMIN_KEY'],
    ['PALATE_port', 'PALATE_PORT'],
    ['PALATE_ALLOWED_ORIGIN', 'PALATE_ALLOWED_ORIGINS'],
    ['PALATE_CLEAN_UP_MINUTES', 'PALATE_CLEANUP_MINUTES'],
    ['PALATE_SOMETHING_ELSE', undefined],
  ])('%s was meant as %s', (name, meant) => {
    expect(unknownVariables({ [name]: 'x' })).toEqual([{ name, meant }]);
    expect(unknownVariables({ [name]: '' })).toEqual([]);
  });
});
