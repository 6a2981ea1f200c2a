/** A whole service for plugins to run in: real store, services and gateway, a scripted runtime, and plugins written for the test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { createPalateClient, type PalateClient } from '../../src/client/index.js';
import { DEFAULT_LIMITS, type Limits, PLUGIN_TIMES, type PluginTimes } from '../../src/common/config.js';
import type { Plugin, PluginPlacement } from '../../src/contract/generated/types.js';
import { authenticateAdmin, authenticateAny, authenticateKeys } from '../../src/gateway/auth.js';
import { createGateway, type Gateway } from '../../src/gateway/gateway.js';
import { PluginHost } from '../../src/plugins/host.js';
import { pluginRows } from '../../src/plugins/rows.js';
import { pluginSettings } from '../../src/plugins/settings.js';
import { createServices } from '../../src/services/create-services.js';
import type { Services } from '../../src/services/services.js';
import { openStore } from '../../src/store/store.js';
import { tinyCheckpoint } from '../services/fixture.js';
import { ScriptedRuntime } from '../services/scripted-runtime.js';
import { sharedThreads } from '../services/shared-threads.js';
import { dropFixtureDatabase, fixtureDatabase } from '../store/shared-server.js';
import { COMPILED } from '../support/compiled.mjs';

export const ADMIN_KEY = 'an-admin-key-for-tests-0123456789';

/** A plugin that is slow to come on a busy machine is not ill. */
const TIMES: PluginTimes = {
  ...PLUGIN_TIMES,
  load: 120_000,
  start: 120_000,
  healthInterval: 50,
  health: 1_000,
  firstRestart: 20,
};

export interface PluginFixture {
  folder: string;
  url: string;
  admin: PalateClient;
  services: Services;
  runtime: ScriptedRuntime;
  host: PluginHost;
  /** The gateway's own way in, for any viewer. */
  executorFor: Gateway['executorFor'];
  /** Lines of the log, parsed. */
  log: Record<string, unknown>[];
  plugin(name: string): Promise<Plugin>;
  /** What the plugin keeps, as key and value. */
  rowsOf(name: string): Promise<{ key: string; value: string }[]>;
  /** Waits until the plugin is as it should be. */
  until(name: string, holds: (plugin: Plugin) => boolean): Promise<Plugin>;
  /** Ends the service as a process would, and keeps its folder. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface PluginFixtureOptions {
  /** Paths or names of plugins; sources without a slash that end in `.mjs` lie in the place's folder. */
  plugins: readonly string[];
  /** Files to write into the folder first, by name. */
  files?: Readonly<Record<string, string>>;
  environment?: Readonly<Record<string, string>>;
  /** Where plugins run, by name. */
  placements?: Readonly<Record<string, PluginPlacement>>;
  times?: Partial<PluginTimes>;
  limits?: Partial<Limits>;
  /** Where people reach the gateway, as the settings say it. */
  publicUrl?: string;
  folder?: string;
}

/** The address of the contract, for plugins that tests write. */
export const CONTRACT = pathToFileURL(join(COMPILED, 'src/plugins/contract.js')).href;

export async function openPluginFixture(options: PluginFixtureOptions): Promise<PluginFixture> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'palate-plugins-')));
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(folder, name), text);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const store = await openStore(await fixtureDatabase(folder), log);
  const { model, train, prompts } = await sharedThreads();
  const runtime = new ScriptedRuntime('ab'.repeat(32), 24);
  const settings = pluginSettings(store.plugins, { data: folder });
  for (const [name, placement] of Object.entries(options.placements ?? {})) await settings.change(name, { placement });
  const host = new PluginHost({
    sources: options.plugins.map((source) => (source.endsWith('.mjs') ? `./${source}` : source)),
    folder,
    settings,
    rows: pluginRows(store.storage),
    environment: options.environment ?? {},
    times: { ...TIMES, ...options.times },
    log,
  });
  await host.load();
  const services = createServices({
    store,
    runtime,
    tokenizer: model.tokenizer,
    prompts,
    checkpoint: tinyCheckpoint(),
    train,
    plugins: host.service,
    hooks: host.hooks,
    log,
    limits,
  });
  await services.start();
  const known = authenticateAny(authenticateAdmin(ADMIN_KEY), authenticateKeys(services.keys));
  const gateway = createGateway({
    settings: { host: '127.0.0.1', port: 0, publicUrl: options.publicUrl, limits, allowedOrigins: [] },
    services,
    authenticate: async (key) => host.authenticate(key) ?? known(key),
    extensions: host.extensions,
    log,
  });
  await gateway.start();
  const url = `http://127.0.0.1:${gateway.port}`;
  await host.start({ url, executorFor: (viewer) => gateway.executorFor(viewer) });
  const admin = createPalateClient({ url, key: ADMIN_KEY });

  const plugin = async (name: string) => {
    const all = await host.service.list();
    const found = all.find((one) => one.name === name);
    if (!found) throw new Error(`There is no plugin ${name}: ${all.map((one) => one.message).join(' ')}`);
    return found;
  };
  const stop = async () => {
    await admin.close();
    await host.stop();
    await gateway.stop();
    await services.stop();
    await store.close();
  };
  return {
    folder,
    url,
    admin,
    services,
    runtime,
    host,
    executorFor: (viewer) => gateway.executorFor(viewer),
    log: lines,
    plugin,
    rowsOf: (name) => store.storage.list(`plugin/${name}`, '', 100, ''),
    until: async (name, holds) => {
      for (const end = Date.now() + 30_000; ; ) {
        const now = await plugin(name);
        if (holds(now)) return now;
        if (Date.now() > end) throw new Error(`${name} stays ${JSON.stringify(now)}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    stop,
    close: async () => {
      await stop();
      await dropFixtureDatabase(folder);
      await rm(folder, { recursive: true });
    },
  };
}
