import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adminKeyFile } from '../../src/common/config.js';
import { ADMIN, authenticateAdmin, ensureAdminKey, requireViewer } from '../../src/gateway/auth.js';

const folder = () => join(mkdtempSync(join(tmpdir(), 'palate-auth-')), 'data');

describe('the admin key', () => {
  it('is made once, kept for its owner only, and found again', async () => {
    const data = folder();
    const first = await ensureAdminKey({ data });
    expect(first).toMatchObject({ created: true, file: adminKeyFile({ data }) });
    expect(first.key).toMatch(/^palate_admin_[\w-]{43}$/);
    expect(statSync(adminKeyFile({ data })).mode & 0o777).toBe(0o600);
    expect(await ensureAdminKey({ data })).toEqual({ ...first, created: false });
    expect(readFileSync(adminKeyFile({ data }), 'utf8').trim()).toBe(first.key);
    expect((await ensureAdminKey({ data: folder() })).key).not.toBe(first.key);
  });

  it('comes from the settings where they have one, and leaves no file', async () => {
    const data = folder();
    expect(await ensureAdminKey({ data, adminKey: 'from-the-settings' })).toEqual({
      key: 'from-the-settings',
      created: false,
      file: null,
    });
    expect(() => statSync(data)).toThrow();
  });

  it('is not taken from a file that holds none', async () => {
    const data = folder();
    await ensureAdminKey({ data });
    writeFileSync(adminKeyFile({ data }), 'too short\n');
    await expect(ensureAdminKey({ data })).rejects.toThrow(/admin key file .* PALATE_ADMIN_KEY/);
  });

  it.each(['', '\n', '\0\0\0\0'])('is made anew where a start that was cut off left %j', async (left) => {
    const data = folder();
    await ensureAdminKey({ data });
    writeFileSync(adminKeyFile({ data }), left);
    const { key, created } = await ensureAdminKey({ data });
    expect(created).toBe(true);
    expect(await ensureAdminKey({ data })).toMatchObject({ key, created: false });
    expect(statSync(adminKeyFile({ data })).mode & 0o777).toBe(0o600);
  });

  it('says what to do where the folder cannot be written', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'palate-auth-')), 'file');
    writeFileSync(file, '');
    await expect(ensureAdminKey({ data: file })).rejects.toThrow(/PALATE_ADMIN_KEY/);
  });
});

describe('requireViewer', () => {
  const authenticate = authenticateAdmin('the-right-key-of-this-test');
  it.each([
    'Bearer the-right-key-of-this-test',
    'bearer the-right-key-of-this-test',
    'Bearer  the-right-key-of-this-test ',
  ])('takes %j', async (given) => {
    expect(await requireViewer(authenticate, given)).toEqual(ADMIN);
  });
  it.each([
    undefined,
    null,
    7,
    {},
    '',
    'the-right-key-of-this-test',
    'Bearer',
    'Bearer the-right-key-of-this-tesT',
    'Bearer the-right-key-of-this-test more',
    'Basic the-right-key-of-this-test',
  ])('refuses %j', async (given) => {
    await expect(requireViewer(authenticate, given)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
