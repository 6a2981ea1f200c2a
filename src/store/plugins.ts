/** What admins set for plugins, and the rows that bots keep. */
import { isMissingReference, type SqlEngine } from './sql.js';

export interface PluginRecord {
  /** Null: nobody said anything. */
  enabled: boolean | null;
  placement: string | null;
  /** Field to text. */
  values: Record<string, string>;
  /** Field to sealed text. */
  secrets: Record<string, string>;
}

export interface PluginRepository {
  /** A plugin that nobody set anything for has a record of nothing. */
  read(name: string): Promise<PluginRecord>;
  write(name: string, record: PluginRecord): Promise<void>;
}

export interface StorageRow {
  key: string;
  value: string;
}

export interface StorageRepository {
  /** Rows whose key begins with `prefix` and comes after `after`, by code point. */
  list(owner: string, prefix: string, first: number, after: string): Promise<StorageRow[]>;
  /** Writes a row and says whether it is a new one. Null when there is no such member. */
  set(owner: string, key: string, value: string, memberId: string | null): Promise<{ added: boolean } | null>;
  /** Says whether there was one. */
  delete(owner: string, key: string): Promise<boolean>;
  count(owner: string): Promise<number>;
}

const NOTHING: PluginRecord = { enabled: null, placement: null, values: {}, secrets: {} };

export function pluginRepository(engine: SqlEngine): PluginRepository {
  return {
    read: async (name) => {
      const rows = await engine.query<PluginRecord & Record<string, unknown>>(
        'SELECT enabled, placement, "values", secrets FROM plugins WHERE name = $1',
        [name],
      );
      return rows[0] ?? NOTHING;
    },
    write: async (name, { enabled, placement, values, secrets }) => {
      await engine.query(
        `INSERT INTO plugins (name, enabled, placement, "values", secrets) VALUES ($1, $2, $3, $4::text::jsonb, $5::text::jsonb)
         ON CONFLICT (name) DO UPDATE SET enabled = excluded.enabled, placement = excluded.placement,
           "values" = excluded."values", secrets = excluded.secrets, updated_at = now()`,
        [name, enabled, placement, JSON.stringify(values), JSON.stringify(secrets)],
      );
    },
  };
}

export function storageRepository(engine: SqlEngine): StorageRepository {
  return {
    list: (owner, prefix, first, after) =>
      engine.query<StorageRow & Record<string, unknown>>(
        'SELECT key, value FROM plugin_storage WHERE owner = $1 AND key ^@ $2 AND key > $3 ORDER BY key LIMIT $4',
        [owner, prefix, after, first],
      ),
    set: async (owner, key, value, memberId) => {
      try {
        const [row] = await engine.query<{ added: boolean }>(
          `INSERT INTO plugin_storage (owner, key, value, member_id) VALUES ($1, $2, $3, $4)
           ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value, member_id = excluded.member_id, updated_at = now()
           RETURNING xmax = 0 AS added`,
          [owner, key, value, memberId],
        );
        return row;
      } catch (error) {
        if (isMissingReference(error)) return null;
        throw error;
      }
    },
    delete: async (owner, key) =>
      (await engine.query('DELETE FROM plugin_storage WHERE owner = $1 AND key = $2 RETURNING key', [owner, key]))
        .length > 0,
    count: async (owner) =>
      Number((await engine.query('SELECT count(*) FROM plugin_storage WHERE owner = $1', [owner]))[0].count),
  };
}
