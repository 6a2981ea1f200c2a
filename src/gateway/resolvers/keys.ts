/** Keys and members' tokens. */
import type { Resolvers } from '../context.js';

export const keys = {
  Query: {
    keys: (_, __, { services }) => services.keys.list(),
  },
  Mutation: {
    createKey: (_, { input }, { services }) => services.keys.create(input),
    rotateKey: (_, { id, overlapSeconds }, { services }) => services.keys.rotate(id, overlapSeconds ?? 0),
    revokeKey: (_, { id }, { services }) => services.keys.revoke(id),
    createMemberToken: (_, { member }, { services, viewer }) =>
      services.keys.createMemberToken(member, viewer.keyId ?? null),
  },
  Key: {
    member: (key, _, context, info) => (key.memberId === null ? null : context.loaders.member(key.memberId, info)),
  },
  MemberToken: {
    url: ({ token }, _, { publicUrl }) => `${publicUrl()}/#token=${token}`,
  },
} satisfies Resolvers;
