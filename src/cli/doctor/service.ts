/** The doctor's look at the running service, at the database, and at the plugins: through the service where one runs. */
import { createPalateClient, type PalateClient } from '../../client/index.js';
import { localUrl, PLUGIN_TIMES, type Settings, VARIABLES } from '../../common/config.js';
import { messageOf } from '../../common/errors.js';
import { createLog } from '../../common/log.js';
import type { Finding, Plugin } from '../../contract/generated/types.js';
import { PluginHost } from '../../plugins/host.js';
import { pluginRows } from '../../plugins/rows.js';
import { type PluginSettings, pluginSettings } from '../../plugins/settings.js';
import { type InspectedDatabase, inspectDatabase } from '../../store/inspection.js';
import { findAdminKey } from '../admin-key.js';
import { ok, type PartFinding, problem, warning } from './findings.js';

const READY_MS = 3_000;

export interface ServiceState {
  /** Whether something answers there that is a Palate. */
  answers: boolean;
  findings: PartFinding[];
}

/** @param url where it was said to be; undefined where the settings say */
export async function readiness(settings: Settings, url: string | undefined): Promise<ServiceState> {
  const address = url ?? localUrl(settings);
  try {
    const response = await fetch(new URL('/readyz', address), { signal: AbortSignal.timeout(READY_MS) });
    const { status } = (await response.json()) as { status?: unknown };
    if (status === 'ready') return { answers: true, findings: [ok(`The service runs at ${address}, and is ready.`)] };
    if (typeof status === 'string') {
      const advice = 'If it stays so, look into its log.';
      return { answers: true, findings: [problem(`The service at ${address} is not ready: ${status}.`, advice)] };
    }
  } catch (error) {
    // What answers, and not in JSON, is something else.
    if (!(error instanceof SyntaxError)) {
      if (url === undefined) return { answers: false, findings: [ok('No service runs; these are its settings.')] };
      const reason = messageOf((error as Error).cause ?? error);
      return {
        answers: false,
        findings: [problem(`Nothing answers at ${address} (${reason}).`, 'Check --url or PALATE_URL.')],
      };
    }
  }
  const advice = `Set ${VARIABLES.port} to another port, or name the service's address with --url.`;
  return { answers: false, findings: [problem(`What answers at ${address} is no Palate.`, advice)] };
}

export interface Loaded {
  /** Null where they could not be asked for. */
  plugins: Plugin[] | null;
  findings: PartFinding[];
}

/** The plugins of the running service. */
export async function askService(settings: Settings, url: string | undefined): Promise<Loaded> {
  let client: PalateClient | undefined;
  try {
    client = createPalateClient({ url: url ?? localUrl(settings), key: findAdminKey(settings) });
    const plugins = await client.plugins();
    const found = await Promise.all(
      plugins.map(async ({ name }) => ({ name, findings: await client?.diagnosePlugin(name) })),
    );
    const dated = plugins.map((plugin) => ({
      ...plugin,
      startedAt: dateOf(plugin.startedAt),
      restartAt: dateOf(plugin.restartAt),
    }));
    return { plugins: dated, findings: found.flatMap(({ name, findings = [] }) => ofPlugin(name, findings)) };
  } catch (error) {
    return {
      plugins: null,
      findings: [problem('The running service could not be asked about its plugins.', messageOf(error))],
    };
  } finally {
    await client?.close();
  }
}

/** The database, and the plugins as the next start would load them. */
export async function askFolder(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Loaded> {
  const { database, findings } = await lookAtDatabase(settings);
  try {
    const usable = database && database.pending.length + database.unknown.length === 0 ? database : null;
    const host = new PluginHost({
      sources: settings.plugins,
      folder: process.cwd(),
      settings: usable ? pluginSettings(usable.plugins, settings) : NOTHING_SET,
      rows: usable ? pluginRows(usable.storage) : NO_ROWS,
      environment,
      times: PLUGIN_TIMES,
      log: createLog('silent'),
    });
    await host.load();
    const plugins = await host.service.list();
    const found = await Promise.all(plugins.map(async ({ name }) => ofPlugin(name, await host.service.diagnose(name))));
    return { plugins, findings: [...findings, ...found.flat()] };
  } finally {
    await database?.close();
  }
}

/** What a running service has open is well as long as it answers; a server's database is looked at beside it. */
export async function databaseBeside(settings: Settings): Promise<PartFinding[]> {
  if (settings.databaseUrl === undefined) return [];
  const { database, findings } = await lookAtDatabase(settings);
  await database?.close();
  return findings;
}

async function lookAtDatabase(
  settings: Settings,
): Promise<{ database: InspectedDatabase | null; findings: PartFinding[] }> {
  try {
    const database = await inspectDatabase(settings);
    return { database, findings: [databaseFinding(database), ...safetyFindings(database)] };
  } catch (error) {
    return { database: null, findings: [problem(messageOf(error), null)] };
  }
}

function databaseFinding(database: InspectedDatabase | null): PartFinding {
  if (!database) return ok('The database is made by the first start.');
  const { pending, unknown } = database;
  if (unknown.length > 0) {
    const advice = 'Start the newer version that made them.';
    return problem(`The database has migrations that this version does not know: ${unknown.join(', ')}.`, advice);
  }
  if (pending.length === 0) return ok('The database can be used, and is up to date.');
  const advice = 'The next start applies them. Make a copy of the data first.';
  return warning(
    `The database can be used, and lacks ${pending.length} ${pending.length === 1 ? 'migration' : 'migrations'}.`,
    advice,
  );
}

function safetyFindings(database: InspectedDatabase | null): PartFinding[] {
  if (!database || database.unsafe.length === 0) return [];
  const text = `The database may lose what was acknowledged when the power is cut: off are ${database.unsafe.join(', ')}.`;
  return [warning(text, 'Set them to on, for the server or for the database and the role that Palate uses.')];
}

/** No database could be asked: settings come from variables alone. */
const NOTHING_SET: PluginSettings = {
  read: async () => ({ enabled: null, placement: null, values: {}, secrets: {}, unreadable: [] }),
  change: () => Promise.reject(new Error('There is no database to keep settings in.')),
};

const NO_ROWS = () => ({ get: async () => null, async *list() {} });

function ofPlugin(name: string, findings: readonly Finding[]): PartFinding[] {
  return findings.map((finding) => ({ part: name, ...finding }));
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
