/** The use cases as the gateway sees them. Every failure is a PalateError; a query for an unknown id is null. */
import type { PalateError } from '../common/errors.js';
import type { Lifecycle } from '../common/lifecycle.js';
import type {
  CandidateDelta,
  CandidateStart,
  ConsentInput,
  CreatedKey,
  DeletionCount,
  DeletionReceipt,
  EncoderVersion,
  Feedback,
  FeedbackInput,
  FeedbackResult,
  Finding,
  GenerateInput,
  Generation,
  GenerationQueued,
  Key,
  KeyInput,
  KeyScope,
  LanguageModel,
  Member,
  MemberRef,
  MemberToken,
  Platform,
  PlatformInput,
  Plugin,
  PluginConfigInput,
  PoolStatus,
  StorageEntry,
  Taste,
  TasteMap,
  TrainingJob,
  TuningQuestionInput,
  WinRatePoint,
} from '../contract/generated/types.js';
import type { Connection } from './connection.js';

/** An input with an idempotency key, and whose key it is: another's of the same text is another key. */
export type Keyed<Input> = Input & {
  /** Undefined: the operator's, who may have any number of generations under way. */
  keyOwner?: string;
};

/** Where a generation stands while it waits. */
export type QueuePlace = Omit<GenerationQueued, 'generationId'>;

export interface StartedGeneration {
  id: string;
  memberId: string;
  candidates: CandidateStart[];
  /**
   * Its places while it waits, then the texts. Ends when every candidate has ended; throws what ended the generation otherwise. May be
   * iterated more than once: each from the start, but places that are past.
   */
  events: AsyncIterable<QueuePlace | CandidateDelta>;
  /** Resolves once the generation is stored; rejects with a PalateError. */
  finished: Promise<Generation>;
}

export interface GenerationService {
  /**
   * Starts writing the candidates, at once or when it is their turn; an unknown member is created. Aborting `signal` cancels the
   * generation, which is then stored with the text so far; one without a key that has not started yet is given up. Errors:
   * BAD_USER_INPUT, TOO_LONG, CONFLICT (key, what cannot be gone on with), NOT_FOUND (what is gone on with), MODEL_UNAVAILABLE,
   * LIMIT_EXCEEDED, CANCELLED.
   */
  start(input: Keyed<GenerateInput>, signal?: AbortSignal): Promise<StartedGeneration>;
  /** Keeps the text so far, finishReason CANCELLED; a finished generation is answered as it is. Errors: NOT_FOUND. */
  cancel(id: string): Promise<Generation>;
  /** Null for an unknown one and for one that has not finished. */
  byId(id: string): Promise<Generation | null>;
  /** A member's, newest first; `after` is an edge's cursor. Errors: BAD_USER_INPUT. */
  list(memberId: string, first: number, after?: string | null): Promise<Connection<Generation>>;
}

export interface TuningService {
  /** The model has no bank, so it decodes the replies to a question when that is asked, as for any generation. */
  readonly decodes: boolean;
  /**
   * The next question of a tuning round, stored as a generation; an unknown member is created. Aborting `signal` gives up what the model
   * has to write for it. Errors: BAD_USER_INPUT, CONFLICT (key), NOT_FOUND (what the key made was erased), and those of a generation where
   * the model has no bank.
   */
  ask(input: Keyed<TuningQuestionInput>, signal?: AbortSignal): Promise<Generation>;
}

export interface PreferenceService {
  /** Resolves when verdict and training job are committed. Errors: NOT_FOUND, BAD_USER_INPUT, CONFLICT (key). */
  submit(input: Keyed<FeedbackInput>): Promise<FeedbackResult>;
  /** The verdict no longer trains; withdrawing it twice changes nothing. Errors: NOT_FOUND. */
  withdraw(id: string): Promise<FeedbackResult>;
  /** Active verdicts, newest first; `after` is an edge's cursor. */
  list(memberId: string, first: number, after?: string | null): Promise<Connection<Feedback>>;
  /** A member's verdict on a generation, in whatever state; the asker's when no member is given. */
  forGeneration(generationId: string, member?: MemberRef | null): Promise<Feedback | null>;
}

export interface MemberService {
  byRef(ref: MemberRef): Promise<Member | null>;
  byId(id: string): Promise<Member | null>;
  /** The newest versions of a member's encoder, newest first. */
  versions(id: string, count: number): Promise<EncoderVersion[]>;
  /** The win rate after each vote that counts for it, oldest first. */
  winRates(id: string): Promise<WinRatePoint[]>;
}

export interface RightsService {
  /** What is not given stays. Granting lets held verdicts count, denying holds those that count. Errors: NOT_FOUND. */
  setConsent(memberId: string, input: ConsentInput): Promise<Member>;
  /** Verdicts after the version no longer count. Errors: NOT_FOUND (also the version), CONFLICT (the version never served). */
  rollback(memberId: string, version: number): Promise<Member>;
  /** Resolves when every row is gone; one who was forgotten before has a receipt already. Errors: NOT_FOUND. */
  forget(memberId: string): Promise<DeletionReceipt>;
  receipt(id: string): Promise<DeletionReceipt | null>;
  /** Rows of each kind that belong to the id at this moment. */
  remaining(memberId: string): Promise<DeletionCount[]>;
  /** Errors: BAD_USER_INPUT. */
  platform(name: string): Promise<Platform>;
  setPlatform(name: string, input: PlatformInput): Promise<Platform>;
}

export interface TasteService {
  /** Errors: NOT_FOUND, CONFLICT (nothing learned), MODEL_UNAVAILABLE. */
  export(memberId: string): Promise<Taste>;
  /** Resolves when the taste is kept; the training from it follows. Errors: NOT_FOUND, BAD_USER_INPUT, MODEL_UNAVAILABLE. */
  import(memberId: string, data: string): Promise<Member>;
}

