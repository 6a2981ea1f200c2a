/** Verdicts: recorded with the training they call for, replaced, withdrawn, listed. */
import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type {
  Candidate,
  Feedback,
  FeedbackInput,
  FeedbackResult,
  FeedbackState,
  Verdict,
} from '../../contract/generated/types.js';
import {
  FEEDBACK_OPERATION,
  type FeedbackRecord,
  type LedgerChange,
  type NewFeedback,
  type PairWeights,
} from '../../store/feedback.js';
import type { GenerationRecord } from '../../store/generations.js';
import { KeyTaken } from '../../store/idempotency.js';
import { isMissingReference } from '../../store/sql.js';
import type { Store } from '../../store/store.js';
import type { TrainingJobRecord } from '../../store/training-jobs.js';
import { inputDigest, keptName, requireSameInput } from '../caller-key.js';
import { connectionOf, emptyPage, pageRequest } from '../connection.js';
import { checkKey, checkMemberRef } from '../generations/generate-input.js';
import type { GenerationHooks } from '../generations/hooks.js';
import { isId } from '../ids.js';
import { candidateOf, trainingJobOf } from '../records.js';
import type { Keyed, PreferenceService } from '../services.js';
import { candidatePairs, judgedCandidate } from './pairing.js';

export interface PreferenceParts {
  store: Pick<Store, 'members' | 'generations' | 'feedback' | 'trainingJobs' | 'idempotency'>;
  /** A checkpoint is loaded: verdicts can be trained on. */
  trainable: boolean;
  isRunning(generationId: string): boolean;
  /** Told of every training that a verdict queued. */
  onQueued(job: TrainingJobRecord): void;
  hooks: GenerationHooks;
  limits: Limits;
}

export function preferenceService(parts: PreferenceParts): PreferenceService {
  const { store, limits, trainable } = parts;
  return {
    submit: (input) => submit(parts, input),
    withdraw: async (id) => {
      const change = isId(id) ? await store.feedback.withdraw(id, { trainable }) : null;
      if (!change) throw new PalateError('NOT_FOUND', `There is no feedback ${id}. Check the id.`);
      if (change.job) parts.onQueued(change.job);
      return resultOf(change, await generationOf(parts, change.feedback.generationId));
    },
    list: async (memberId, first, after) => {
      const request = pageRequest(first, after, limits.pageSizeMaximum);
      const page = isId(memberId) ? await store.feedback.listActive(memberId, request) : emptyPage<FeedbackRecord>();
      const generations = await store.generations.byIds(page.rows.map((row) => row.generationId));
      const byId = new Map(generations.map((generation) => [generation.id, generation]));
      const views = page.rows.map((row) => feedbackView(row, byId.get(row.generationId)));
      return connectionOf(page, views);
    },
    forGeneration: async (generationId, member) => {
      if (!isId(generationId)) return null;
      const generation = await store.generations.byId(generationId);
      if (!generation) return null;
      const voter = member
        ? await store.members.byIdentity(checkMemberRef(member, limits))
        : { id: generation.memberId };
      const feedback = voter && (await store.feedback.ofMember(voter.id, generationId));
      return feedback && feedbackView(feedback, generation);
    },
  };
}

async function submit(parts: PreferenceParts, input: Keyed<FeedbackInput>): Promise<FeedbackResult> {
  const { store, limits, trainable } = parts;
  const key = checkKey(input.key, limits);
  const generation = await generationOf(parts, input.generationId);
  const chosenCandidateId = judgedCandidate(
    input.verdict,
    generation.candidates.map(({ id }) => id),
    input.chosenCandidateId,
  );
  const memberId = input.member
    ? (await store.members.ensure(checkMemberRef(input.member, limits))).id
    : generation.memberId;
  const verdict = { generationId: generation.id, memberId, verdict: input.verdict, chosenCandidateId };
  const digest = inputDigest(verdict);
  const asked = key === null ? null : { key, name: keptName(input.keyOwner, key), digest };
  const kept = asked && (await keptResult(parts, asked, generation));
  if (kept) return kept;
  requireTexts(generation);
  try {
    const callerKey = asked ? { key: asked.name, inputDigest: digest } : undefined;
    const pairWeights = await weighPairs(parts, generation, verdict);
    const change = await store.feedback.record({ ...verdict, pairWeights, key: callerKey }, { trainable });
    if (change.job) parts.onQueued(change.job);
    return resultOf(change, generation);
  } catch (error) {
    if (isMissingReference(error)) throw unknownGeneration(generation.id);
    const raced = error instanceof KeyTaken && asked ? await keptResult(parts, asked, generation) : null;
    if (raced) return raced;
    throw error;
  }
}

