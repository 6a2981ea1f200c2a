/** Who asks. */
import type { Resolvers } from '../generated/contract.js';

export const viewer = {
  Query: {
    viewer: (_, __, context) => context.viewer,
  },
  Viewer: {
    replyTokens: (_, __, { limits }) => limits.maxTokensDefault,
    replyTokensMaximum: (_, __, { limits }) => limits.maxTokensMaximum,
    member: (asker, _, context, info) =>
      asker.memberId === null ? null : context.loaders.member(asker.memberId, info),
  },
} satisfies Resolvers;
