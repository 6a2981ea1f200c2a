/** What plugins keep, for those that only look. */
import type { StorageEntry } from '../contract/generated/types.js';

/** Rows asked for at a time. */
const PAGE = 100;

export interface ReadableRows {
  get(key: string): Promise<string | null>;
  /** Every row whose key begins with `prefix`, in order of key, read page by page. */
  list(prefix: string): AsyncIterable<StorageEntry>;
}

/** Where rows are kept: a page of those whose key begins with `prefix` and comes after `after`, in order of key. */
export interface KeptRows {
  list(owner: string, prefix: string, first: number, after: string): Promise<StorageEntry[]>;
}

/** The rows of an owner. */
export type PluginRows = (owner: string) => ReadableRows;

export function pluginRows(kept: KeptRows): PluginRows {
  return (owner) => ({
    get: async (key) => (await kept.list(owner, key, 1, '')).find((row) => row.key === key)?.value ?? null,
    async *list(prefix) {
      for (let after = ''; ; ) {
        const rows = await kept.list(owner, prefix, PAGE, after);
        yield* rows;
        if (rows.length < PAGE) return;
        after = rows[rows.length - 1].key;
      }
    },
  });
}
