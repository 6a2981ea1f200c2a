/** A member's rights: consent, rollback, being forgotten, taking a taste along. */
import { PalateError } from '../../common/errors.js';
import type { Resolvers } from '../context.js';

export const rights = {
  Query: {
    deletionReceipt: async (_, { id }, { services, viewer }) => {
      const receipt = await services.rights.receipt(id);
      return viewer.scope === 'ADMIN' || receipt?.platform === viewer.platform ? receipt : null;
    },
    platform: (_, { name }, { services }) => services.rights.platform(name),
  },
  Mutation: {
    setConsent: (_, { memberId, input }, { services }) => services.rights.setConsent(memberId, input),
    rollbackMember: (_, { memberId, version }, { services }) => services.rights.rollback(memberId, version),
    forgetMember: (_, { memberId }, { services }) => services.rights.forget(memberId),
    exportTaste: (_, { memberId }, { services }) => services.tastes.export(memberId),
    importTaste: (_, { memberId, data }, { services }) => services.tastes.import(memberId, data),
    setPlatform: (_, { name, input }, { services, viewer }) => {
      if (viewer.scope !== 'ADMIN' && input.asksConsent === false) {
        throw new PalateError('FORBIDDEN', 'Only an admin key may end that members are asked first.');
      }
      return services.rights.setPlatform(name, input);
    },
  },
  DeletionReceipt: {
    remaining: ({ memberId }, _, { services }) => services.rights.remaining(memberId),
  },
} satisfies Resolvers;