export interface TasteMapService {
  /** Null for an unknown member; empty where the model has no checkpoint. */
  of(memberId: string): Promise<TasteMap | null>;
}

export interface TrainingService {
  byId(id: string): Promise<TrainingJob | null>;
  /** Newest first; all members' when none is given, or all those of a platform. */
  list(
    memberId: string | null | undefined,
    first: number,
    after?: string | null,
    platform?: string,
  ): Promise<Connection<TrainingJob>>;
  /** The latest job first if there is one, then every change in order, until `signal` aborts or the member is forgotten. */
  watch(memberId: string | null | undefined, signal: AbortSignal, platform?: string): AsyncIterable<TrainingJob>;
  /** Queues a training from the active verdicts. Errors: NOT_FOUND. */
  train(memberId: string): Promise<TrainingJob>;
  /** Ends a job that waits or runs; what it was to learn joins the member's next one. One that has ended is answered as it is. Errors: NOT_FOUND. */
  cancel(id: string): Promise<TrainingJob>;
}

export interface PoolService {
  status(): PoolStatus;
  /** The present status first, then every change, until `signal` aborts. */
  watch(signal: AbortSignal): AsyncIterable<PoolStatus>;
}

export interface DatabaseService {
  /** Why nothing can be kept now: STORE_UNAVAILABLE; null where nothing is in the way. Answers within seconds. */
  check(): Promise<PalateError | null>;
}

export interface ModelService {
  /** The one that serves first, then those known by name. */
  list(): LanguageModel[];
}

export interface StorageService {
  /** Rows of this owner whose key begins with `prefix` and comes after `after`, by code point. Errors: BAD_USER_INPUT. */
  list(owner: string, prefix: string, first: number, after?: string | null): Promise<StorageEntry[]>;
  /**
   * Resolves when the row is committed; null removes it. A row about a member goes when the member does. Errors: BAD_USER_INPUT,
   * LIMIT_EXCEEDED, NOT_FOUND (member).
   */
  set(owner: string, key: string, value: string | null, memberId?: string | null): Promise<void>;
}

export interface PluginService {
  list(): Promise<Plugin[]>;
  /** Every plugin as it is now, then every change, until `signal` aborts. */
  watch(signal: AbortSignal): AsyncIterable<Plugin>;
  /** Keeps the settings; a plugin that is to run is started anew with them. Errors: NOT_FOUND, BAD_USER_INPUT, CONFLICT. */
  configure(name: string, input: PluginConfigInput): Promise<Plugin>;
  /** Looks whether a plugin's settings work, without starting it. Errors: NOT_FOUND. */
  diagnose(name: string): Promise<Finding[]>;
  /** From now on it runs, also after a restart of the service. Errors: NOT_FOUND, CONFLICT (settings are missing). */
  start(name: string): Promise<Plugin>;
  /** Resolves when it has stopped, and it stays so. Errors: NOT_FOUND. */
  stop(name: string): Promise<Plugin>;
}

/** Whose a thing is; null where there is no such thing. What is known already is answered at once. */
export interface OwnershipService {
  /** The platform of a member. */
  platform(memberId: string): string | null | Promise<string | null>;
  /** The member a generation was made for, also while it is being written. */
  generation(id: string): string | null | Promise<string | null>;
  /** The member a candidate was written for; null while it is being written. */
  candidate(id: string): string | null | Promise<string | null>;
  /** The member who gave a verdict. */
  feedback(id: string): string | null | Promise<string | null>;
  /** The member whose encoder is trained. */
  trainingJob(id: string): string | null | Promise<string | null>;
}

/** Who a key or token belongs to. */
export interface KeyOwner {
  scope: KeyScope;
  /** Of a BOT key. */
  platform: string | null;
  /** Of a MEMBER key or token. */
  member: { id: string; platform: string; externalId: string; scope: string } | null;
  /** Null for a token. */
  keyId: string | null;
  expiresAt: Date | null;
}

export interface KeyService {
  /** The owner of a key or member token; null for one that is not known. Errors: UNAUTHENTICATED for one that is no longer good. */
  identify(secret: string): Promise<KeyOwner | null>;
  /** Newest first, revoked ones too. */
  list(): Promise<Key[]>;
  /** Errors: BAD_USER_INPUT, LIMIT_EXCEEDED. */
  create(input: KeyInput): Promise<CreatedKey>;
  /** A new secret for the key; the one before works for `overlapSeconds` more. Errors: NOT_FOUND, CONFLICT (revoked), BAD_USER_INPUT. */
  rotate(id: string, overlapSeconds: number): Promise<CreatedKey>;
  /** From now on neither the key nor the tokens made with it are good. Errors: NOT_FOUND. */
  revoke(id: string): Promise<Key>;
  /** A token for the member, who is created if unknown; it ends with the key it was made with, if there is one. Errors: BAD_USER_INPUT. */
  createMemberToken(ref: MemberRef, keyId: string | null): Promise<MemberToken>;
  /**
   * Calls `listener` after a key was rotated or revoked here, and with the member after one was forgotten, until the returned function is
   * called.
   */
  onChange(listener: (forgottenMember?: string) => void): () => void;
}

export interface Services extends Lifecycle {
  keys: KeyService;
  ownership: OwnershipService;
  generations: GenerationService;
  tuning: TuningService;
  preferences: PreferenceService;
  members: MemberService;
  rights: RightsService;
  tastes: TasteService;
  tasteMaps: TasteMapService;
  training: TrainingService;
  pool: PoolService;
  database: DatabaseService;
  models: ModelService;
  storage: StorageService;
  plugins: PluginService;
}
