/** A whole gateway of its own on a free port and in an empty data folder, and the untouched model beside it as a judge. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../src/app.js';
import { createPalateClient, type PalateClient } from '../src/client/index.js';
import { loadSettings, type SettingName } from '../src/common/config.js';
import { createLog } from '../src/common/log.js';
import { ensureModel } from '../src/language-model/fetch.js';
import { openGguf } from '../src/language-model/gguf.js';
import { WorkerRuntime } from '../src/runtime/runtime.js';
import type { Services } from '../src/services/services.js';

export interface GatewayUnderTest {
  url: string;
  key: string;
  /** The same service without the gateway in front of it. */
  services: Services;
  client: PalateClient;
  modelPath: string;
  /** Compiled graphs, which a judge of the same model may share. */
  cacheFolder: string;
  stop(): Promise<void>;
}

/** Settings come from `flags` and PALATE_* variables as for `palate start`; data folder, port and log level do not. */
export async function startGateway(flags: Partial<Record<SettingName, unknown>>): Promise<GatewayUnderTest> {
  const chosen = loadSettings({ flags });
  const modelPath = await ensureModel(chosen.model, chosen.data, () => undefined);
  const data = await mkdtemp(join(tmpdir(), 'palate-bench-'));
  const settings = { ...chosen, model: modelPath, data, port: 0, databaseUrl: undefined };
  const app = await startApp({ settings, log: createLog('warn') });
  const client = createPalateClient({ url: app.url, key: app.adminKey.key });
  return {
    url: app.url,
    key: app.adminKey.key,
    services: app.services,
    client,
    modelPath,
    cacheFolder: join(data, 'cache'),
    stop: async () => {
      await client.close();
      await app.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Mean NLL per token of replies to one prompt, under the model without any prefix. */
export interface Judge {
  score(prompt: string, replies: readonly string[]): Promise<{ nll: number; tokens: number }>;
  stop(): Promise<void>;
}

export async function openJudge({ modelPath, cacheFolder }: GatewayUnderTest, threads: number): Promise<Judge> {
  const { tokenizer } = await openGguf(modelPath);
  const runtime = new WorkerRuntime({ modelPath, cacheFolder, adapter: null, slots: 1, threads });
  await runtime.start();
  return {
    async score(prompt, replies) {
      const { ids } = tokenizer.encodeChat([{ role: 'user', content: prompt }]);
      const encoded = replies.map((reply) => tokenizer.encode(reply)).filter((tokens) => tokens.length > 0);
      const logProbabilities = (await runtime.score(ids, encoded)).flatMap((row) => [...row]);
      return { nll: -logProbabilities.reduce((sum, value) => sum + value, 0), tokens: logProbabilities.length };
    },
    stop: () => runtime.stop(),
  };
}
