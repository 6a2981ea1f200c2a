/** The fields of schema.graphql, each a thin step to the services; links between entities are loaded here. */
import type { GraphQLResolveInfo } from 'graphql';
import { PalateError } from '../common/errors.js';
import type {
  CandidateView,
  FeedbackInput,
  FeedbackView,
  GenerateInput,
  GenerationView,
  MemberRef,
  MemberView,
  PoolView,
  TrainingJobView,
} from '../services/views.js';
import type { Viewer } from './auth.js';
import type { Context } from './context.js';
import { type GenerationEvent, streamGeneration, streamPool, streamTraining } from './streams.js';

interface PageArguments {
  first?: number | null;
  after?: string | null;
}

/** The scalar's own functions, under the names by which resolvers set them. */
const DateTime = {
  __serialize: (value: unknown): string => {
    if (value instanceof Date) return value.toISOString();
    throw new TypeError('DateTime stands for Date values only.');
  },
};

const Query = {
  member: (_: unknown, { ref }: { ref: MemberRef }, { services }: Context) => services.members.byRef(ref),
  memberById: (_: unknown, { id }: { id: string }, { services }: Context) => services.members.byId(id),
  generation: (_: unknown, { id }: { id: string }, { services }: Context) => services.generations.byId(id),
  feedback: (_: unknown, { memberId, ...page }: { memberId: string } & PageArguments, context: Context) =>
    context.services.preferences.list(memberId, pageSize(page, context), page.after),
  trainingJob: (_: unknown, { id }: { id: string }, { services }: Context) => services.training.byId(id),
  trainingJobs: (_: unknown, { memberId, ...page }: { memberId?: string | null } & PageArguments, context: Context) =>
    context.services.training.list(memberId, pageSize(page, context), page.after),
  pool: (_: unknown, __: unknown, { services }: Context) => services.pool.status(),
  viewer: (_: unknown, __: unknown, { viewer }: Context) => viewer,
};

const Mutation = {
  generate: async (_: unknown, { input }: { input: GenerateInput }, { services, signal }: Context) => {
    // Without a key nobody could ask for the answer again, so a caller who goes away takes the generation along.
    const started = await services.generations.start(input, input.key ? undefined : signal);
    return started.finished;
  },
  cancelGeneration: (_: unknown, { id }: { id: string }, { services }: Context) => services.generations.cancel(id),
  submitFeedback: (_: unknown, { input }: { input: FeedbackInput }, { services }: Context) =>
    services.preferences.submit(input),
  withdrawFeedback: (_: unknown, { id }: { id: string }, { services }: Context) => services.preferences.withdraw(id),
  trainMember: (_: unknown, { memberId }: { memberId: string }, { services }: Context) =>
    services.training.train(memberId),
};

const Subscription = {
  generationStream: {
    subscribe: (_: unknown, { input }: { input: GenerateInput }, context: Context) => streamGeneration(input, context),
    resolve: (event: GenerationEvent) => event,
  },
  trainingStatus: {
    subscribe: (_: unknown, { memberId }: { memberId?: string | null }, context: Context) =>
      streamTraining(memberId, context),
    resolve: (job: TrainingJobView) => job,
  },
  poolStatus: {
    subscribe: (_: unknown, __: unknown, context: Context) => streamPool(context),
    resolve: (pool: PoolView) => pool,
  },
};

const Generation = {
  member: memberOf,
  feedback: (generation: GenerationView, { member }: { member?: MemberRef | null }, { services }: Context) =>
    services.preferences.forGeneration(generation.id, member),
};

const Candidate = {
  role: (candidate: CandidateView, _: unknown, { viewer }: Context) =>
    viewer.scope === 'ADMIN' ? candidate.role : null,
};

const Feedback = {
  member: memberOf,
  generation: async (feedback: FeedbackView, _: unknown, context: Context, info: GraphQLResolveInfo) =>
    present(await context.loaders.generation(feedback.generationId, info), 'generation', feedback.generationId),
};

const PoolStatus = {
  notPersonalisedBecause: (pool: PoolView) =>
    pool.personalised
      ? null
      : `There is no checkpoint for ${pool.model}, so its replies are the same for everybody. Use a model that has one, or make one with "palate pretrain".`,
};

const ViewerType = {
  member: (viewer: Viewer, _: unknown, context: Context, info: GraphQLResolveInfo) =>
    viewer.memberId === null ? null : context.loaders.member(viewer.memberId, info),
};

export const resolvers = {
  DateTime,
  Query,
  Mutation,
  Subscription,
  GenerationEvent: { __resolveType: (event: GenerationEvent) => event.type },
  Generation,
  Candidate,
  Feedback,
  TrainingJob: { member: memberOf },
  PoolStatus,
  Viewer: ViewerType,
};

async function memberOf(
  owned: { memberId: string },
  _: unknown,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<MemberView> {
  return present(await context.loaders.member(owned.memberId, info), 'member', owned.memberId);
}

/** A link that leads nowhere: whatever it belongs to was forgotten between two reads. */
function present<T>(value: T | null, kind: string, id: string): T {
  if (value === null) throw new PalateError('NOT_FOUND', `The ${kind} ${id} is gone. Read the list again.`);
  return value;
}

function pageSize({ first }: PageArguments, { limits }: Context): number {
  const size = first ?? limits.pageSizeDefault;
  if (size >= 1 && size <= limits.pageSizeMaximum) return size;
  throw new PalateError('BAD_USER_INPUT', `first is ${size}; it must be from 1 to ${limits.pageSizeMaximum}.`);
}
