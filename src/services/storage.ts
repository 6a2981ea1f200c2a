/** Rows of text that a bot keeps: which message shows which candidate, how far it has read. Nobody else sees them. */
import type { Limits } from '../common/config.js';
import { PalateError } from '../common/errors.js';
import type { Store } from '../store/store.js';
import { storable } from './generations/generate-input.js';
import { isId } from './ids.js';
import type { StorageService } from './services.js';

export function storageService({ store, limits }: { store: Pick<Store, 'storage'>; limits: Limits }): StorageService {
  /** Rows of an owner, at most: what goes together with a member is not told here. */
  const counts = new Map<string, number>();

  const requireRoom = async (owner: string) => {
    if ((counts.get(owner) ?? Number.POSITIVE_INFINITY) < limits.storageRows) return;
    const count = await store.storage.count(owner);
    counts.set(owner, count);
    if (count < limits.storageRows) return;
    const message = `There are ${count} rows; at most ${limits.storageRows} are kept. Remove old ones with a null value.`;
    throw new PalateError('LIMIT_EXCEEDED', message);
  };

  return {
    list: (owner, prefix, first, after) => {
      check('prefix', prefix, limits.storageKeyCharacters);
      check('after', after ?? '', limits.storageKeyCharacters);
      if (!Number.isInteger(first) || first < 1 || first > limits.pageSizeMaximum) {
        const range = `from 1 to ${limits.pageSizeMaximum}`;
        throw new PalateError('BAD_USER_INPUT', `first is ${first}; it must be a whole number ${range}.`);
      }
      return store.storage.list(owner, prefix, first, after ?? '');
    },
    set: async (owner, key, value, memberId) => {
      if (key === '') throw new PalateError('BAD_USER_INPUT', 'key is empty. Give it some text.');
      check('key', key, limits.storageKeyCharacters);
      if (value === null) {
        if (await store.storage.delete(owner, key)) counts.set(owner, (counts.get(owner) ?? 1) - 1);
        return;
      }
      check('value', value, limits.storageValueCharacters);
      await requireRoom(owner);
      const known = memberId == null || isId(memberId);
      const written = known ? await store.storage.set(owner, key, value, memberId ?? null) : null;
      if (!written) throw new PalateError('NOT_FOUND', `There is no member ${memberId}. Check the id.`);
      if (written.added) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    },
  };
}

function check(name: string, value: string, maximum: number): void {
  if (value.length > maximum) {
    throw new PalateError('BAD_USER_INPUT', `${name} has ${value.length} characters; ${maximum} are allowed.`);
  }
  storable(name, value);
}
