/** Who asks. */
import type { GraphQLResolveInfo } from 'graphql';
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';

export const viewer = {
  Query: {
    viewer: (_: unknown, __: unknown, context: Context) => context.viewer,
  },
  Viewer: {
    member: (asker: Viewer, _: unknown, context: Context, info: GraphQLResolveInfo) =>
      asker.memberId === null ? null : context.loaders.member(asker.memberId, info),
  },
};
