/** What the operations take and give, under the names of schema.graphql. Moments in time are ISO 8601 text. */
import type { GenerationEventFragment } from './generated/operations.js';

export type {
  CandidateFragment as Candidate,
  CandidateRole,
  ChatRole,
  ChatTurn,
  ConsentInput,
  CreatedKeyFragment as CreatedKey,
  DeletionReceiptFragment as DeletionReceipt,
  EncoderCapacity,
  EncoderVersionFragment as EncoderVersion,
  ErrorCountFragment as ErrorCount,
  FeedbackFragment as Feedback,
  FeedbackInput,
  FeedbackResultFragment as FeedbackResult,
  FeedbackState,
  FindingFragment as Finding,
  FindingLevel,
  FinishReason,
  GenerateInput,
  GenerationEventFragment as GenerationEvent,
  GenerationFragment as Generation,
  KeyFragment as Key,
  KeyInput,
  KeyScope,
  LanguageModelFragment as LanguageModel,
  LearnConsent,
  LimitFragment as Limit,
  LimitGroup,
  MemberFragment as Member,
  MemberRef,
  MemberTokenFragment as MemberToken,
  PlatformFragment as Platform,
  PlatformInput,
  PluginConfigInput,
  PluginFragment as Plugin,
  PluginPlacement,
  PoolStatusFragment as PoolStatus,
  SourceInput,
  StorageEntryFragment as StorageEntry,
  TasteFragment as Taste,
  TasteMapFragment as TasteMap,
  TrainingJobFragment as TrainingJob,
  TrainingStatus,
  Verdict,
  ViewerFragment as Viewer,
  WinRatePointFragment as WinRatePoint,
} from './generated/operations.js';

export type GenerationStarted = Extract<GenerationEventFragment, { __typename: 'GenerationStarted' }>;
export type GenerationQueued = Extract<GenerationEventFragment, { __typename: 'GenerationQueued' }>;
/** `text` is new text only. */
export type CandidateDelta = Extract<GenerationEventFragment, { __typename: 'CandidateDelta' }>;
export type GenerationFinished = Extract<GenerationEventFragment, { __typename: 'GenerationFinished' }>;

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
