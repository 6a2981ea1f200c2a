/** Members and what was learned about them. */
import type { MemberRef } from '../../services/views.js';
import type { Context } from '../context.js';

export const members = {
  Query: {
    member: (_: unknown, { ref }: { ref: MemberRef }, { services }: Context) => services.members.byRef(ref),
    memberById: (_: unknown, { id }: { id: string }, { services }: Context) => services.members.byId(id),
  },
};
