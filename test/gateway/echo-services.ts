/**
 * Services without a model, for tests of the way to them: transport, keys, limits, errors. A reply is its prompt, word by word.
 * Some prompts make it fail in the way they name.
 */
import { EventEmitter, on } from 'node:events';
import { PalateError } from '../../src/common/errors.js';
import type {
  Candidate,
  CandidateDelta,
  DeletionReceipt,
  Feedback,
  FeedbackResult,
  GenerateInput,
  Generation,
  Key,
  Member,
  MemberRef,
  PoolStatus,
  Taste,
  TrainingJob,
  TuningQuestionInput,
} from '../../src/contract/generated/types.js';
import type { Connection } from '../../src/services/connection.js';
import { modelService } from '../../src/services/models.js';
import { NO_PLUGINS } from '../../src/services/no-plugins.js';
import type { Services, StartedGeneration } from '../../src/services/services.js';

export const EPOCH = new Date('2030-01-02T03:04:05.006Z');

export class EchoServices implements Services {
  readonly events = new EventEmitter();
  readonly started: GenerateInput[] = [];
  readonly cancelled: string[] = [];
  memberLoads = 0;
  /** Milliseconds between two words. */
  wordMs = 1;
  pool_: PoolStatus = {
    ready: true,
    model: 'echo',
    modelDigest: 'ab'.repeat(32),
    checkpointDigest: null,
    personalised: false,
    device: 'cpu',
    slots: 4,
    busySlots: 0,
    queued: 0,
    tokensPerSecond: 0,
    trainingQueued: 0,
    trainingRunning: 0,
  };
  problem: PalateError | null = null;
  readonly database = { check: async () => this.problem };
  private readonly finished = new Map<string, Generation>();
  private readonly controllers = new Map<string, AbortController>();

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  readonly generations = {
    start: (input: GenerateInput, signal?: AbortSignal) => this.begin(input, signal),
    cancel: async (id: string): Promise<Generation> => {
      const done = this.finished.get(id);
      if (done) return done;
      const controller = this.controllers.get(id);
      if (!controller) throw new PalateError('NOT_FOUND', `There is no generation ${id}.`);
      controller.abort();
      while (!this.finished.has(id)) await pause(1);
      return this.finished.get(id) as Generation;
    },
    byId: async (id: string) => this.finished.get(id) ?? null,
    list: async (_memberId: string, first: number) => connection([...this.finished.values()].slice(0, first)),
  };

  readonly tuning = {
    decodes: true,
    ask: async ({ member }: TuningQuestionInput) => {
      const started = await this.begin({ member, prompt: 'How was your weekend?', candidateCount: 4, maxTokens: 64 });
      return started.finished;
    },
  };

  readonly tasteMaps = {
    of: async () => ({ taste: null, replies: [], others: [], directions: [] }),
  };

  readonly members = {
    winRates: async () => [],
    versions: async () => [],
    byRef: async (ref: MemberRef) => (ref.externalId === 'nobody' ? null : memberView(ref.externalId, ref)),
    byId: async (id: string) => {
      this.memberLoads++;
      return id === 'nobody' ? null : memberView(id);
    },
  };

  readonly preferences = {
    submit: async (): Promise<FeedbackResult> => {
      throw new PalateError('NOT_FOUND', 'There is no such generation.');
    },
    withdraw: async (id: string): Promise<FeedbackResult> => {
      throw new PalateError('NOT_FOUND', `There is no verdict ${id}.`);
    },
    list: async (memberId: string, first: number): Promise<Connection<Feedback>> =>
      connection(Array.from({ length: first }, (_, i) => feedbackView(memberId, i))),
    forGeneration: async () => null,
  };

  readonly rights = {
    setConsent: async (memberId: string) => memberView(memberId),
    rollback: async (memberId: string) => memberView(memberId),
    forget: async (memberId: string): Promise<DeletionReceipt> => {
      throw new PalateError('NOT_FOUND', `There is no member ${memberId}.`);
    },
    receipt: async () => null,
    remaining: async () => [],
    platform: async (name: string) => ({ name, asksConsent: false }),
    setPlatform: async (name: string) => ({ name, asksConsent: true }),
  };

  readonly tastes = {
    export: async (): Promise<Taste> => {
      throw new PalateError('CONFLICT', 'Nothing is learned.');
    },
    import: async (memberId: string) => memberView(memberId),
  };

  readonly training = {
    byId: async (id: string) => (id === 'none' ? null : jobView(id)),
    list: async (_memberId: string | null | undefined, first: number) =>
      connection(Array.from({ length: first }, (_, i) => jobView(`job-${i}`))),
    watch: (_memberId: string | null | undefined, signal: AbortSignal) => this.listen<TrainingJob>('job', signal),
    train: async (memberId: string): Promise<TrainingJob> => {
      throw new PalateError('NOT_FOUND', `There is no member ${memberId}.`);
    },
    cancel: async (id: string): Promise<TrainingJob> => jobView(id, { status: 'CANCELLED' }),
  };

  /** No keys are given out here; those that are listed are said. */
  listed: Key[] = [];
  readonly keys = {
    identify: async () => null,
    list: async () => this.listed,
    create: () => noKeys(),
    rotate: () => noKeys(),
    revoke: () => noKeys(),
    createMemberToken: () => noKeys(),
    onChange: () => () => {},
  };

