/** Writing replies, and the generations they make. */
import type { GenerateInput, GenerationView, MemberRef } from '../../services/views.js';
import type { Context } from '../context.js';
import { type GenerationEvent, streamGeneration } from '../streams.js';
import { memberOf } from './links.js';

export const generations = {
  Query: {
    generation: (_: unknown, { id }: { id: string }, { services }: Context) => services.generations.byId(id),
  },
  Mutation: {
    generate: async (_: unknown, { input }: { input: GenerateInput }, { services, signal }: Context) => {
      // Without a key nobody could ask for the answer again, so a caller who goes away takes the generation along.
      const started = await services.generations.start(input, input.key ? undefined : signal);
      return started.finished;
    },
    cancelGeneration: (_: unknown, { id }: { id: string }, { services }: Context) => services.generations.cancel(id),
  },
  Subscription: {
    generationStream: {
      subscribe: (_: unknown, { input }: { input: GenerateInput }, context: Context) =>
        streamGeneration(input, context),
      resolve: (event: GenerationEvent) => event,
    },
  },
  GenerationEvent: { __resolveType: (event: GenerationEvent) => event.type },
  Generation: {
    member: memberOf,
    feedback: (generation: GenerationView, { member }: { member?: MemberRef | null }, { services }: Context) =>
      services.preferences.forGeneration(generation.id, member),
  },
};
