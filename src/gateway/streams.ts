/** Subscriptions as event streams that a slow reader cannot make grow. */
import type { Limits } from '../common/config.js';
import type {
  ErrorCount,
  GenerateInput,
  GenerationEvent,
  Plugin,
  PoolStatus,
  TrainingJob,
} from '../contract/generated/types.js';
import type { StartedGeneration } from '../services/services.js';
import { whose } from './access.js';
import { keyOwnerOf } from './auth.js';
import type { Context } from './context.js';
import { type LiveOptions, live } from './live.js';

/** What unread events are about, and how those about the same become one. */
type Merging<T> = Pick<LiveOptions<T>, 'subject' | 'merge'>;

type GenerationContext = Pick<Context, 'services' | 'limits' | 'quotas' | 'viewer' | 'signal'>;

/** Starts a generation within what the viewer and the member may use; what waits for its turn is started too. */
export async function startGeneration(
  input: GenerateInput,
  { services, quotas, viewer }: GenerationContext,
  signal?: AbortSignal,
): Promise<StartedGeneration> {
  quotas.generation(viewer, input.member);
  return services.generations.start({ ...input, keyOwner: keyOwnerOf(viewer) }, signal);
}

/** Starts a generation; ending the stream cancels it. Errors of the start are thrown here, later ones by the stream. */
export async function streamGeneration(
  input: GenerateInput,
  context: GenerationContext,
): Promise<AsyncIterableIterator<GenerationEvent>> {
  const { limits, signal } = context;
  const stopped = new AbortController();
  // There is no stream yet that could be ended by whoever goes away while the generation is planned.
  const leave = () => stopped.abort();
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  const started = await startGeneration(input, context, stopped.signal).finally(() =>
    signal.removeEventListener('abort', leave),
  );
  // Whoever stops reading does not wait for the end, and its failure must not go unheard.
  started.finished.catch(() => {});
  return live({
    source: () => eventsOf(started),
    ...generationEvents,
    limit: limits.pendingEvents,
    stopped,
  });
}

async function* eventsOf(started: StartedGeneration): AsyncGenerator<GenerationEvent> {
  yield { __typename: 'GenerationStarted', generationId: started.id, candidates: started.candidates };
  for await (const event of started.events) {
    if ('ahead' in event) yield { __typename: 'GenerationQueued', generationId: started.id, ...event };
    else yield { __typename: 'CandidateDelta', ...event };
  }
  yield { __typename: 'GenerationFinished', generation: await started.finished };
}

/** Of one candidate, unread text becomes one piece; of the places in the queue only the newest matters. */
export const generationEvents: Merging<GenerationEvent> = {
  subject: (event) => (event.__typename === 'CandidateDelta' ? event.candidateId : event.__typename),
  merge(unread, next) {
    if (unread.__typename === 'GenerationQueued' && next.__typename === 'GenerationQueued') return next;
    if (unread.__typename !== 'CandidateDelta' || next.__typename !== 'CandidateDelta') return undefined;
    return { ...unread, text: unread.text + next.text };
  },
};

export function streamTraining(
  memberId: string | null | undefined,
  { services, limits, viewer }: Pick<Context, 'services' | 'limits' | 'viewer'>,
): AsyncIterableIterator<TrainingJob> {
  const { member, platform } = whose(viewer, memberId);
  return live({
    source: (signal) => services.training.watch(member, signal, platform),
    ...trainingSteps,
    limit: limits.pendingEvents,
  });
}

/** Of a job's steps in one status only the newest matters; a change of status is always told. */
export const trainingSteps: Merging<TrainingJob> = {
  subject: ({ id }) => id,
  merge: (unread, next) => (unread.status === next.status ? next : undefined),
};

export function streamPool({
  services,
  limits,
}: {
  services: Context['services'];
  limits: Limits;
}): AsyncIterableIterator<PoolStatus> {
  return live({
    source: (signal) => services.pool.watch(signal),
    merge: (_, next) => next,
    limit: limits.pendingEvents,
  });
}

export function streamPlugins({
  services,
  limits,
}: Pick<Context, 'services' | 'limits'>): AsyncIterableIterator<Plugin> {
  return live({
    source: (signal) => services.plugins.watch(signal),
    subject: ({ name }) => name,
    merge: (_, next) => next,
    limit: limits.pendingEvents,
  });
}

export function streamErrors({
  errors,
  limits,
}: Pick<Context, 'errors' | 'limits'>): AsyncIterableIterator<ErrorCount[]> {
  return live({
    source: (signal) => errors.watch(signal),
    merge: (_, next) => next,
    limit: limits.pendingEvents,
  });
}