  /** Whatever is asked about belongs to ada, and everybody is on the platform test. */
  readonly ownership = {
    platform: () => 'test',
    generation: () => 'ada',
    candidate: () => 'ada',
    feedback: () => 'ada',
    trainingJob: () => 'ada',
  };

  readonly models = modelService({
    runtime: { status: () => this.pool_ },
    checkpointDigest: null,
  });

  readonly pool = {
    status: () => this.pool_,
    watch: (signal: AbortSignal) => this.listen<PoolStatus>('pool', signal),
  };

  readonly plugins = NO_PLUGINS;
  readonly rows = new Map<string, string>();
  readonly storage = {
    list: async (owner: string, prefix: string, first: number) =>
      [...this.rows]
        .map(([name, value]) => ({ key: name.slice(owner.length + 1), name, value }))
        .filter(({ key, name }) => name.startsWith(`${owner} `) && key.startsWith(prefix))
        .map(({ key, value }) => ({ key, value }))
        .slice(0, first),
    set: async (owner: string, key: string, value: string | null) => {
      if (value === null) this.rows.delete(`${owner} ${key}`);
      else this.rows.set(`${owner} ${key}`, value);
    },
  };

  private async *listen<T>(event: string, signal: AbortSignal): AsyncGenerator<T> {
    try {
      for await (const [value] of on(this.events, event, { signal })) yield value as T;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.events.emit(`${event}-ended`);
    }
  }

  private async begin(input: GenerateInput, signal?: AbortSignal): Promise<StartedGeneration> {
    this.started.push(input);
    if (input.prompt === 'full') {
      throw new PalateError('LIMIT_EXCEEDED', 'Too many generations wait.', { retryAfterMs: 1_500 });
    }
    if (input.prompt === 'bug') throw new TypeError('secret detail in /home/somebody');
    const id = `generation-${this.started.length}`;
    const controller = new AbortController();
    this.controllers.set(id, controller);
    signal?.addEventListener('abort', () => controller.abort(), { once: true });
    const count = input.candidateCount ?? 2;
    const places = Array.from({ length: count }, (_, index) => ({ id: `${id}/${index}`, index }));
    const deltas: CandidateDelta[] = [];
    const texts = places.map(() => '');
    let ended = false;
    const write = async (): Promise<Generation> => {
      for (const word of input.prompt.split(' ')) {
        if (input.prompt.startsWith('break') && word !== 'break') {
          ended = true;
          throw new Error('secret: worker died');
        }
        await pause(this.wordMs);
        if (controller.signal.aborted) break;
        for (const { id: candidateId, index } of places) {
          const text = texts[index] ? ` ${word}` : word;
          texts[index] += text;
          deltas.push({ candidateId, text });
        }
      }
      ended = true;
      const finishReason = controller.signal.aborted ? 'CANCELLED' : 'STOP';
      if (finishReason === 'CANCELLED') this.cancelled.push(id);
      const view: Generation = {
        id,
        memberId: input.member.externalId,
        prompt: input.prompt,
        candidates: places.map(
          (place): Candidate => ({
            ...place,
            generationId: id,
            text: texts[place.index],
            tokens: 1,
            finishReason,
            role: 'BASE',
          }),
        ),
        encoderVersion: 0,
        model: 'echo',
        createdAt: EPOCH,
        expiredAt: null,
      };
      this.finished.set(id, view);
      return view;
    };
    const finished = write();
    finished.catch(() => {});
    async function* events(): AsyncGenerator<CandidateDelta> {
      for (let i = 0; ; ) {
        while (i < deltas.length) yield deltas[i++];
        if (ended) break;
        await pause(1);
      }
      await finished;
    }
    return { id, memberId: input.member.externalId, candidates: places, events: events(), finished };
  }
}

export function jobView(id: string, changes: Partial<TrainingJob> = {}): TrainingJob {
  return {
    id,
    memberId: 'ada',
    status: 'RUNNING',
    step: 1,
    totalSteps: 60,
    loss: 0.6,
    accuracy: 0.5,
    pairCount: 3,
    encoderVersion: null,
    durationMs: null,
    error: null,
    attempts: 1,
    nextAttemptAt: null,
    createdAt: EPOCH,
    ...changes,
  };
}

/** What is not said of a member is null. */
function memberView(id: string, ref: MemberRef = { platform: 'test', externalId: id }): Member {
  const said = {
    id,
    platform: ref.platform,
    externalId: ref.externalId,
    scope: ref.scope ?? '',
    consent: { learn: 'UNASKED' as const, community: false },
    encoder: { memberId: id, version: 0, capacity: 'PRIOR' as const, verdictCount: 0, pairCount: 0, updatedAt: null },
    winRate: { wins: 0, losses: 0, ties: 0, rate: null, low: null, high: null },
    map: null,
  };
  return said as Member;
}

function feedbackView(memberId: string, i: number): Feedback {
  const view = { id: `feedback-${i}`, generationId: 'generation-1', memberId, chosen: null, createdAt: EPOCH };
  return { ...view, verdict: 'TIE', state: 'ACTIVE' };
}

function connection<T extends { id: string }>(nodes: T[]): Connection<T> {
  return {
    nodes,
    edges: nodes.map((node) => ({ node, cursor: node.id })),
    pageInfo: {
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: nodes[0]?.id ?? null,
      endCursor: nodes.at(-1)?.id ?? null,
    },
    totalCount: nodes.length,
  };
}

async function noKeys(): Promise<never> {
  throw new PalateError('NOT_FOUND', 'There are no keys.');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
