/** Rows that bots keep. */
import { PalateError } from '../../common/errors.js';
import type { Viewer } from '../auth.js';
import type { Resolvers } from '../context.js';

export const storage = {
  Query: {
    storage: (_, { prefix, first, after }, { viewer, services, limits }) =>
      services.storage.list(ownerOf(viewer), prefix, first ?? limits.pageSizeMaximum, after),
  },
  Mutation: {
    setStorage: async (_, { key, value, memberId }, { viewer, services }) => {
      await services.storage.set(ownerOf(viewer), key, value ?? null, memberId);
      return true;
    },
  },
} satisfies Resolvers;

function ownerOf({ owner }: Viewer): string {
  if (owner !== undefined) return owner;
  throw new PalateError('FORBIDDEN', 'Storage belongs to bots. Ask with the key of a bot.');
}
