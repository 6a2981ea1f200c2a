/** Writing replies, and the generations they make. */
import type { GenerationEvent } from '../../contract/generated/types.js';
import { keyOwnerOf } from '../auth.js';
import type { Resolvers } from '../context.js';
import { startGeneration, streamGeneration } from '../streams.js';
import { memberLink, pageSize } from './links.js';

export const generations = {
  Query: {
    generation: (_, { id }, { services }) => services.generations.byId(id),
    generations: (_, { memberId, ...page }, context) =>
      context.services.generations.list(memberId, pageSize(page, context), page.after),
  },
  Mutation: {
    generate: async (_, { input }, context) => {
      // Without a key nobody could ask for the answer again, so a caller who goes away takes the generation along.
      const started = await startGeneration(input, context, input.key ? undefined : context.signal);
      return started.finished;
    },
    askTuningQuestion: (_, { input }, { services, quotas, viewer, signal }) => {
      // Out of a bank it takes no turn of the model's.
      if (services.tuning.decodes) quotas.generation(viewer, input.member);
      return services.tuning.ask({ ...input, keyOwner: keyOwnerOf(viewer) }, signal);
    },
    cancelGeneration: (_, { id }, { services }) => services.generations.cancel(id),
  },
  Subscription: {
    generationStream: {
      subscribe: (_, { input }, context) => streamGeneration(input, context),
      resolve: (event: GenerationEvent) => event,
    },
  },
  Generation: {
    member: memberLink,
    feedback: (generation, { member }, { services }) => services.preferences.forGeneration(generation.id, member),
  },
} satisfies Resolvers;
