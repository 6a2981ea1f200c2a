/** Plugins and what bots keep, as callers see them. */

export interface StorageEntryView {
  key: string;
  value: string;
}

export type PluginPlacement = 'IN_PROCESS' | 'OWN_PROCESS';

/** BROKEN could not be loaded; UNCONFIGURED waits for settings; UNWELL runs, and says that something is wrong; WAITING failed and is tried again. */
export type PluginStatus =
  | 'BROKEN'
  | 'UNCONFIGURED'
  | 'STOPPED'
  | 'STARTING'
  | 'RUNNING'
  | 'UNWELL'
  | 'WAITING'
  | 'STOPPING';

export type PluginFieldType = 'STRING' | 'INTEGER' | 'NUMBER' | 'BOOLEAN' | 'JSON';

/** A setting of a plugin. Values are text: of a STRING itself, else JSON. */
export interface PluginFieldView {
  name: string;
  /** What people read instead of its name. */
  title: string;
  description: string | null;
  type: PluginFieldType;
  required: boolean;
  secret: boolean;
  /** The texts it may have, where they are few. */
  choices: string[] | null;
  default: string | null;
  /** The heading it is read under with others. */
  group: string | null;
  isSet: boolean;
  /** Null while it is not set, and always for a secret. */
  value: string | null;
  /** The environment variable that sets it; null when it comes from elsewhere. */
  fromVariable: string | null;
}

export interface PluginView {
  /** The source as it was given, where nothing could be loaded from it. */
  name: string;
  version: string | null;
  platform: string | null;
  description: string | null;
  /** What is to be done on the platform first: Markdown. */
  guide: string | null;
  source: string;
  placement: PluginPlacement;
  status: PluginStatus;
  /** For people: what works, what does not, and what to do. */
  message: string | null;
  /** Whether it is to run. */
  enabled: boolean;
  /** Times it was started again after it had failed, since it was last started on purpose. */
  restarts: number;
  startedAt: Date | null;
  restartAt: Date | null;
  fields: PluginFieldView[];
  /** Hooks it has: prompt, candidate, pair. */
  hooks: string[];
}

export type FindingLevel = 'OK' | 'WARNING' | 'PROBLEM';

/** One thing that was looked at, for people. */
export interface FindingView {
  level: FindingLevel;
  title: string;
  /** What to do about it. */
  advice: string | null;
}

export interface PluginConfigInput {
  /** Text of a field; null takes it back. */
  values?: readonly { name: string; value?: string | null }[] | null;
  placement?: PluginPlacement | null;
}
