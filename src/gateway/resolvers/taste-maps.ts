/** The map of tastes, and how the win rate came about. */
import type { Resolvers } from '../context.js';

export const tasteMaps = {
  Query: {
    tasteMap: (_, { memberId }, { services }) => services.tasteMaps.of(memberId),
    winRates: (_, { memberId }, { services }) => services.members.winRates(memberId),
  },
} satisfies Resolvers;
