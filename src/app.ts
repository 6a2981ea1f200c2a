/** The composition root: builds the parts of one gateway process, starts them in order, and stops them in reverse. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { localUrl, PLUGIN_TIMES, type Settings, VARIABLES } from './common/config.js';
import { makeDataFolder } from './common/installation.js';
import { StartedParts } from './common/lifecycle.js';
import type { Log } from './common/log.js';
import { type AdminKey, authenticateAdmin, authenticateAny, authenticateKeys, ensureAdminKey } from './gateway/auth.js';
import { createGateway } from './gateway/gateway.js';
import { withFetchPage } from './gateway/pages/fetch-page.js';
import { requireFree } from './gateway/transports/listen.js';
import { ensureModel, findModel } from './language-model/fetch.js';
import type { FetchProgress } from './language-model/fetching.js';
import { openGguf } from './language-model/gguf.js';
import type { LanguageModelFile } from './language-model/model.js';
import { adapterWeights, type LoadedCheckpoint } from './learning/checkpoint.js';
import { chooseCheckpoint } from './learning/find-checkpoint.js';
import { findBank } from './learning/tuning/bank.js';
import { PluginHost } from './plugins/host.js';
import { requirePlugins } from './plugins/loader.js';
import { pluginRows } from './plugins/rows.js';
import { pluginSettings } from './plugins/settings.js';
import { WorkerRuntime } from './runtime/runtime.js';
import type { LanguageModelRuntime } from './runtime/types.js';
import { createServices } from './services/create-services.js';
import { PromptThread } from './services/generations/prompt-thread.js';
import type { Services } from './services/services.js';
import { TrainingThread } from './services/training/training-thread.js';
import { openStore } from './store/store.js';

export interface AppOptions {
  settings: Settings;
  log: Log;
  /** Told while a model is fetched. */
  onFetch?: (progress: FetchProgress) => void;
  /** Gives the start up; what was started is stopped again. */
  signal?: AbortSignal;
}

export interface App {
  /** Where clients on this machine reach the gateway. */
  readonly url: string;
  readonly adminKey: AdminKey;
  /** The use cases, without the way over GraphQL. */
  readonly services: Services;
  /** Stops everything, the last started first. */
  stop(): Promise<void>;
}

/** @throws PalateError that says what is missing or in the way, and what to do about it */
export async function startApp(options: AppOptions): Promise<App> {
  const { settings, log, signal } = options;
  const started = new StartedParts((name, err) => log.error({ err }, `The ${name} did not stop cleanly`), signal);
  try {
    await requireFree(settings);
    requirePlugins(settings.plugins, process.cwd(), settings.origin.plugins ?? VARIABLES.plugins);
    await makeDataFolder(settings.data);
    const adminKey = await ensureAdminKey(settings);
    const model = await openGguf(await fetchModel(options));
    const checkpoint = await chooseCheckpoint(settings, model, log);
    const bank = checkpoint && (await findBank(settings, checkpoint, log));

    const store = await openStore(settings, log);
    started.add('store', () => store.close());
    const runtime = createRuntime(settings, model, checkpoint, log);
    started.add('runtime', () => runtime.stop());
    await runtime.start();
    const trainingThread = new TrainingThread(log);
    started.add('training thread', () => trainingThread.stop());
    await trainingThread.start();
    const plugins = new PluginHost({
      sources: settings.plugins,
      folder: process.cwd(),
      settings: pluginSettings(store.plugins, settings),
      rows: pluginRows(store.storage),
      environment: process.env,
      times: PLUGIN_TIMES,
      log,
    });
    await plugins.load();
    const services = createServices({
      store,
      runtime,
      tokenizer: model.tokenizer,
      prompts: new PromptThread(model, log),
      checkpoint,
      bank,
      train: trainingThread.train,
      plugins: plugins.service,
      hooks: plugins.hooks,
      log,
      limits: settings.limits,
      rights: settings,
    });
    started.add('services', () => services.stop());
    await services.start();
    const known = authenticateAny(authenticateAdmin(adminKey.key), authenticateKeys(services.keys));
    const authenticate = async (key: string) => plugins.authenticate(key) ?? known(key);
    const gateway = createGateway({ settings, services, authenticate, extensions: plugins.extensions, log });
    started.add('gateway', () => gateway.stop());
    await gateway.start();
    const url = localUrl({ host: settings.host, port: gateway.port });
    started.add('plugins', () => plugins.stop());
    await plugins.start({ url, executorFor: (viewer) => gateway.executorFor(viewer) });
    return { url, adminKey, services, stop: () => started.stop() };
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** The model's file. Whoever looks at the gateway's address while it is fetched sees how far that is. */
async function fetchModel({ settings, log, onFetch = () => {}, signal }: AppOptions): Promise<string> {
  const { model, data, origin } = settings;
  const fetch = (tell: typeof onFetch) => ensureModel(model, data, tell, { signal, namedBy: origin.model });
  if ((await findModel(model, data).catch(() => '')) !== null) return fetch(onFetch);
  log.info({ page: settings.publicUrl ?? localUrl(settings) }, 'The model is fetched first');
  return withFetchPage(settings, onFetch, fetch);
}

/** The running model. Everything about threads, slots and devices is decided here. */
function createRuntime(
  settings: Settings,
  model: LanguageModelFile,
  checkpoint: LoadedCheckpoint | null,
  log: Log,
): LanguageModelRuntime {
  const setup = {
    modelPath: model.path,
    cacheFolder: join(settings.data, 'cache'),
    adapter: checkpoint && adapterWeights(checkpoint),
    slots: settings.slots,
    threads: settings.threads || availableParallelism(),
  };
  return new WorkerRuntime(setup, log);
}
