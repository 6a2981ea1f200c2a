/** Who asks. */
import type { Resolvers } from '../context.js';

export const viewer = {
  Query: {
    viewer: (_, __, { viewer }) => ({ ...viewer, expiresAt: viewer.expiresAt ?? null }),
  },
  Viewer: {
    replyTokens: (_, __, { limits }) => limits.maxTokensDefault,
    replyTokensMaximum: (_, __, { limits }) => limits.maxTokensMaximum,
    member: (asker, _, context, info) =>
      asker.memberId === null ? null : context.loaders.member(asker.memberId, info),
  },
} satisfies Resolvers;
