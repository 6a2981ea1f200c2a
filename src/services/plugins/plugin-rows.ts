/** What plugins keep, for those that only look. */

import type { StorageEntry } from '../../contract/generated/types.js';
import type { Store } from '../../store/store.js';

/** Rows asked for at a time. */
const PAGE = 100;

export interface ReadableRows {
  get(key: string): Promise<string | null>;
  /** Every row whose key begins with `prefix`, in order of key, read page by page. */
  list(prefix: string): AsyncIterable<StorageEntry>;
}

/** The rows of an owner. */
export type PluginRows = (owner: string) => ReadableRows;

export function pluginRows(store: Pick<Store, 'storage'>): PluginRows {
  return (owner) => ({
    get: async (key) => (await store.storage.list(owner, key, 1, '')).find((row) => row.key === key)?.value ?? null,
    async *list(prefix) {
      for (let after = ''; ; ) {
        const rows = await store.storage.list(owner, prefix, PAGE, after);
        yield* rows;
        if (rows.length < PAGE) return;
        after = rows[rows.length - 1].key;
      }
    },
  });
}
