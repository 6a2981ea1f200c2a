import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { createLog } from '../../src/common/log.js';
import type { KeyInput } from '../../src/contract/generated/types.js';
import { keyService } from '../../src/services/keys/keys.js';
import type { KeyService } from '../../src/services/services.js';
import { filesOnDisk } from '../store/files-on-disk.js';
import { type TemporaryStore, temporaryStore } from '../store/temporary-store.js';

const ADA = { platform: 'north', externalId: 'ada' };
const DAY_MS = 86_400_000;

let temporary: TemporaryStore;
let time = Date.parse('2030-01-01T00:00:00.500Z');
/** What passed since then, whatever the calendar says. */
let ticks = 1;
const now = () => new Date(time);
const pass = (milliseconds: number) => {
  time += milliseconds;
  ticks += milliseconds;
};
const service = (limits = {}): KeyService =>
  keyService({
    store: temporary.store,
    limits: { ...DEFAULT_LIMITS, ...limits },
    log: createLog('silent'),
    now,
    clock: () => ticks,
  });
let keys: KeyService;

beforeAll(async () => {
  temporary = await temporaryStore();
  keys = service();
});
afterAll(() => temporary.remove());

const bot = (name = 'bot', more: Partial<KeyInput> = {}) =>
  keys.create({ name, scope: 'BOT', platform: 'north', ...more });

