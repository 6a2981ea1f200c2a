/** Training jobs. */
import type { TrainingJobView } from '../../services/views.js';
import type { Context } from '../context.js';
import { streamTraining } from '../streams.js';
import { memberOf, type PageArguments, pageSize } from './links.js';

export const training = {
  Query: {
    trainingJob: (_: unknown, { id }: { id: string }, { services }: Context) => services.training.byId(id),
    trainingJobs: (_: unknown, { memberId, ...page }: { memberId?: string | null } & PageArguments, context: Context) =>
      context.services.training.list(memberId, pageSize(page, context), page.after),
  },
  Mutation: {
    trainMember: (_: unknown, { memberId }: { memberId: string }, { services }: Context) =>
      services.training.train(memberId),
  },
  Subscription: {
    trainingStatus: {
      subscribe: (_: unknown, { memberId }: { memberId?: string | null }, context: Context) =>
        streamTraining(memberId, context),
      resolve: (job: TrainingJobView) => job,
    },
  },
  TrainingJob: { member: memberOf },
};
