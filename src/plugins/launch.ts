/** A plugin that was started, wherever it runs. */
import type { PluginTimes } from '../common/config.js';
import type { Plugin, PluginContext, PluginHealth } from './contract.js';
import type { WriteLog } from './session.js';

export interface LaunchOptions {
  plugin: Plugin;
  /** The file the plugin was imported from. */
  file: string;
  /** What the schema takes; the plugin's process makes its own configuration of it. */
  input: Record<string, unknown>;
  /** What the schema made of it. */
  config: Record<string, unknown>;
  write: WriteLog;
  times: PluginTimes;
  /** Aborting gives up a start. */
  signal: AbortSignal;
}

export interface Launched {
  /** Rejects when there is no answer. */
  health(): Promise<PluginHealth>;
  /** Resolves with what went wrong, should the plugin end by itself. */
  readonly failed: Promise<Error>;
  /** Ends it, and resolves when it can do nothing more. Never rejects. */
  stop(): Promise<void>;
  /** Null where the plugin is in another process. */
  readonly context: PluginContext<Record<string, unknown>> | null;
}

/** Starts a plugin. Rejects when it does not start in time; nothing of it goes on then. */
export type Launch = (options: LaunchOptions) => Promise<Launched>;