describe('a key', () => {
  it('lets its owner in and is kept as a digest only', async () => {
    const { key, secret } = await bot('the north bot');
    expect(secret).toMatch(/^palate_bot_[\w-]{43}$/);
    expect(secret.startsWith(key.prefix)).toBe(true);
    expect(key.prefix).toHaveLength('palate_bot_'.length + 4);
    const owner = { scope: 'BOT', platform: 'north', member: null, keyId: key.id, expiresAt: null };
    expect(await keys.identify(secret)).toEqual(owner);
    for (const wrong of [`${secret}x`, secret.slice(0, -1), 'palate_bot_', '', 'x.y.z']) {
      expect(await keys.identify(wrong)).toBeNull();
    }
    const stored = await filesUnder(temporary.folder);
    expect(stored).toContain('the north bot');
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(secret.slice('palate_bot_'.length + 4));
    expect(JSON.stringify(await keys.list())).not.toContain(secret);
  });

  it('of a member belongs to that member, known or not', async () => {
    const { key, secret } = await keys.create({ name: 'ada', scope: 'MEMBER', member: ADA });
    expect(await keys.identify(secret)).toMatchObject({
      scope: 'MEMBER',
      platform: null,
      member: { id: key.memberId, platform: 'north', externalId: 'ada', scope: '' },
    });
  });

  it('runs out when it was said', async () => {
    const { key, secret } = await bot('short', { expiresInDays: 2 });
    expect(key.expiresAt).toEqual(new Date(time + 2 * DAY_MS));
    time += 2 * DAY_MS - 1;
    expect(await keys.identify(secret)).toMatchObject({ keyId: key.id });
    pass(1);
    await expect(keys.identify(secret)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('run out'),
    });
  });

  it('is revoked once and for all', async () => {
    const { key, secret } = await bot('to be revoked');
    await keys.identify(secret);
    const revoked = await keys.revoke(key.id);
    expect(revoked.revokedAt).toEqual(now());
    await expect(keys.identify(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    pass(1_000);
    expect(await keys.revoke(key.id)).toEqual(revoked);
    await expect(keys.rotate(key.id, 0)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(keys.revoke('0b8f9bd0-0000-4000-8000-000000000000')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(keys.revoke('no id')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gets a new secret, and the one before goes on for as long as was said', async () => {
    const { key, secret } = await bot('to be rotated');
    const second = await keys.rotate(key.id, 60);
    expect(second.key).toMatchObject({ id: key.id, name: key.name });
    expect(second.secret).not.toBe(secret);
    for (const good of [secret, second.secret]) expect(await keys.identify(good)).toMatchObject({ keyId: key.id });
    pass(60_000);
    expect(await keys.identify(secret)).toBeNull();
    const third = await keys.rotate(key.id, 0);
    expect(await keys.identify(second.secret)).toBeNull();
    expect(await keys.identify(third.secret)).toMatchObject({ keyId: key.id });
  });

  it('says when it was last used, to the minute', async () => {
    const { key, secret } = await bot('used');
    const used = async () => (await temporary.store.keys.byId(key.id))?.lastUsedAt ?? null;
    expect(await used()).toBeNull();
    const first = now();
    await keys.identify(secret);
    await expect.poll(used).toEqual(first);
    pass(30_000);
    await keys.identify(secret);
    pass(30_001);
    await keys.identify(secret);
    await expect.poll(used).toEqual(new Date(first.getTime() + 60_001));
  });

  it('that another process revokes is noticed within seconds', async () => {
    const { key, secret } = await bot('elsewhere');
    await keys.identify(secret);
    await service().revoke(key.id);
    pass(5_001);
    await expect(keys.identify(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('that another process revokes is noticed within seconds also where the clock was set back', async () => {
    const { key, secret } = await bot('set back');
    await keys.identify(secret);
    await service().revoke(key.id);
    time -= DAY_MS;
    ticks += 5_001;
    await expect(keys.identify(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const { secret: used, key: noted } = await bot('noted');
    const lastUse = async () => (await temporary.store.keys.byId(noted.id))?.lastUsedAt;
    await keys.identify(used);
    await expect.poll(lastUse).toEqual(now());
    time -= DAY_MS;
    ticks += 60_001;
    await keys.identify(used);
    await expect.poll(lastUse).toEqual(now());
    time += 2 * DAY_MS;
  });

  it.each<[string, Partial<KeyInput>]>([
    ['no name', { name: ' ' }],
    ['a name that is too long', { name: 'x'.repeat(DEFAULT_LIMITS.keyCharacters + 1) }],
    ['a name that cannot be stored', { name: 'a\0b' }],
    ['a bot without a platform', { platform: null }],
    ['a bot with a member', { member: ADA }],
    ['an admin with a platform', { scope: 'ADMIN' }],
    ['a member without a member', { scope: 'MEMBER', platform: null }],
    ['a member with a platform', { scope: 'MEMBER', member: ADA }],
    ['a platform that is none', { platform: '' }],
    ['no day to live', { expiresInDays: 0 }],
    ['too many days', { expiresInDays: DEFAULT_LIMITS.keyDays + 1 }],
  ])('is not made with %s', async (_, changes) => {
    await expect(bot('name', changes)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('is not made beyond the limit', async () => {
    const { length } = (await keys.list()).filter((key) => !key.revokedAt);
    const few = service({ keys: length + 1 });
    const { key } = await few.create({ name: 'last', scope: 'ADMIN' });
    await expect(few.create({ name: 'one more', scope: 'ADMIN' })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await few.revoke(key.id);
    expect((await few.create({ name: 'in its place', scope: 'ADMIN' })).key.scope).toBe('ADMIN');
  });
});

describe('a member’s token', () => {
  it('lets the member in for its time', async () => {
    const { token, expiresAt } = await keys.createMemberToken(ADA, null);
    expect(expiresAt.getTime() - time).toBeGreaterThan((DEFAULT_LIMITS.memberTokenSeconds - 1) * 1_000);
    expect(await keys.identify(token)).toMatchObject({
      scope: 'MEMBER',
      member: { platform: 'north', externalId: 'ada', scope: '' },
      keyId: null,
      expiresAt,
    });
    time += DEFAULT_LIMITS.memberTokenSeconds * 1_000;
    await expect(keys.identify(token)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('run out'),
    });
  });

  it('ends with the key that asked for it', async () => {
    const { key } = await bot('issuer');
    const { token } = await keys.createMemberToken(ADA, key.id);
    expect(await keys.identify(token)).toMatchObject({ scope: 'MEMBER' });
    await keys.revoke(key.id);
    await expect(keys.identify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('ends with the member', async () => {
    const ref = { platform: 'north', externalId: 'gone' };
    const { token } = await keys.createMemberToken(ref, null);
    const { secret } = await keys.create({ name: 'gone', scope: 'MEMBER', member: ref });
    expect(await keys.identify(secret)).toMatchObject({ scope: 'MEMBER' });
    const member = await temporary.store.members.byIdentity({ ...ref, scope: '' });
    await temporary.store.forgetting.forget(member?.id ?? '', { trainable: false });
    await expect(keys.identify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await service().identify(secret)).toBeNull();
    await expect(keys.identify(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is good after a restart, and with every process on the same database', async () => {
    const { token } = await keys.createMemberToken(ADA, null);
    expect(await service().identify(token)).toMatchObject({ scope: 'MEMBER' });
  });

  it('is nobody’s when it is not ours', async () => {
    const { token } = await keys.createMemberToken(ADA, null);
    const [header, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const secret = await temporary.store.keys.secret('member-tokens');
    const sign = (changes: Record<string, unknown>, alg = 'HS256', key: Uint8Array = secret) =>
      new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg }).sign(key);
    expect(await keys.identify(await sign({}))).toMatchObject({ scope: 'MEMBER' });
    for (const forged of [
      `${header}.${encode({ ...claims, sub: 'somebody' })}.${signature}`,
      `${encode({ alg: 'none' })}.${payload}.`,
      `${encode({ alg: 'none' })}.${payload}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}AA`,
      await sign({}, 'HS512', new Uint8Array(64)),
      await sign({}, 'HS256', new Uint8Array(32)),
      await sign({ aud: 'somebody else' }),
      await sign({ iss: 'somebody else' }),
      await sign({ exp: undefined }),
      await sign({ sub: undefined }),
    ]) {
      expect(await keys.identify(forged)).toBeNull();
    }
  });
});

/** Everything that lies in files under a folder, as text. */
async function filesUnder(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const { bytes } of filesOnDisk(folder)) texts.push(bytes.toString('latin1'));
  return texts.join('\n');
}
