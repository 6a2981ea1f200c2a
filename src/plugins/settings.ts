/** What admins set for plugins, kept: plain values as they are, secrets sealed. */
import type { Settings } from '../common/config.js';
import type { PluginPlacement } from '../contract/generated/types.js';
import { ensureSecretKey, type SecretBox, secretBox } from './secret-box.js';

/** What is kept of a plugin: its fields' texts, secrets sealed. */
export interface PluginRecord {
  enabled: boolean | null;
  placement: string | null;
  values: Record<string, string>;
  secrets: Record<string, string>;
}

/** Where records are kept. */
export interface PluginRecords {
  /** A plugin that nobody set anything for has a record of nothing. */
  read(name: string): Promise<PluginRecord>;
  write(name: string, record: PluginRecord): Promise<void>;
}

export interface StoredSettings {
  /** Null: nobody said whether it is to run. */
  enabled: boolean | null;
  placement: PluginPlacement | null;
  /** Field to text. */
  values: Record<string, string>;
  secrets: Record<string, string>;
  /** Secrets that the present key does not open. */
  unreadable: string[];
}

export interface SettingsChange {
  enabled?: boolean;
  placement?: PluginPlacement;
  /** Field to text; null takes the field back. */
  values?: Record<string, string | null>;
  secrets?: Record<string, string | null>;
}

export interface PluginSettings {
  read(plugin: string): Promise<StoredSettings>;
  /** Resolves when the change is on disk. Changes of one plugin happen one after the other. */
  change(plugin: string, change: SettingsChange): Promise<void>;
}

export function pluginSettings(records: PluginRecords, settings: Pick<Settings, 'data' | 'secretKey'>): PluginSettings {
  let opened: Promise<SecretBox> | undefined;
  // The key is made when the first secret is.
  const box = () => {
    opened ??= ensureSecretKey(settings).then(secretBox);
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  let writing: Promise<unknown> = Promise.resolve();

  const write = async (plugin: string, change: SettingsChange) => {
    const record = await records.read(plugin);
    const sealed: Record<string, string | null> = {};
    for (const [field, text] of Object.entries(change.secrets ?? {})) {
      sealed[field] = text === null ? null : (await box()).seal(text, placeOf(plugin, field));
    }
    await records.write(plugin, {
      enabled: change.enabled ?? record.enabled,
      placement: change.placement ?? record.placement,
      values: changed(record.values, change.values),
      secrets: changed(record.secrets, sealed),
    });
  };

  return {
    read: async (plugin) => {
      const record = await records.read(plugin);
      const secrets: Record<string, string> = {};
      const unreadable: string[] = [];
      for (const [field, sealed] of Object.entries(record.secrets)) {
        const text = (await box()).open(sealed, placeOf(plugin, field));
        if (text === null) unreadable.push(field);
        else secrets[field] = text;
      }
      const placement = record.placement as PluginPlacement | null;
      return { enabled: record.enabled, placement, values: record.values, secrets, unreadable };
    },
    change: (plugin, change) => {
      const next = writing.catch(() => undefined).then(() => write(plugin, change));
      writing = next;
      return next;
    },
  };
}

function placeOf(plugin: string, field: string): string {
  return `plugin/${plugin}/${field}`;
}

function changed(record: Record<string, string>, change: Record<string, string | null> = {}): Record<string, string> {
  const entries = Object.entries({ ...record, ...change });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}
