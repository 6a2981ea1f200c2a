/** Members and what was learned about them. */
import type { Resolvers } from '../generated/contract.js';

export const members = {
  Query: {
    member: (_, { ref }, { services }) => services.members.byRef(ref),
    memberById: (_, { id }, { services }) => services.members.byId(id),
  },
} satisfies Resolvers;