/** What hooks make of the verdict's pairs; null where nobody has a say. It is kept with the verdict, so training stays a function of those. */
async function weighPairs(
  { store, hooks }: PreferenceParts,
  { prompt, candidates }: GenerationRecord,
  { memberId, verdict, chosenCandidateId: judgedId }: Pick<NewFeedback, 'memberId' | 'verdict' | 'chosenCandidateId'>,
): Promise<PairWeights | null> {
  if (!hooks.weighsPairs() || judgedId === null) return null;
  const platform = (await store.members.byId(memberId))?.platform ?? '';
  const texts = new Map(candidates.map(({ id, text }) => [id, text]));
  const judged = texts.get(judgedId) ?? null;
  const others = verdict === 'CHOSEN' ? [...texts.keys()].filter((id) => id !== judgedId) : [judgedId];
  const weights: Record<string, number> = {};
  for (const id of others) {
    const chosen = verdict === 'BAD' ? null : judged;
    const rejected = verdict === 'GOOD' ? null : (texts.get(id) ?? null);
    weights[id] = await hooks.pair({ platform, prompt, verdict, chosen, rejected });
  }
  return weights;
}

/** The answer that was given for the key, with the verdict as it was then; null when there is none. */
async function keptResult(
  { store }: PreferenceParts,
  { key, name, digest }: { key: string; name: string; digest: string },
  generation: GenerationRecord,
): Promise<FeedbackResult | null> {
  const kept = await store.idempotency.find(FEEDBACK_OPERATION, name);
  if (!kept) return null;
  requireSameInput(key, kept.inputDigest, digest);
  const result = kept.result as {
    feedbackId: string;
    verdict: Verdict;
    chosenCandidateId: string | null;
    state: FeedbackState;
    trainingJobId: string | null;
  };
  const now = await store.feedback.byId(result.feedbackId);
  if (!now) throw new PalateError('NOT_FOUND', `The feedback given for the key "${key}" was erased.`);
  const { verdict, chosenCandidateId, state } = result;
  const job = result.trainingJobId === null ? null : await store.trainingJobs.byId(result.trainingJobId);
  return resultOf({ feedback: { ...now, verdict, chosenCandidateId, state }, job }, generation);
}

async function generationOf(parts: PreferenceParts, id: string): Promise<GenerationRecord> {
  const generation = isId(id) ? await parts.store.generations.byId(id) : null;
  if (generation) return generation;
  if (parts.isRunning(id)) {
    throw new PalateError('CONFLICT', `The generation ${id} is still being written. Vote when it has finished.`);
  }
  throw unknownGeneration(id);
}

/** @throws PalateError CONFLICT where the voter can no longer have read what is judged */
function requireTexts({ id, expiredAt }: GenerationRecord): void {
  if (!expiredAt) return;
  throw new PalateError(
    'CONFLICT',
    `The texts of the generation ${id} were erased because they had become old, so it can no longer be judged. Vote on a newer one.`,
  );
}

function unknownGeneration(id: string): PalateError {
  return new PalateError('NOT_FOUND', `There is no generation ${id}. Check the id.`);
}

function resultOf({ feedback, job }: LedgerChange, generation: GenerationRecord): FeedbackResult {
  const candidates = new Map(generation.candidates.map((candidate) => [candidate.id, candidateOf(candidate)]));
  const candidate = (id: string) => candidates.get(id) as Candidate;
  // A verdict that was taken back makes no pairs.
  const pairs =
    feedback.state === 'ACTIVE'
      ? candidatePairs(feedback.verdict, [...candidates.keys()], feedback.chosenCandidateId, feedback.pairWeights)
      : [];
  return {
    feedback: feedbackView(feedback, generation),
    pairs: pairs.map(({ chosenId, rejectedId, weight }) => ({
      id: `${feedback.id}:${rejectedId}`,
      chosen: candidate(chosenId),
      rejected: candidate(rejectedId),
      weight,
    })),
    trainingJob: job && trainingJobOf(job),
    reveal: generation.candidates.map(({ id, role }) => ({ candidateId: id, role })),
  };
}

function feedbackView(feedback: FeedbackRecord, generation: GenerationRecord | undefined): Feedback {
  const { id, generationId, memberId, verdict, chosenCandidateId, state, createdAt } = feedback;
  const chosen = generation?.candidates.find((candidate) => candidate.id === chosenCandidateId);
  return { id, generationId, memberId, verdict, chosen: chosen ? candidateOf(chosen) : null, state, createdAt };
}
