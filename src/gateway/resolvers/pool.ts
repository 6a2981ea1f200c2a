/** The model workers. */
import type { PoolView } from '../../services/views.js';
import type { Context } from '../context.js';
import { streamPool } from '../streams.js';

export const pool = {
  Query: {
    pool: (_: unknown, __: unknown, { services }: Context) => services.pool.status(),
  },
  Subscription: {
    poolStatus: {
      subscribe: (_: unknown, __: unknown, context: Context) => streamPool(context),
      resolve: (status: PoolView) => status,
    },
  },
  PoolStatus: {
    notPersonalisedBecause: (status: PoolView) =>
      status.personalised
        ? null
        : `There is no checkpoint for ${status.model}, so its replies are the same for everybody. Use a model that has one, or make one with "palate pretrain".`,
  },
};
