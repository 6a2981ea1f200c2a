/** The typed client: one method an operation. */
import { errorOf, PalateClientError } from './errors.js';
import type { Executor, ExecutorResponse } from './executor.js';
import { OPERATIONS, type Operation } from './generated/operations.js';
import { type NetworkOptions, networkExecutor } from './network.js';
import type {
  Feedback,
  FeedbackInput,
  FeedbackResult,
  GenerateInput,
  Generation,
  GenerationEvent,
  Member,
  MemberRef,
  Page,
  PageInput,
  PoolStatus,
  TrainingJob,
  Viewer,
} from './types.js';

export interface CallOptions {
  /** Aborting ends the call: a promise is rejected with CANCELLED, an iteration ends. */
  signal?: AbortSignal;
}

/** Every method throws PalateClientError. */
export interface PalateClient {
  generate(input: GenerateInput, options?: CallOptions): Promise<Generation>;
  /** Replies as they grow; leaving the iteration before its end cancels the generation. A lost connection is an error. */
  generateStream(input: GenerateInput, options?: CallOptions): AsyncGenerator<GenerationEvent, void, undefined>;
  cancelGeneration(id: string): Promise<Generation>;
  submitFeedback(input: FeedbackInput): Promise<FeedbackResult>;
  withdrawFeedback(id: string): Promise<FeedbackResult>;
  trainMember(memberId: string): Promise<TrainingJob>;
  member(ref: MemberRef): Promise<Member | null>;
  memberById(id: string): Promise<Member | null>;
  generation(id: string): Promise<Generation | null>;
  feedback(memberId: string, page?: PageInput): Promise<Page<Feedback>>;
  trainingJob(id: string): Promise<TrainingJob | null>;
  trainingJobs(memberId?: string | null, page?: PageInput): Promise<Page<TrainingJob>>;
  pool(): Promise<PoolStatus>;
  viewer(): Promise<Viewer>;
  /** The latest job, then every change. Reconnects; the latest job then comes again. */
  trainingStatus(memberId?: string | null, options?: CallOptions): AsyncGenerator<TrainingJob, void, undefined>;
  /** The present state, then every change. Reconnects. */
  poolStatus(options?: CallOptions): AsyncGenerator<PoolStatus, void, undefined>;
  /** Any other query or mutation: its data as it comes. */
  request(query: string, variables?: Record<string, unknown>, options?: CallOptions): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** A client over the network, or over an executor that is handed in. */
export function createPalateClient(options: NetworkOptions | { executor: Executor }): PalateClient {
  const executor = 'executor' in options ? options.executor : networkExecutor(options);

  async function call<Result, Variables>(
    operation: Operation<Result, Variables>,
    variables: Variables,
    { signal }: CallOptions = {},
  ): Promise<Result> {
    const request = { query: operation.document, variables: variables as Record<string, unknown> };
    return fieldOf(operation, await executor.execute(request, signal));
  }

  async function* watch<Result, Variables>(
    operation: Operation<Result, Variables>,
    variables: Variables,
    reconnect: boolean,
    { signal }: CallOptions = {},
  ): AsyncGenerator<Result, void, undefined> {
    if (signal?.aborted) return;
    const request = { query: operation.document, variables: variables as Record<string, unknown> };
    const responses = executor.subscribe(request, { reconnect });
    const end = () => void responses.return?.();
    signal?.addEventListener('abort', end, { once: true });
    try {
      for await (const response of responses) yield fieldOf(operation, response);
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  const none = {};
  return {
    generate: (input, options) => call(OPERATIONS.generate, { input }, options),
    generateStream: (input, options) => watch(OPERATIONS.generationStream, { input }, false, options),
    cancelGeneration: (id) => call(OPERATIONS.cancelGeneration, { id }),
    submitFeedback: (input) => call(OPERATIONS.submitFeedback, { input }),
    withdrawFeedback: (id) => call(OPERATIONS.withdrawFeedback, { id }),
    trainMember: (memberId) => call(OPERATIONS.trainMember, { memberId }),
    member: (ref) => call(OPERATIONS.member, { ref }),
    memberById: (id) => call(OPERATIONS.memberById, { id }),
    generation: (id) => call(OPERATIONS.generation, { id }),
    feedback: (memberId, page) => call(OPERATIONS.feedback, { memberId, ...page }),
    trainingJob: (id) => call(OPERATIONS.trainingJob, { id }),
    trainingJobs: (memberId, page) => call(OPERATIONS.trainingJobs, { memberId, ...page }),
    pool: () => call(OPERATIONS.pool, none),
    viewer: () => call(OPERATIONS.viewer, none),
    trainingStatus: (memberId, options) => watch(OPERATIONS.trainingStatus, { memberId }, true, options),
    poolStatus: (options) => watch(OPERATIONS.poolStatus, none, true, options),
    async request(query, variables, options) {
      const { data, errors } = await executor.execute({ query, variables }, options?.signal);
      if (errors?.length) throw errorOf(errors);
      return (data ?? {}) as Record<string, unknown>;
    },
    close: async () => executor.close?.(),
  };
}

function fieldOf<Result>(
  { field }: Operation<Result, never> | Operation<Result, unknown>,
  response: ExecutorResponse,
): Result {
  if (response.errors?.length) throw errorOf(response.errors);
  const data = response.data as Record<string, Result> | null | undefined;
  if (!data || !(field in data)) {
    throw new PalateClientError(
      'INTERNAL',
      `The service answered without "${field}". Do its version and the client's fit?`,
    );
  }
  return data[field];
}
