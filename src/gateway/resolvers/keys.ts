/** Keys and members' tokens. */
import type { GraphQLResolveInfo } from 'graphql';
import type { KeyInput, KeyView, MemberRef } from '../../services/views.js';
import type { Context } from '../context.js';

export const keys = {
  Query: {
    keys: (_: unknown, __: unknown, { services }: Context) => services.keys.list(),
  },
  Mutation: {
    createKey: (_: unknown, { input }: { input: KeyInput }, { services }: Context) => services.keys.create(input),
    rotateKey: (_: unknown, { id, overlapSeconds }: { id: string; overlapSeconds?: number | null }, context: Context) =>
      context.services.keys.rotate(id, overlapSeconds ?? 0),
    revokeKey: (_: unknown, { id }: { id: string }, { services }: Context) => services.keys.revoke(id),
    createMemberToken: async (_: unknown, { member }: { member: MemberRef }, context: Context) => {
      const { token, expiresAt } = await context.services.keys.createMemberToken(member, context.viewer.keyId ?? null);
      return { token, expiresAt, url: `${context.publicUrl()}/#token=${token}` };
    },
  },
  Key: {
    member: (key: KeyView, _: unknown, context: Context, info: GraphQLResolveInfo) =>
      key.memberId === null ? null : context.loaders.member(key.memberId, info),
  },
};
