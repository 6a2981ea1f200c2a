/**
 * What the services answer with: the fields of the GraphQL contract, enums in capitals.
 * Links to other entities are ids (`memberId`, `generationId`): whoever shows them loads them by id, so no view nests another
 * one that a caller did not ask for. Candidates belong to their generation and come with it.
 */
import type { DeletionCount } from '../store/forgetting.js';
import type { MemberRef } from './member-ref.js';
import type { MapPointView } from './taste-map-views.js';

export type ChatRole = 'SYSTEM' | 'USER' | 'ASSISTANT';
export type FinishReason = 'STOP' | 'LENGTH' | 'CANCELLED';
/** How a candidate was written: with the member's encoder, with a draw that strays from what is known of the member, or with no prefix at all. */
export type CandidateRole = 'PERSONAL' | 'EXPLORE' | 'BASE';
export type Verdict = 'CHOSEN' | 'TIE' | 'ALL_BAD' | 'GOOD' | 'BAD';
/** Only ACTIVE verdicts train. HELD ones wait for consent. */
export type FeedbackState = 'ACTIVE' | 'HELD' | 'WITHDRAWN' | 'ROLLED_BACK';
export type TrainingStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'REJECTED' | 'FAILED' | 'CANCELLED';
export type EncoderCapacity = 'PRIOR' | 'BIAS' | 'HEAD' | 'FULL';
export type LearnConsent = 'UNASKED' | 'GRANTED' | 'DENIED';

// --- inputs -------------------------------------------------------------------------------------------------------------

export interface ChatTurnInput {
  role: ChatRole;
  content: string;
}

export interface SourceInput {
  channelId?: string | null;
  threadId?: string | null;
  messageId?: string | null;
}

/** Absent (or null) fields take the defaults of the limits. */
export interface GenerateInput {
  member: MemberRef;
  prompt: string;
  history?: readonly ChatTurnInput[] | null;
  system?: string | null;
  candidateCount?: number | null;
  maxTokens?: number | null;
  temperature?: number | null;
  topP?: number | null;
  minP?: number | null;
  dryMultiplier?: number | null;
  seed?: number | null;
  personalized?: boolean | null;
  explore?: boolean | null;
  /** Scales z, 0 to 1.5. */
  strength?: number | null;
  /** Moves the taste along its directions, by index. */
  tasteOffset?: readonly number[] | null;
  /** The candidate that is gone on with. */
  continues?: string | null;
  source?: SourceInput | null;
  key?: string | null;
  /** Whose `key` it is: another's of the same text is another key. Undefined: the operator's, who may have any number under way. */
  keyOwner?: string;
}

export interface FeedbackInput {
  generationId: string;
  /** Who voted; the one who asked when absent. */
  member?: MemberRef | null;
  verdict: Verdict;
  /** CHOSEN needs it; GOOD and BAD need it where there are several candidates. */
  chosenCandidateId?: string | null;
  key?: string | null;
  keyOwner?: string;
}

/** Absent (or null) fields stay as they are. */
export interface ConsentInput {
  learn?: boolean | null;
  community?: boolean | null;
}

export interface PlatformInput {
  asksConsent?: boolean | null;
}

// --- views --------------------------------------------------------------------------------------------------------------

export interface CandidateView {
  id: string;
  generationId: string;
  index: number;
  text: string;
  /** Number of tokens; the stop token counts where the reply ended by itself. */
  tokens: number;
  finishReason: FinishReason;
  /** Always set here; who may see it is the gateway's business. */
  role: CandidateRole;
}

export interface GenerationView {
  id: string;
  memberId: string;
  prompt: string;
  /** In order of index. */
  candidates: CandidateView[];
  /** The version that served; 0 where none did. */
  encoderVersion: number;
  model: string;
  createdAt: Date;
  /** When prompt and texts were erased by the retention policy. */
  expiredAt: Date | null;
}

export interface StartedCandidate {
  id: string;
  index: number;
}

export interface CandidateDelta {
  candidateId: string;
  /** New text only. */
  text: string;
}

/** Where a generation stands while it waits. */
export interface QueuePlace {
  /** How many begin before it. */
  ahead: number;
  /** Milliseconds until it begins. */
  estimatedWaitMs: number;
}

