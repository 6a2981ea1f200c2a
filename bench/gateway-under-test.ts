/** A whole gateway of its own on a free port, in an empty data folder or in one that is kept. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../src/app.js';
import { createPalateClient, type PalateClient } from '../src/client/index.js';
import { loadSettings, type SettingName } from '../src/common/config.js';
import { createLog } from '../src/common/log.js';
import { ensureModel } from '../src/language-model/fetch.js';
import type { Services } from '../src/services/services.js';

export interface GatewayUnderTest {
  url: string;
  key: string;
  /** The same service without the gateway in front of it. */
  services: Services;
  client: PalateClient;
  stop(): Promise<void>;
}

/**
 * Settings come from `flags` and PALATE_* variables as for `palate start`; data folder, port and log level do not.
 * @param kept a data folder that outlives the run; without one there is a fresh one, which is removed at the end
 */
export async function startGateway(
  flags: Partial<Record<SettingName, unknown>>,
  kept?: string,
): Promise<GatewayUnderTest> {
  const chosen = loadSettings({ flags });
  const modelPath = await ensureModel(chosen.model, chosen.data, () => undefined);
  const data = kept ?? (await mkdtemp(join(tmpdir(), 'palate-bench-')));
  const settings = { ...chosen, model: modelPath, data, port: 0, databaseUrl: undefined };
  const app = await startApp({ settings, log: createLog('warn') });
  const client = createPalateClient({ url: app.url, key: app.adminKey.key });
  return {
    url: app.url,
    key: app.adminKey.key,
    services: app.services,
    client,
    stop: async () => {
      await client.close();
      await app.stop();
      if (!kept) await rm(data, { recursive: true, force: true });
    },
  };
}
