/**
 * Where keys are given out: the gateway that runs, or, when none does, its database. The embedded database lets one process in, so the
 * gateway is asked first.
 */
import { createPalateClient, PalateClientError } from '../../client/index.js';
import { localUrl, type Settings } from '../../common/config.js';
import { messageOf, PalateError } from '../../common/errors.js';
import { makeDataFolder } from '../../common/installation.js';
import { createLog } from '../../common/log.js';
import type { CreatedKey, Key, KeyInput } from '../../contract/generated/types.js';
import { keyService } from '../../services/keys/keys.js';
import { openStore } from '../../store/store.js';
import { findAdminKey } from '../admin-key.js';

/** A key as it is listed; moments are Dates or ISO texts. */
export type ListedKey = {
  [K in Exclude<keyof Key, 'memberId'>]: Key[K] extends Date | null ? Key[K] | string : Key[K];
};
export type NewKey = { key: ListedKey } & Pick<CreatedKey, 'secret'>;

export interface KeyAccess {
  list(): Promise<ListedKey[]>;
  create(input: KeyInput): Promise<NewKey>;
  rotate(id: string, overlapSeconds: number): Promise<NewKey>;
  revoke(id: string): Promise<ListedKey>;
  close(): Promise<void>;
}

/** @throws PalateError or PalateClientError that says what is in the way */
export async function openKeyAccess(settings: Settings, url?: string): Promise<KeyAccess> {
  return (await runningGateway(settings, url)) ?? (await database(settings));
}

/** The gateway that answers; null where nobody named one and none does. */
async function runningGateway(settings: Settings, url: string | undefined): Promise<KeyAccess | null> {
  let key: string;
  try {
    key = findAdminKey(settings);
  } catch (error) {
    // No gateway ever ran on this folder.
    if (url === undefined) return null;
    throw error;
  }
  const client = createPalateClient({ url: url ?? localUrl(settings), key });
  try {
    await client.viewer();
  } catch (error) {
    await client.close();
    if (url === undefined && error instanceof PalateClientError && error.code === 'UNREACHABLE') return null;
    throw error;
  }
  return {
    list: () => client.keys(),
    create: (input) => client.createKey(input),
    rotate: (id, overlapSeconds) => client.rotateKey(id, overlapSeconds),
    revoke: (id) => client.revokeKey(id),
    close: () => client.close(),
  };
}

async function database(settings: Settings): Promise<KeyAccess> {
  const log = createLog('error');
  await makeDataFolder(settings.data);
  const store = await openStore(settings, log).catch((error) => {
    if (!(error instanceof PalateError) || error.code !== 'CONFLICT') throw error;
    const advice = `It does not answer at ${localUrl(settings)}: name it with --url or PALATE_URL.`;
    throw new PalateError('CONFLICT', `${messageOf(error)} ${advice}`, { cause: error });
  });
  const keys = keyService({ store, limits: settings.limits, log });
  return {
    list: () => keys.list(),
    create: (input) => keys.create(input),
    rotate: (id, overlapSeconds) => keys.rotate(id, overlapSeconds),
    revoke: (id) => keys.revoke(id),
    close: () => store.close(),
  };
}
