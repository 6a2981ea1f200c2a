/** One plugin of the host: what it declares, what was set for it, and its supervisor. */
import { messageOf, PalateError } from '../common/errors.js';
import type {
  Finding,
  PluginConfigInput,
  Plugin as PluginEntry,
  PluginPlacement,
} from '../contract/generated/types.js';
import {
  type CheckedConfig,
  type ConfigField,
  checkConfig,
  type GivenSettings,
  givenSettings,
  splitValues,
  strayVariables,
} from './configuration.js';
import type { Plugin, PluginContext } from './contract.js';
import { diagnose, readFindings, standing } from './diagnosis.js';
import type { PluginGateway, PluginHostParts, PluginViewer } from './host-parts.js';
import { inProcess } from './in-process.js';
import type { Launched } from './launch.js';
import type { LoadedPlugin } from './loader.js';
import { diagnoseInOwnProcess, ownProcess } from './own-process.js';
import { type Redact, redact } from './redact.js';
import type { WriteLog } from './session.js';
import type { StoredSettings } from './settings.js';
import { Supervisor } from './supervisor.js';

export interface HostedPluginParts
  extends Pick<PluginHostParts, 'settings' | 'rows' | 'environment' | 'times' | 'log'> {
  loaded: LoadedPlugin;
  source: string;
  gateway(): PluginGateway;
  /** Names of the other plugins. */
  others(): string[];
  /** Whether there is a gateway. */
  reached(): boolean;
  issueKey(viewer: PluginViewer): { key: string; revoke(): void };
  onChange(): void;
}

const HOOKS = ['prompt', 'candidate', 'pair'] as const;

