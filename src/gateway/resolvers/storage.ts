/** Rows that bots keep. */
import { PalateError } from '../../common/errors.js';
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';

interface StorageArguments {
  prefix: string;
  first?: number | null;
  after?: string | null;
}

interface SetStorageArguments {
  key: string;
  value?: string | null;
  memberId?: string | null;
}

export const storage = {
  Query: {
    storage: (_: unknown, { prefix, first, after }: StorageArguments, { viewer, services, limits }: Context) =>
      services.storage.list(ownerOf(viewer), prefix, first ?? limits.pageSizeMaximum, after),
  },
  Mutation: {
    setStorage: async (_: unknown, { key, value, memberId }: SetStorageArguments, { viewer, services }: Context) => {
      await services.storage.set(ownerOf(viewer), key, value ?? null, memberId);
      return true;
    },
  },
};

function ownerOf({ storageOwner }: Viewer): string {
  if (storageOwner !== undefined) return storageOwner;
  throw new PalateError('FORBIDDEN', 'Storage belongs to bots. Ask with the key of a bot.');
}
