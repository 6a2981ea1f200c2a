/** The limits that this process keeps. */
import type { Resolvers } from '../generated/contract.js';

export const limits = {
  Query: {
    limits: (_, __, context) => Object.entries(context.limits).map(([name, value]) => ({ name, value })),
  },
} satisfies Resolvers;
