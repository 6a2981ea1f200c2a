/** Verdicts: given, taken back, listed. */

import { keyOwnerOf } from '../auth.js';
import type { Resolvers } from '../context.js';
import { memberLink, pageSize, present } from './links.js';

export const feedback = {
  Query: {
    feedback: (_, { memberId, ...page }, context) =>
      context.services.preferences.list(memberId, pageSize(page, context), page.after),
  },
  Mutation: {
    submitFeedback: (_, { input }, { services, viewer }) =>
      services.preferences.submit({ ...input, keyOwner: keyOwnerOf(viewer) }),
    withdrawFeedback: (_, { id }, { services }) => services.preferences.withdraw(id),
  },
  Feedback: {
    member: memberLink,
    generation: async (verdict, _, context, info) =>
      present(await context.loaders.generation(verdict.generationId, info), 'generation', verdict.generationId),
  },
} satisfies Resolvers;
