import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import type { StorageService } from '../../src/services/services.js';
import { storageService } from '../../src/services/storage.js';
import { newMember, type TemporaryStore, temporaryStore } from '../store/temporary-store.js';

let temporary: TemporaryStore;
let storage: StorageService;
beforeAll(async () => {
  temporary = await temporaryStore();
  storage = storageService({
    store: temporary.store,
    limits: { ...DEFAULT_LIMITS, storageRows: 5, pageSizeMaximum: 3 },
  });
});
afterAll(() => temporary.remove());

const keysOf = async (owner: string, prefix: string, first = 3, after?: string) =>
  (await storage.list(owner, prefix, first, after)).map(({ key }) => key);

it('keeps rows by owner, in order of code points, page by page', async () => {
  for (const key of ['b', 'a/é', 'a/B', 'a/a', 'a/_']) await storage.set('one', key, `value of ${key}`);
  await storage.set('two', 'a/x', 'another');
  expect(await keysOf('one', 'a/')).toEqual(['a/B', 'a/_', 'a/a']);
  expect(await keysOf('one', 'a/', 3, 'a/a')).toEqual(['a/é']);
  expect(await keysOf('one', '', 2)).toEqual(['a/B', 'a/_']);
  expect(await keysOf('two', '')).toEqual(['a/x']);
  expect(await keysOf('nobody', '')).toEqual([]);
  // What means something in a pattern means itself.
  expect(await keysOf('one', 'a%')).toEqual([]);
});

it('replaces and removes', async () => {
  await storage.set('three', 'k', 'first');
  await storage.set('three', 'k', 'second');
  expect(await storage.list('three', 'k', 1)).toEqual([{ key: 'k', value: 'second' }]);
  await storage.set('three', 'k', null);
  await storage.set('three', 'k', null);
  expect(await keysOf('three', '')).toEqual([]);
});

it('has room for so many rows of one owner', async () => {
  for (let i = 0; i < 5; i++) await storage.set('four', `k${i}`, '');
  await expect(storage.set('four', 'k5', '')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  await storage.set('four', 'k0', null);
  await storage.set('four', 'k5', '');
  await storage.set('five', 'k', '');
});

it('erases rows about a member with the member', async () => {
  const { id } = await newMember(temporary.store);
  await storage.set('six', 'about', 'x', id);
  await storage.set('six', 'other', 'x');
  await expect(storage.set('six', 'nobody', 'x', randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(storage.set('six', 'nobody', 'x', 'no-id')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await temporary.store.forgetting.forget(id, { trainable: false });
  expect(await keysOf('six', '')).toEqual(['other']);
});

it.each([
  ['', 'x'],
  ['k'.repeat(257), 'x'],
  ['k', 'x'.repeat(16_385)],
  ['k\0', 'x'],
  ['k', 'x\0'],
])('refuses what cannot be kept', async (key, value) => {
  await expect(storage.set('seven', key, value)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});

it.each([[0], [4], [1.5]])('refuses a page of %d', async (first) => {
  expect(() => storage.list('one', '', first)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
});
