/** What the host of plugins is made of, and what it needs of the gateway. */
import type { Executor } from '../client/index.js';
import type { PluginTimes } from '../common/config.js';
import type { Log } from '../common/log.js';
import type { PluginRows } from './rows.js';
import type { PluginSettings } from './settings.js';

/** Who a plugin's key is: a bot of its platform. */
export interface PluginViewer {
  scope: 'BOT';
  platform: string;
  memberId: null;
  /** Whose rows `storage` holds. */
  owner: string;
}

/** The gateway, as far as plugins need it. */
export interface PluginGateway {
  executorFor(viewer: PluginViewer): Executor;
  /** Where it listens, for plugins in processes of their own. */
  readonly url: string;
}

export interface PluginHostParts {
  sources: readonly string[];
  /** Where relative sources begin and packages are looked for. */
  folder: string;
  settings: PluginSettings;
  /** What plugins keep, for looking. */
  rows: PluginRows;
  environment: Readonly<Record<string, string | undefined>>;
  times: PluginTimes;
  log: Log;
}
