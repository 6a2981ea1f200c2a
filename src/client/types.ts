/** What the operations take and give, under the names of schema.graphql. Moments in time are ISO 8601 text. */
import type { GenerationEventFragment } from './generated/operations.js';

export type {
  CandidateFragment as Candidate,
  CandidateRole,
  ChatRole,
  ChatTurn,
  EncoderCapacity,
  EncoderVersionFragment as EncoderVersion,
  FeedbackFragment as Feedback,
  FeedbackInput,
  FeedbackResultFragment as FeedbackResult,
  FeedbackState,
  FinishReason,
  GenerateInput,
  GenerationEventFragment as GenerationEvent,
  GenerationFragment as Generation,
  KeyScope,
  LearnConsent,
  MemberFragment as Member,
  MemberRef,
  PoolStatusFragment as PoolStatus,
  SourceInput,
  TrainingJobFragment as TrainingJob,
  TrainingStatus,
  Verdict,
  ViewerFragment as Viewer,
} from './generated/operations.js';

export type GenerationStarted = Extract<GenerationEventFragment, { __typename: 'GenerationStarted' }>;
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
