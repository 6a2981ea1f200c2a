/** Training jobs. */
import type { TrainingJob } from '../../contract/generated/types.js';
import { whose } from '../access.js';
import type { Resolvers } from '../context.js';
import { streamTraining } from '../streams.js';
import { memberLink, pageSize } from './links.js';

export const training = {
  Query: {
    trainingJob: (_, { id }, { services }) => services.training.byId(id),
    trainingJobs: (_, { memberId, ...page }, context) => {
      const { member, platform } = whose(context.viewer, memberId);
      return context.services.training.list(member, pageSize(page, context), page.after, platform);
    },
  },
  Mutation: {
    trainMember: (_, { memberId }, { services }) => services.training.train(memberId),
    cancelTraining: (_, { id }, { services }) => services.training.cancel(id),
  },
  Subscription: {
    trainingStatus: {
      subscribe: (_, { memberId }, context) => streamTraining(memberId, context),
      resolve: (job: TrainingJob) => job,
    },
  },
  TrainingJob: { member: memberLink },
} satisfies Resolvers;
