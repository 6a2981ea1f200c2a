/** Verdicts: given, taken back, listed. */
import type { GraphQLResolveInfo } from 'graphql';
import type { FeedbackInput, FeedbackView } from '../../services/views.js';
import type { Context } from '../context.js';
import { memberOf, type PageArguments, pageSize, present } from './links.js';

export const feedback = {
  Query: {
    feedback: (_: unknown, { memberId, ...page }: { memberId: string } & PageArguments, context: Context) =>
      context.services.preferences.list(memberId, pageSize(page, context), page.after),
  },
  Mutation: {
    submitFeedback: (_: unknown, { input }: { input: FeedbackInput }, { services }: Context) =>
      services.preferences.submit(input),
    withdrawFeedback: (_: unknown, { id }: { id: string }, { services }: Context) => services.preferences.withdraw(id),
  },
  Feedback: {
    member: memberOf,
    generation: async (verdict: FeedbackView, _: unknown, context: Context, info: GraphQLResolveInfo) =>
      present(await context.loaders.generation(verdict.generationId, info), 'generation', verdict.generationId),
  },
};
