/** The use cases as the gateway sees them. Every failure is a PalateError; a query for an unknown id is null. */
import type { Lifecycle } from '../common/lifecycle.js';
import type {
  Connection,
  FeedbackInput,
  FeedbackResultView,
  FeedbackView,
  GenerateInput,
  GenerationView,
  MemberRef,
  MemberView,
  PoolView,
  StartedGeneration,
  TrainingJobView,
} from './views.js';

export interface GenerationService {
  /**
   * Starts writing the candidates; an unknown member is created. Aborting `signal` cancels the generation, which is then stored with
   * the text so far. Errors: BAD_USER_INPUT, CONFLICT (key), MODEL_UNAVAILABLE, LIMIT_EXCEEDED.
   */
  start(input: GenerateInput, signal?: AbortSignal): Promise<StartedGeneration>;
  /** Keeps the text so far, finishReason CANCELLED; a finished generation is answered as it is. Errors: NOT_FOUND. */
  cancel(id: string): Promise<GenerationView>;
  /** Null for an unknown one and for one that has not finished. */
  byId(id: string): Promise<GenerationView | null>;
}

export interface PreferenceService {
  /** Resolves when verdict and training job are committed. Errors: NOT_FOUND, BAD_USER_INPUT, CONFLICT (key). */
  submit(input: FeedbackInput): Promise<FeedbackResultView>;
  /** The verdict no longer trains; withdrawing it twice changes nothing. Errors: NOT_FOUND. */
  withdraw(id: string): Promise<FeedbackResultView>;
  /** Active verdicts, newest first; `after` is an edge's cursor. */
  list(memberId: string, first: number, after?: string | null): Promise<Connection<FeedbackView>>;
  /** A member's verdict on a generation, in whatever state; the asker's when no member is given. */
  forGeneration(generationId: string, member?: MemberRef | null): Promise<FeedbackView | null>;
}

export interface MemberService {
  byRef(ref: MemberRef): Promise<MemberView | null>;
  byId(id: string): Promise<MemberView | null>;
}

export interface TrainingService {
  byId(id: string): Promise<TrainingJobView | null>;
  /** Newest first; all members' when none is given. */
  list(memberId: string | null | undefined, first: number, after?: string | null): Promise<Connection<TrainingJobView>>;
  /** The latest job first if there is one, then every change in order, until `signal` aborts. */
  watch(memberId: string | null | undefined, signal: AbortSignal): AsyncIterable<TrainingJobView>;
  /** Queues a training from the active verdicts. Errors: NOT_FOUND. */
  train(memberId: string): Promise<TrainingJobView>;
}

export interface PoolService {
  status(): PoolView;
  /** The present status first, then every change, until `signal` aborts. */
  watch(signal: AbortSignal): AsyncIterable<PoolView>;
}

export interface Services extends Lifecycle {
  generations: GenerationService;
  preferences: PreferenceService;
  members: MemberService;
  training: TrainingService;
  pool: PoolService;
}
