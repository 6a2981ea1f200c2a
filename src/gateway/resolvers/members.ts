/** Members and what was learned about them. */
import type { Resolvers } from '../context.js';
import { pageSize } from './links.js';

export const members = {
  Query: {
    member: (_, { ref }, { services }) => services.members.byRef(ref),
    memberById: (_, { id }, { services }) => services.members.byId(id),
  },
  Encoder: {
    versions: ({ memberId }, page, context) => context.services.members.versions(memberId, pageSize(page, context)),
  },
} satisfies Resolvers;
