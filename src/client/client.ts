/** The typed client: one method an operation. */
import { errorOf, PalateClientError } from './errors.js';
import type { Executor, ExecutorResponse } from './executor.js';
import { OPERATIONS, type Operation } from './generated/operations.js';
import { type NetworkOptions, networkExecutor } from './network.js';
import type {
  ConsentInput,
  CreatedKey,
  DeletionReceipt,
  ErrorCount,
  Feedback,
  FeedbackInput,
  FeedbackResult,
  Finding,
  GenerateInput,
  Generation,
  GenerationEvent,
  Key,
  KeyInput,
  LanguageModel,
  Limit,
  Member,
  MemberRef,
  MemberToken,
  Page,
  PageInput,
  Platform,
  PlatformInput,
  Plugin,
  PluginConfigInput,
  PoolStatus,
  StorageEntry,
  Taste,
  TasteMap,
  TrainingJob,
  Viewer,
  WinRatePoint,
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
  cancelTraining(id: string): Promise<TrainingJob>;
  member(ref: MemberRef): Promise<Member | null>;
  memberById(id: string): Promise<Member | null>;
  generation(id: string): Promise<Generation | null>;
  /** Everything that was written for a member, newest first. */
  generations(memberId: string, page?: PageInput): Promise<Page<Generation>>;
  feedback(memberId: string, page?: PageInput): Promise<Page<Feedback>>;
  trainingJob(id: string): Promise<TrainingJob | null>;
  trainingJobs(memberId?: string | null, page?: PageInput): Promise<Page<TrainingJob>>;
  /** A new version from what counted at an earlier one; 0 is before everything. */
  rollbackMember(memberId: string, version: number): Promise<Member>;
  setConsent(memberId: string, input: ConsentInput): Promise<Member>;
  /** For good. What it answers says what went, and by when the database's files are rid of it. */
  forgetMember(memberId: string): Promise<DeletionReceipt>;
  deletionReceipt(id: string): Promise<DeletionReceipt | null>;
  exportTaste(memberId: string): Promise<Taste>;
  /** @param data `Taste.data` */
  importTaste(memberId: string, data: string): Promise<Member>;
  /** Where the member's taste lies; null for an unknown member. */
  tasteMap(memberId: string): Promise<TasteMap | null>;
  /** How the win rate came about, oldest first. */
  winRates(memberId: string): Promise<WinRatePoint[]>;
  platform(name: string): Promise<Platform>;
  setPlatform(name: string, input: PlatformInput): Promise<Platform>;
  /** In order: what matters first comes first. */
  limits(): Promise<Limit[]>;
  pool(): Promise<PoolStatus>;
  /** Errors answered since the service started, the latest first. */
  errorCounts(): Promise<ErrorCount[]>;
  models(): Promise<LanguageModel[]>;
  viewer(): Promise<Viewer>;
  /** A short-lived token for one member, and a link that carries it. */
  createMemberToken(member: MemberRef): Promise<MemberToken>;
  keys(): Promise<Key[]>;
  /** The secret is in this answer and nowhere else. */
  createKey(input: KeyInput): Promise<CreatedKey>;
  /** @param overlapSeconds for which the secret before it works as well; 0 unless given */
  rotateKey(id: string, overlapSeconds?: number): Promise<CreatedKey>;
  revokeKey(id: string): Promise<Key>;
  plugins(): Promise<Plugin[]>;
  /** Looks whether a plugin's settings work, without starting it. */
  diagnosePlugin(name: string): Promise<Finding[]>;
  configurePlugin(name: string, input: PluginConfigInput): Promise<Plugin>;
  startPlugin(name: string): Promise<Plugin>;
  stopPlugin(name: string): Promise<Plugin>;
  /** Rows of this key, in order of their keys. `after` is the last key of the page before. */
  storage(prefix: string, page?: PageInput): Promise<StorageEntry[]>;
  /** Null removes the row. One about a member goes with the member. */
  setStorage(key: string, value: string | null, memberId?: string): Promise<boolean>;
  /** The latest job, then every change. Reconnects; the latest job then comes again. */
  trainingStatus(memberId?: string | null, options?: CallOptions): AsyncGenerator<TrainingJob, void, undefined>;
  /** The present state, then every change. Reconnects. */
  poolStatus(options?: CallOptions): AsyncGenerator<PoolStatus, void, undefined>;
  /** What errorCounts() answers, now and after every change. Reconnects. */
  errorStatus(options?: CallOptions): AsyncGenerator<ErrorCount[], void, undefined>;
  /** Every plugin, then each one that changes. Reconnects. */
  pluginStatus(options?: CallOptions): AsyncGenerator<Plugin, void, undefined>;
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
    cancelTraining: (id) => call(OPERATIONS.cancelTraining, { id }),
    member: (ref) => call(OPERATIONS.member, { ref }),
    memberById: (id) => call(OPERATIONS.memberById, { id }),
    generation: (id) => call(OPERATIONS.generation, { id }),
    generations: (memberId, page) => call(OPERATIONS.generations, { memberId, ...page }),
    feedback: (memberId, page) => call(OPERATIONS.feedback, { memberId, ...page }),
    trainingJob: (id) => call(OPERATIONS.trainingJob, { id }),
    trainingJobs: (memberId, page) => call(OPERATIONS.trainingJobs, { memberId, ...page }),
    rollbackMember: (memberId, version) => call(OPERATIONS.rollbackMember, { memberId, version }),
    setConsent: (memberId, input) => call(OPERATIONS.setConsent, { memberId, input }),
    forgetMember: (memberId) => call(OPERATIONS.forgetMember, { memberId }),
    deletionReceipt: (id) => call(OPERATIONS.deletionReceipt, { id }),
    exportTaste: (memberId) => call(OPERATIONS.exportTaste, { memberId }),
    importTaste: (memberId, data) => call(OPERATIONS.importTaste, { memberId, data }),
    platform: (name) => call(OPERATIONS.platform, { name }),
    setPlatform: (name, input) => call(OPERATIONS.setPlatform, { name, input }),
    tasteMap: (memberId) => call(OPERATIONS.tasteMap, { memberId }),
    winRates: (memberId) => call(OPERATIONS.winRates, { memberId }),
    limits: () => call(OPERATIONS.limits, none),
    pool: () => call(OPERATIONS.pool, none),
    errorCounts: () => call(OPERATIONS.errorCounts, none),
    models: () => call(OPERATIONS.models, none),
    viewer: () => call(OPERATIONS.viewer, none),
    createMemberToken: (member) => call(OPERATIONS.createMemberToken, { member }),
    keys: () => call(OPERATIONS.keys, none),
    createKey: (input) => call(OPERATIONS.createKey, { input }),
    rotateKey: (id, overlapSeconds) => call(OPERATIONS.rotateKey, { id, overlapSeconds }),
    revokeKey: (id) => call(OPERATIONS.revokeKey, { id }),
    plugins: () => call(OPERATIONS.plugins, none),
    diagnosePlugin: (name) => call(OPERATIONS.diagnosePlugin, { name }),
    configurePlugin: (name, input) => call(OPERATIONS.configurePlugin, { name, input }),
    startPlugin: (name) => call(OPERATIONS.startPlugin, { name }),
    stopPlugin: (name) => call(OPERATIONS.stopPlugin, { name }),
    storage: (prefix, page) => call(OPERATIONS.storage, { prefix, ...page }),
    setStorage: (key, value, memberId) => call(OPERATIONS.setStorage, { key, value, memberId }),
    trainingStatus: (memberId, options) => watch(OPERATIONS.trainingStatus, { memberId }, true, options),
    poolStatus: (options) => watch(OPERATIONS.poolStatus, none, true, options),
    errorStatus: (options) => watch(OPERATIONS.errorStatus, none, true, options),
    pluginStatus: (options) => watch(OPERATIONS.pluginStatus, none, true, options),
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
