/** What the operations of operations.ts take and give, as schema.graphql states it. Moments in time are ISO 8601 text. */

export const ENUMS = {
  ChatRole: ['SYSTEM', 'USER', 'ASSISTANT'],
  Verdict: ['CHOSEN', 'TIE', 'ALL_BAD', 'GOOD', 'BAD'],
  FeedbackState: ['ACTIVE', 'HELD', 'WITHDRAWN', 'ROLLED_BACK'],
  FinishReason: ['STOP', 'LENGTH', 'CANCELLED'],
  CandidateRole: ['PERSONAL', 'BASE', 'EXPLORE'],
  TrainingStatus: ['QUEUED', 'RUNNING', 'SUCCEEDED', 'REJECTED', 'FAILED', 'CANCELLED'],
  EncoderCapacity: ['PRIOR', 'BIAS', 'HEAD', 'FULL'],
  LearnConsent: ['UNASKED', 'GRANTED', 'DENIED'],
  KeyScope: ['ADMIN', 'BOT', 'MEMBER'],
} as const;

type EnumValue<Name extends keyof typeof ENUMS> = (typeof ENUMS)[Name][number];
export type ChatRole = EnumValue<'ChatRole'>;
export type Verdict = EnumValue<'Verdict'>;
export type FeedbackState = EnumValue<'FeedbackState'>;
export type FinishReason = EnumValue<'FinishReason'>;
export type CandidateRole = EnumValue<'CandidateRole'>;
export type TrainingStatus = EnumValue<'TrainingStatus'>;
export type EncoderCapacity = EnumValue<'EncoderCapacity'>;
export type LearnConsent = EnumValue<'LearnConsent'>;
export type KeyScope = EnumValue<'KeyScope'>;

export interface MemberRef {
  platform: string;
  externalId: string;
  scope?: string;
}

export interface ChatTurn {
  role: ChatRole;
  content: string;
}

export interface GenerateInput {
  member: MemberRef;
  prompt: string;
  history?: ChatTurn[];
  system?: string | null;
  candidateCount?: number;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  minP?: number;
  seed?: number | null;
  personalized?: boolean;
  explore?: boolean;
  strength?: number;
  source?: { channelId?: string | null; threadId?: string | null; messageId?: string | null } | null;
  key?: string | null;
}

export interface FeedbackInput {
  generationId: string;
  member?: MemberRef | null;
  verdict: Verdict;
  chosenCandidateId?: string | null;
  key?: string | null;
}

export interface Candidate {
  id: string;
  index: number;
  text: string;
  tokens: number;
  finishReason: FinishReason;
  role: CandidateRole | null;
}

export interface Generation {
  id: string;
  prompt: string;
  encoderVersion: number;
  model: string;
  createdAt: string;
  member: { id: string };
  candidates: Candidate[];
}

export interface GenerationStarted {
  __typename: 'GenerationStarted';
  generationId: string;
  candidates: { id: string; index: number }[];
}

export interface CandidateDelta {
  __typename: 'CandidateDelta';
  candidateId: string;
  /** New text only. */
  text: string;
}

export interface GenerationFinished {
  __typename: 'GenerationFinished';
  generation: Generation;
}

export type GenerationEvent = GenerationStarted | CandidateDelta | GenerationFinished;

export interface Feedback {
  id: string;
  verdict: Verdict;
  state: FeedbackState;
  createdAt: string;
  generation: { id: string };
  member: { id: string };
  chosen: { id: string } | null;
}

export interface TrainingJob {
  id: string;
  status: TrainingStatus;
  step: number;
  totalSteps: number;
  loss: number | null;
  accuracy: number | null;
  pairCount: number;
  encoderVersion: number | null;
  durationMs: number | null;
  error: string | null;
  createdAt: string;
  member: { id: string };
}

export interface FeedbackResult {
  feedback: Feedback;
  pairs: { id: string; weight: number; chosen: { id: string }; rejected: { id: string } }[];
  trainingJob: TrainingJob | null;
  reveal: { candidateId: string; role: CandidateRole }[];
}

export interface EncoderVersion {
  version: number;
  capacity: EncoderCapacity;
  verdictCount: number;
  pairCount: number;
  accepted: boolean;
  createdAt: string;
}

export interface Member {
  id: string;
  platform: string;
  externalId: string;
  scope: string;
  consent: { learn: LearnConsent; community: boolean };
  encoder: {
    version: number;
    capacity: EncoderCapacity;
    verdictCount: number;
    pairCount: number;
    updatedAt: string | null;
    versions: EncoderVersion[];
  };
  winRate: {
    wins: number;
    losses: number;
    ties: number;
    rate: number | null;
    low: number | null;
    high: number | null;
  };
}

export interface PoolStatus {
  ready: boolean;
  model: string;
  modelDigest: string;
  checkpointDigest: string | null;
  personalised: boolean;
  notPersonalisedBecause: string | null;
  device: string;
  slots: number;
  busySlots: number;
  queued: number;
  tokensPerSecond: number;
  trainingQueued: number;
  trainingRunning: number;
}

export interface Viewer {
  scope: KeyScope;
  platform: string | null;
  member: { id: string } | null;
}

export interface Page<T> {
  nodes: T[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
}

export interface PageInput {
  /** Page size, 1 to 100. */
  first?: number;
  /** The `endCursor` of the page before. */
  after?: string | null;
}