export class HostedPlugin {
  readonly plugin: Plugin;
  private readonly supervisor: Supervisor;
  private stored: StoredSettings = { enabled: null, placement: null, values: {}, secrets: {}, unreadable: [] };
  private given: GivenSettings = { texts: new Map(), variables: new Map() };
  private cover: Redact = redact([]);
  /** Changes happen one after the other. */
  private changing: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: HostedPluginParts) {
    this.plugin = parts.loaded.plugin;
    this.supervisor = new Supervisor({
      name: this.name,
      launch: (signal) => this.launch(signal),
      times: parts.times,
      log: parts.log,
      cover: (text) => this.cover(text),
      onChange: () => parts.onChange(),
    });
  }

  get name(): string {
    return this.plugin.name;
  }

  get placement(): PluginPlacement {
    return this.stored.placement ?? 'IN_PROCESS';
  }

  /** What hooks and fields work with; null while the plugin does not run inside this process. */
  get context(): PluginContext<Record<string, unknown>> | null {
    return this.supervisor.launched?.context ?? null;
  }

  /** Whether it is to run. */
  get wanted(): boolean {
    return this.stored.enabled !== false;
  }

  /** Takes up what is stored. */
  async read(): Promise<void> {
    const { settings, environment, loaded } = this.parts;
    this.stored = await settings.read(this.name);
    this.given = givenSettings(this.name, loaded.fields, this.stored, environment);
    this.cover = redact(
      loaded.fields.filter((field) => field.secret).map(({ name }) => this.given.texts.get(name) ?? ''),
    );
  }

  /** Begins to run, unless it was switched off or lacks settings. */
  resume(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.wanted) return;
      const checked = await this.check();
      if (checked.ok) this.supervisor.start();
      else {
        const complaint = this.complaint(checked);
        // Where nothing at all is set, that is how it comes; else somebody meant it to work.
        if (this.given.texts.size > 0 || checked.problems.length > 0)
          this.parts.log.error({ plugin: this.name }, complaint);
        await this.supervisor.stop('UNCONFIGURED', complaint);
      }
    });
  }

  /** Ends, and begins again with the next start of the service. */
  rest(): Promise<void> {
    return this.inTurn(() => this.supervisor.stop());
  }

  configure({ values, placement }: PluginConfigInput): Promise<void> {
    return this.inTurn(async () => {
      const { fields } = this.parts.loaded;
      const split = splitValues(this.name, fields, values ?? [], this.given.variables);
      const texts = new Map(this.given.texts);
      for (const [name, text] of Object.entries({ ...split.values, ...split.secrets })) {
        if (text === null) texts.delete(name);
        else texts.set(name, text);
      }
      const checked = await checkConfig(this.plugin, fields, texts);
      if (!checked.ok && checked.problems.length > 0) throw new PalateError('BAD_USER_INPUT', this.complaint(checked));
      await this.parts.settings.change(this.name, { ...split, placement: placement ?? undefined });
      await this.read();
      await this.supervisor.stop(...this.restWith(checked));
      if (this.wanted && checked.ok) this.supervisor.start();
    });
  }

  switchOn(): Promise<void> {
    return this.inTurn(async () => {
      const checked = await this.check();
      if (!checked.ok) throw new PalateError('CONFLICT', this.complaint(checked));
      this.parts.gateway();
      await this.parts.settings.change(this.name, { enabled: true });
      await this.read();
      if (this.supervisor.state.status === 'WAITING') await this.supervisor.stop();
      this.supervisor.start();
    });
  }

  switchOff(): Promise<void> {
    return this.inTurn(async () => {
      await this.parts.settings.change(this.name, { enabled: false });
      await this.read();
      await this.supervisor.stop();
    });
  }

  /** How it stands, and what it finds about its settings; where nothing is set at all, that may be meant so. Starts nothing. */
  async diagnose(): Promise<Finding[]> {
    const checked = await this.check();
    const found = checked.ok
      ? [...standing(this.supervisor.state, this.wanted), ...(await this.examine(checked))]
      : [
          {
            level: this.given.texts.size > 0 ? 'PROBLEM' : 'WARNING',
            title: this.complaint(checked),
            advice: null,
          } as const,
        ];
    return this.cover(found);
  }

  view(): PluginEntry {
    const { plugin, parts, given } = this;
    return {
      name: plugin.name,
      version: plugin.version,
      platform: plugin.platform,
      description: plugin.description ?? null,
      guide: plugin.guide ?? null,
      source: parts.source,
      placement: this.placement,
      ...this.supervisor.state,
      enabled: this.wanted,
      fields: parts.loaded.fields.map((field) => ({
        ...field,
        isSet: given.texts.has(field.name),
        value: field.secret ? null : (given.texts.get(field.name) ?? null),
        fromVariable: given.variables.get(field.name) ?? null,
      })),
      hooks: HOOKS.filter((hook) => plugin.hooks?.[hook] !== undefined),
    };
  }

  private async check(): Promise<CheckedConfig> {
    const { environment, loaded, others } = this.parts;
    const checked = await checkConfig(this.plugin, loaded.fields, this.given.texts);
    const strays = strayVariables(this.name, loaded.fields, others(), environment);
    if (strays.length === 0) return checked;
    return checked.ok
      ? { ok: false, missing: new Map(), problems: strays }
      : { ...checked, problems: [...checked.problems, ...strays] };
  }

  private restWith(checked: CheckedConfig): ['STOPPED' | 'UNCONFIGURED', string | null] {
    return checked.ok || !this.wanted ? ['STOPPED', null] : ['UNCONFIGURED', this.complaint(checked)];
  }

  private complaint(checked: Extract<CheckedConfig, { ok: false }>): string {
    const missing = this.parts.loaded.fields.filter(({ name }) => checked.missing.has(name));
    const plain = missing.filter(({ name }) => checked.missing.get(name) === null);
    const lost = missing.filter(({ name }) => this.stored.unreadable.includes(name));
    const titles = (fields: readonly ConfigField[]) => fields.map(({ title }) => `"${title}"`).join(', ');
    const reasons = [
      ...(plain.length > 0 ? [`it needs ${titles(plain)}`] : []),
      ...[...checked.missing.values()].filter((hint) => hint !== null),
      ...(lost.length > 0 ? [`${titles(lost)} cannot be decrypted with the present key`] : []),
      ...checked.problems,
    ];
    const where = 'Set it in the console, under Set-up.';
    return this.cover(`The plugin ${this.name} is not set up: ${reasons.join('; ')}. ${where}`);
  }

  private async examine({ config, input }: Extract<CheckedConfig, { ok: true }>): Promise<Finding[]> {
    const { plugin, parts } = this;
    if (!plugin.diagnose) return [];
    const { rows, times, loaded } = parts;
    const write = this.writer();
    try {
      if (this.placement !== 'OWN_PROCESS' || !parts.reached()) {
        return readFindings(await diagnose({ plugin, config, rows: rows(this.owner), write, timeMs: times.diagnose }));
      }
      const address = { url: parts.gateway().url, issueKey: () => parts.issueKey(this.viewer) };
      return readFindings(await diagnoseInOwnProcess(address, { file: loaded.file, input, times, write }));
    } catch (error) {
      const advice = 'Try again; if it stays so, look into the log.';
      return [{ level: 'PROBLEM', title: `The check itself failed: ${messageOf(error)}.`, advice }];
    }
  }

  /** Whose rows it keeps. */
  private get owner(): string {
    return `plugin/${this.name}`;
  }

  private get viewer(): PluginViewer {
    return { scope: 'BOT', platform: this.plugin.platform, memberId: null, owner: this.owner };
  }

  private async launch(signal: AbortSignal): Promise<Launched> {
    const { loaded, times } = this.parts;
    const gateway = this.parts.gateway();
    const checked = await this.check();
    if (!checked.ok) throw new PalateError('CONFLICT', this.complaint(checked));
    const { viewer } = this;
    const launch =
      this.placement === 'OWN_PROCESS'
        ? ownProcess({ url: gateway.url, issueKey: () => this.parts.issueKey(viewer) })
        : inProcess(gateway.executorFor(viewer));
    const { config, input } = checked;
    const { plugin } = this;
    return launch({ plugin, file: loaded.file, input, config, write: this.writer(), times, signal });
  }

  private writer(): WriteLog {
    const log = this.parts.log.child({ plugin: this.name });
    const { cover } = this;
    return (level, message, facts) => log[level](cover({ ...facts }), cover(message));
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.changing.then(work);
    this.changing = turn.catch((error) => this.parts.log.debug({ plugin: this.name }, messageOf(error)));
    return turn;
  }
}
