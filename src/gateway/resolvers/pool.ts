/** The model workers, and the models. */
import type { PoolStatus } from '../../contract/generated/types.js';
import type { Resolvers } from '../context.js';
import { streamPool } from '../streams.js';

export const pool = {
  Query: {
    pool: (_, __, { services }) => services.pool.status(),
    models: (_, __, { services }) => services.models.list(),
  },
  Subscription: {
    poolStatus: {
      subscribe: (_, __, context) => streamPool(context),
      resolve: (status: PoolStatus) => status,
    },
  },
  PoolStatus: {
    notPersonalisedBecause: (status) =>
      status.personalised
        ? null
        : `There is no checkpoint for ${status.model}, so its replies are the same for everybody. Use a model that has one, or make one with "palate pretrain".`,
  },
} satisfies Resolvers;