export interface StartedGeneration {
  id: string;
  memberId: string;
  candidates: StartedCandidate[];
  /**
   * Its places while it waits, then the texts. Ends when every candidate has ended; throws what ended the generation otherwise. May be
   * iterated more than once: each from the start, but places that are past.
   */
  events: AsyncIterable<QueuePlace | CandidateDelta>;
  /** Resolves once the generation is stored; rejects with a PalateError. */
  finished: Promise<GenerationView>;
}

export interface FeedbackView {
  id: string;
  generationId: string;
  memberId: string;
  verdict: Verdict;
  chosen: CandidateView | null;
  state: FeedbackState;
  createdAt: Date;
}

/** A pair of candidates. The latent pair of a GOOD or BAD verdict has only one candidate and is not listed, but counted. */
export interface PairView {
  id: string;
  chosen: CandidateView;
  rejected: CandidateView;
  weight: number;
}

export interface RevealView {
  candidateId: string;
  role: CandidateRole;
}

export interface FeedbackResultView {
  feedback: FeedbackView;
  pairs: PairView[];
  trainingJob: TrainingJobView | null;
  reveal: RevealView[];
}

export interface TrainingJobView {
  id: string;
  memberId: string;
  status: TrainingStatus;
  step: number;
  totalSteps: number;
  loss: number | null;
  /** Share of training pairs ordered as the member voted. */
  accuracy: number | null;
  pairCount: number;
  encoderVersion: number | null;
  durationMs: number | null;
  error: string | null;
  /** How often it was begun. */
  attempts: number;
  /** When a job that failed is tried again; null where it need not wait. */
  nextAttemptAt: Date | null;
  createdAt: Date;
}

export interface ConsentView {
  learn: LearnConsent;
  community: boolean;
}

export interface EncoderVersionView {
  version: number;
  capacity: EncoderCapacity;
  verdictCount: number;
  pairCount: number;
  /** Passed the quality gate. */
  accepted: boolean;
  createdAt: Date;
}

export interface EncoderView {
  memberId: string;
  /** The version that serves now; 0 is the prior. */
  version: number;
  capacity: EncoderCapacity;
  verdictCount: number;
  pairCount: number;
  updatedAt: Date | null;
}

/** Blind PERSONAL-against-BASE votes of the member on its own generations; `low` and `high` are Wilson's 95 % interval. */
export interface WinRateView {
  wins: number;
  losses: number;
  ties: number;
  /** wins / (wins + losses); null before the first such vote. */
  rate: number | null;
  low: number | null;
  high: number | null;
}

export interface MemberView {
  id: string;
  platform: string;
  externalId: string;
  scope: string;
  consent: ConsentView;
  encoder: EncoderView;
  winRate: WinRateView;
  /** Null while nothing is learned. */
  map: MapPointView | null;
}

export type DeletionCountView = DeletionCount;

export interface DeletionReceiptView {
  id: string;
  memberId: string;
  platform: string;
  forgottenAt: Date;
  removed: DeletionCountView[];
  /** Other members whose encoders are made anew. */
  retrained: number;
  /** When the database's files will be rid of it, at the latest. */
  cleanUpBy: Date;
  /** When they were. */
  cleanedAt: Date | null;
}

export interface TasteView {
  /** The taste file. */
  data: string;
  /** SHA-256 of the language model's file, and of the checkpoint's, hex. */
  model: string;
  checkpoint: string;
  version: number;
}

export interface PlatformView {
  name: string;
  asksConsent: boolean;
}

export interface PoolView {
  ready: boolean;
  model: string;
  modelDigest: string;
  /** SHA-256 of the checkpoint that personalises the model; null where there is none. */
  checkpointDigest: string | null;
  /** False where the model has no checkpoint: replies are then unpersonalised. */
  personalised: boolean;
  device: string;
  slots: number;
  busySlots: number;
  queued: number;
  tokensPerSecond: number;
  /** Training jobs that wait, and those being computed. */
  trainingQueued: number;
  trainingRunning: number;
}

export interface LanguageModelView {
  name: string;
  digest: string;
  /** Size of the file; null where it is not known, like the licence. */
  bytes: number | null;
  licence: string | null;
  serving: boolean;
  /** Null for a model that is not serving. */
  checkpointDigest: string | null;
}

export type * from './key-views.js';
export type * from './member-ref.js';
export type * from './plugin-views.js';
export type * from './taste-map-views.js';

export interface PageInfoView {
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
}

export interface Connection<T> {
  nodes: T[];
  edges: { node: T; cursor: string }[];
  pageInfo: PageInfoView;
  totalCount: number;
}
