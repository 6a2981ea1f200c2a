/** What went wrong lately, in numbers. */
import type { ErrorCount } from '../../contract/generated/types.js';
import type { Resolvers } from '../context.js';
import { streamErrors } from '../streams.js';

export const errors = {
  Query: {
    errorCounts: (_, __, context) => context.errors.list(),
  },
  Subscription: {
    errorStatus: {
      subscribe: (_, __, context) => streamErrors(context),
      resolve: (counts: ErrorCount[]) => counts,
    },
  },
} satisfies Resolvers;
