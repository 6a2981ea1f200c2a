/** Training jobs. */
import type { TrainingJobView } from '../../services/views.js';
import type { Resolvers } from '../generated/contract.js';
import { streamTraining } from '../streams.js';
import { memberOf, pageSize } from './links.js';

export const training = {
  Query: {
    trainingJob: (_, { id }, { services }) => services.training.byId(id),
    trainingJobs: (_, { memberId, ...page }, context) =>
      context.services.training.list(memberId, pageSize(page, context), page.after),
  },
  Mutation: {
    trainMember: (_, { memberId }, { services }) => services.training.train(memberId),
  },
  Subscription: {
    trainingStatus: {
      subscribe: (_, { memberId }, context) => streamTraining(memberId, context),
      resolve: (job: TrainingJobView) => job,
    },
  },
  TrainingJob: { member: memberOf },
} satisfies Resolvers;
