/** The plugins of this process: loaded once, each looked after by a supervisor, set up and switched by admins. */
import { createHash, randomBytes } from 'node:crypto';
import type { GraphQLSchema } from 'graphql';
import { pluginVariable } from '../common/config.js';
import { PLUGIN_PREFIX } from '../common/environment.js';
import { messageOf, PalateError } from '../common/errors.js';
import type { Stream } from '../common/stream.js';
import type { Finding, Plugin } from '../contract/generated/types.js';
import { Broadcast } from '../services/broadcast.js';
import type { PluginService } from '../services/services.js';
import { baseSchema, extend, type PluginExtension } from './extension.js';
import { HookRunner } from './hooks.js';
import type { PluginGateway, PluginHostParts, PluginViewer } from './host-parts.js';
import { HostedPlugin } from './hosted-plugin.js';
import { type LoadedPlugin, loadPlugin } from './loader.js';

interface BrokenPlugin {
  source: string;
  message: string;
}

/** Unread changes kept for one watcher. */
const PENDING = 1_000;

/**
 * `load()` imports the plugins, which may then be asked for their hooks and fields; `start(gateway)` runs those that are set up and
 * not switched off, in the background; `stop()` ends them all. A plugin that cannot be loaded or run keeps nobody else from working.
 */
export class PluginHost {
  readonly hooks: HookRunner;
  /** For admins. */
  readonly service: PluginService = {
    list: async () => this.list(),
    watch: (signal) => this.watch(signal),
    diagnose: (name) => this.diagnose(name),
    configure: (name, input) => this.change(name, (plugin) => plugin.configure(input)),
    start: (name) => this.change(name, (plugin) => plugin.switchOn()),
    stop: (name) => this.change(name, (plugin) => plugin.switchOff()),
  };
  /** What plugins add to the schema, in order. */
  readonly extensions: PluginExtension[] = [];
  private schema: GraphQLSchema | undefined;
  private readonly hosted: HostedPlugin[] = [];
  private readonly broken: BrokenPlugin[] = [];
  private readonly changes = new Broadcast<Plugin>({
    subject: ({ name }) => name,
    merge: (earlier, later) => (later.status === earlier.status ? later : undefined),
    limit: PENDING,
  });
  private readonly keys = new Map<string, PluginViewer>();
  private gateway: PluginGateway | undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly parts: PluginHostParts) {
    this.hooks = new HookRunner(parts.times.hook, parts.log);
  }

  get plugins(): readonly HostedPlugin[] {
    return this.hosted;
  }

  async load(): Promise<void> {
    const { sources, folder, times, log } = this.parts;
    for (const source of sources) {
      try {
        await this.add(await loadPlugin(source, folder, times.load), source);
      } catch (error) {
        const message = messageOf(error);
        log.error(message);
        this.broken.push({ source, message });
      }
    }
    this.warnOfNobodysVariables();
  }

  /** Variables of a plugin that is not loaded: its name may be misspelt. */
  private warnOfNobodysVariables(): void {
    const { environment, log } = this.parts;
    const names = this.hosted.map((plugin) => plugin.name);
    const prefixes = names.map((name) => pluginVariable(name, ''));
    for (const variable of Object.keys(environment).filter((name) => name.startsWith(PLUGIN_PREFIX))) {
      if (prefixes.some((prefix) => variable.startsWith(prefix))) continue;
      log.warn(
        `${variable} sets nothing: no plugin of that name is loaded. Loaded are: ${names.join(', ') || 'none'}.`,
      );
    }
  }

  /** Who has this key; null for a key that no running plugin has. */
  authenticate(key: string): PluginViewer | null {
    return this.keys.get(digest(key)) ?? null;
  }

  /** Begins to run what is set up and not switched off. */
  async start(gateway: PluginGateway): Promise<void> {
    this.gateway = gateway;
    await Promise.all(this.hosted.map((plugin) => plugin.resume()));
  }

  stop(): Promise<void> {
    this.stopping ??= Promise.all(this.hosted.map((plugin) => plugin.rest())).then(() => this.changes.close());
    return this.stopping;
  }

  private list(): Plugin[] {
    return [...this.hosted.map((plugin) => plugin.view()), ...this.broken.map(brokenView)];
  }

  private watch(signal: AbortSignal): Stream<Plugin> {
    const changes = this.changes.subscribe(signal);
    for (const plugin of this.list()) changes.push(plugin);
    return changes;
  }

  private async diagnose(name: string): Promise<Finding[]> {
    const broken = this.broken.find(({ source }) => source === name);
    if (broken) return [{ level: 'PROBLEM', title: broken.message, advice: null }];
    return this.named(name).diagnose();
  }

  /** Does something to a plugin, and tells what became of it. */
  private async change(name: string, work: (plugin: HostedPlugin) => Promise<void>): Promise<Plugin> {
    const plugin = this.named(name);
    await work(plugin);
    return plugin.view();
  }

  private async add(loaded: LoadedPlugin, source: string): Promise<void> {
    const { name } = loaded.plugin;
    if (this.hosted.some((one) => one.name === name)) {
      throw new PalateError('CONFLICT', `The plugin ${source} is not usable: another plugin is named "${name}" too.`);
    }
    const plugin = new HostedPlugin({
      ...this.parts,
      loaded,
      source,
      gateway: () => this.requireGateway(),
      reached: () => this.gateway !== undefined,
      others: () => this.hosted.filter((one) => one !== plugin).map((one) => one.name),
      issueKey: (viewer) => this.issueKey(viewer),
      onChange: () => this.changes.publish(plugin.view()),
    });
    await plugin.read();
    this.extend(plugin, source);
    this.hooks.add(plugin);
    this.hosted.push(plugin);
  }

  private extend(hosted: HostedPlugin, source: string): void {
    const { plugin } = hosted;
    if (!plugin.graphql) return;
    const onFault = (err: unknown) =>
      this.parts.log.warn({ plugin: plugin.name, err }, 'Something that a field left behind failed');
    const parts = { plugin, context: () => hosted.context, timeMs: this.parts.times.field, onFault };
    try {
      const extended = extend(this.schema ?? baseSchema(), parts);
      if (!extended) return;
      this.schema = extended.schema;
      this.extensions.push(extended.extension);
    } catch (error) {
      const message = `The plugin ${source} is not usable: ${messageOf(error)}. Correct its graphql.`;
      throw new PalateError('BAD_USER_INPUT', message, { cause: error });
    }
  }

  private named(name: string): HostedPlugin {
    const plugin = this.hosted.find((one) => one.name === name);
    if (plugin) return plugin;
    const known = this.hosted.map((one) => one.name).join(', ') || 'none';
    throw new PalateError('NOT_FOUND', `There is no plugin "${name}". The plugins are: ${known}.`);
  }

  private requireGateway(): PluginGateway {
    if (this.gateway && !this.stopping) return this.gateway;
    throw new PalateError('CONFLICT', 'The service is starting or stopping. Try again in a moment.');
  }

  private issueKey(viewer: PluginViewer) {
    const key = `palate_plugin_${randomBytes(32).toString('base64url')}`;
    this.keys.set(digest(key), viewer);
    return { key, revoke: () => void this.keys.delete(digest(key)) };
  }
}

function brokenView({ source, message }: BrokenPlugin): Plugin {
  return {
    name: source,
    version: null,
    platform: null,
    description: null,
    guide: null,
    source,
    placement: 'IN_PROCESS',
    status: 'BROKEN',
    message,
    enabled: false,
    restarts: 0,
    startedAt: null,
    restartAt: null,
    fields: [],
    hooks: [],
  };
}

function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
