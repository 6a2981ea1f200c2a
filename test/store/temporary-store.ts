/** A store in a folder of its own, and rows to begin with. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../src/common/log.js';
import type { GenerationRecord } from '../../src/store/generations.js';
import { openStore, type Store } from '../../src/store/store.js';
import { prepareDatabase } from './template.js';

export interface TemporaryStore {
  store: Store;
  folder: string;
  remove(): Promise<void>;
}

export async function temporaryStore(): Promise<TemporaryStore> {
  const folder = await mkdtemp(join(tmpdir(), 'palate-store-'));
  await prepareDatabase(folder);
  const store = await openStore({ data: folder }, createLog('error'));
  return {
    store,
    folder,
    remove: async () => {
      await store.queue.stop();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A member nobody else has. */
export function newMember(store: Store) {
  return store.members.ensure({ platform: 'test', externalId: randomUUID(), scope: '' });
}

export function newGeneration(
  store: Store,
  memberId: string,
  roles = ['PERSONAL', 'BASE'] as const,
): Promise<GenerationRecord> {
  return store.generations.add({
    id: randomUUID(),
    memberId,
    prompt: 'Say hello.',
    encoderVersion: 0,
    model: 'tiny',
    modelDigest: 'model',
    source: null,
    candidates: roles.map((role, index) => ({
      id: randomUUID(),
      index,
      text: `reply ${index}`,
      tokenIds: [index + 1, 2, 3],
      finishReason: 'STOP' as const,
      role,
      written: [],
      latent: null,
    })),
  });
}
