/** The operations the client sends, each with the types of its variables and its answer; a test checks them against schema.graphql. */
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

/** A GraphQL document that answers with `{ [field]: Result }`. */
export interface Operation<Result, Variables> {
  readonly field: string;
  readonly document: string;
  /** Never set: it carries the types. */
  readonly types?: { result: Result; variables: Variables };
}

type Id = { id: string };
type None = Record<string, never>;

const GENERATION = `
  id prompt encoderVersion model createdAt member { id }
  candidates { id index text tokens finishReason role }`;

const TRAINING_JOB = `
  id status step totalSteps loss accuracy pairCount encoderVersion durationMs error createdAt member { id }`;

const FEEDBACK = `
  id verdict state createdAt generation { id } member { id } chosen { id }`;

const FEEDBACK_RESULT = `
  feedback { ${FEEDBACK} }
  pairs { id weight chosen { id } rejected { id } }
  trainingJob { ${TRAINING_JOB} }
  reveal { candidateId role }`;

const MEMBER = `
  id platform externalId scope
  consent { learn community }
  encoder {
    version capacity verdictCount pairCount updatedAt
    versions { version capacity verdictCount pairCount accepted createdAt }
  }
  winRate { wins losses ties rate low high }`;

const POOL = `
  ready model modelDigest checkpointDigest personalised notPersonalisedBecause device slots busySlots queued
  tokensPerSecond trainingQueued trainingRunning`;

const PAGE = 'pageInfo { hasNextPage endCursor } totalCount';

function operation<Result, Variables>(field: string, document: string): Operation<Result, Variables> {
  return { field, document: document.trim() };
}

export const OPERATIONS = {
  generate: operation<Generation, { input: GenerateInput }>(
    'generate',
    `mutation Generate($input: GenerateInput!) { generate(input: $input) { ${GENERATION} } }`,
  ),
  generationStream: operation<GenerationEvent, { input: GenerateInput }>(
    'generationStream',
    `subscription GenerationStream($input: GenerateInput!) {
      generationStream(input: $input) {
        __typename
        ... on GenerationStarted { generationId candidates { id index } }
        ... on CandidateDelta { candidateId text }
        ... on GenerationFinished { generation { ${GENERATION} } }
      }
    }`,
  ),
  cancelGeneration: operation<Generation, Id>(
    'cancelGeneration',
    `mutation CancelGeneration($id: ID!) { cancelGeneration(id: $id) { ${GENERATION} } }`,
  ),
  submitFeedback: operation<FeedbackResult, { input: FeedbackInput }>(
    'submitFeedback',
    `mutation SubmitFeedback($input: FeedbackInput!) { submitFeedback(input: $input) { ${FEEDBACK_RESULT} } }`,
  ),
  withdrawFeedback: operation<FeedbackResult, Id>(
    'withdrawFeedback',
    `mutation WithdrawFeedback($id: ID!) { withdrawFeedback(id: $id) { ${FEEDBACK_RESULT} } }`,
  ),
  trainMember: operation<TrainingJob, { memberId: string }>(
    'trainMember',
    `mutation TrainMember($memberId: ID!) { trainMember(memberId: $memberId) { ${TRAINING_JOB} } }`,
  ),
  member: operation<Member | null, { ref: MemberRef }>(
    'member',
    `query Member($ref: MemberRef!) { member(ref: $ref) { ${MEMBER} } }`,
  ),
  memberById: operation<Member | null, Id>(
    'memberById',
    `query MemberById($id: ID!) { memberById(id: $id) { ${MEMBER} } }`,
  ),
  generation: operation<Generation | null, Id>(
    'generation',
    `query Generation($id: ID!) { generation(id: $id) { ${GENERATION} } }`,
  ),
  feedback: operation<Page<Feedback>, { memberId: string } & PageInput>(
    'feedback',
    `query Feedback($memberId: ID!, $first: Int, $after: String) {
      feedback(memberId: $memberId, first: $first, after: $after) { nodes { ${FEEDBACK} } ${PAGE} }
    }`,
  ),
  trainingJob: operation<TrainingJob | null, Id>(
    'trainingJob',
    `query TrainingJob($id: ID!) { trainingJob(id: $id) { ${TRAINING_JOB} } }`,
  ),
  trainingJobs: operation<Page<TrainingJob>, { memberId?: string | null } & PageInput>(
    'trainingJobs',
    `query TrainingJobs($memberId: ID, $first: Int, $after: String) {
      trainingJobs(memberId: $memberId, first: $first, after: $after) { nodes { ${TRAINING_JOB} } ${PAGE} }
    }`,
  ),
  pool: operation<PoolStatus, None>('pool', `query Pool { pool { ${POOL} } }`),
  viewer: operation<Viewer, None>('viewer', 'query Viewer { viewer { scope platform member { id } } }'),
  trainingStatus: operation<TrainingJob, { memberId?: string | null }>(
    'trainingStatus',
    `subscription TrainingStatus($memberId: ID) { trainingStatus(memberId: $memberId) { ${TRAINING_JOB} } }`,
  ),
  poolStatus: operation<PoolStatus, None>('poolStatus', `subscription PoolStatus { poolStatus { ${POOL} } }`),
} as const;
