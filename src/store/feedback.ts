/** The verdict ledger. A change of it, the training it calls for and the caller's key are one transaction: the acknowledgement. */
import { randomUUID } from 'node:crypto';
import { PalateError } from '../common/errors.js';
import type { CandidateRole, FeedbackState, PrismaClient, Verdict } from './generated/client.js';
import { type CallerKey, keepAnswer } from './idempotency.js';
import { stateUnderConsent, TRAINING_VERDICT_LIST, TRAINING_VERDICTS } from './ledger.js';
import { type Page, type PageRequest, pageOf } from './page.js';
import type { TrainingQueue } from './queue.js';
import type { Row, SqlEngine, SqlSession } from './sql.js';
import { addTraining, type TrainingJobRecord } from './training-rows.js';

/**
 * Factors from 0 to 1 for the pairs of a verdict, by the other candidate's id (GOOD and BAD: by the judged one's); pairs that are not
 * named count in full.
 */
export type PairWeights = Readonly<Record<string, number>>;

export interface FeedbackRecord {
  id: string;
  generationId: string;
  memberId: string;
  verdict: Verdict;
  chosenCandidateId: string | null;
  state: FeedbackState;
  pairWeights: PairWeights | null;
  position: bigint;
  createdAt: Date;
}

export interface NewFeedback {
  generationId: string;
  memberId: string;
  verdict: Verdict;
  chosenCandidateId: string | null;
  pairWeights?: PairWeights | null;
  key?: CallerKey;
}

export interface LedgerChange {
  feedback: FeedbackRecord;
  /** Null where the set of training verdicts stayed as it was, or nothing can be trained. */
  job: TrainingJobRecord | null;
}

/** An active verdict that makes pairs, with what they are made of. Features are half floats, null until they are read. */
export interface TrainingVerdict {
  feedbackId: string;
  position: bigint;
  verdict: Verdict;
  chosenCandidateId: string | null;
  pairWeights: PairWeights | null;
  generationId: string;
  promptFeatures: Uint8Array | null;
  /** What the features were read with. */
  featuresModel: string | null;
  featuresCheckpoint: string | null;
  /** In order of index. */
  candidates: { id: string; features: Uint8Array | null }[];
}

/** Active verdicts of a member on its own generations, counted by what was compared and what was chosen. */
export interface VerdictCount {
  verdict: Verdict;
  chosenRole: CandidateRole | null;
  personal: number;
  base: number;
  explore: number;
  count: number;
}

export interface FairVerdictRecord {
  at: Date;
  verdict: Verdict;
  chosenRole: CandidateRole | null;
}

export interface FeedbackRepository {
  /** Records or replaces the member's verdict. Rejects with KeyTaken when the key was used meanwhile. */
  record(feedback: NewFeedback, options: { trainable: boolean }): Promise<LedgerChange>;
  /** Null for an unknown id; without a job for one that was withdrawn before. */
  withdraw(id: string, options: { trainable: boolean }): Promise<LedgerChange | null>;
  byId(id: string): Promise<FeedbackRecord | null>;
  ofMember(memberId: string, generationId: string): Promise<FeedbackRecord | null>;
  /** Active ones, newest first. */
  listActive(memberId: string, page: PageRequest): Promise<Page<FeedbackRecord>>;
  /** In order of generation id: the same set is always read in the same order. Those at `known` positions come without features. */
  trainingVerdicts(memberId: string, known?: Iterable<bigint>): Promise<TrainingVerdict[]>;
  counts(memberId: string): Promise<VerdictCount[]>;
  /** Active verdicts of a member on its own generations of equally many PERSONAL and BASE candidates only, oldest first. */
  fairVerdicts(memberId: string): Promise<FairVerdictRecord[]>;
}

export const FEEDBACK_OPERATION = 'submitFeedback';

const COLUMNS = `id, generation_id AS "generationId", member_id AS "memberId", verdict, chosen_candidate_id AS "chosenCandidateId",
  state, pair_weights AS "pairWeights", position, created_at AS "createdAt"`;

type FeedbackRow = Omit<FeedbackRecord, 'position' | 'pairWeights'> & {
  position: bigint | number | string;
  pairWeights: unknown;
};

export function feedbackRepository(prisma: PrismaClient, engine: SqlEngine, queue: TrainingQueue): FeedbackRepository {
  return {
    record: async (feedback, { trainable }) => {
      const change = await engine.transaction((session) => recordFeedback(session, feedback, trainable));
      if (change.job) queue.wake();
      return change;
    },
    withdraw: async (id, { trainable }) => {
      const change = await engine.transaction((session) => withdrawFeedback(session, id, trainable));
      if (change?.job) queue.wake();
      return change;
    },
    byId: async (id) => {
      const row = await prisma.feedback.findUnique({ where: { id } });
      return row && recordOf(row);
    },
    ofMember: async (memberId, generationId) => {
      const row = await prisma.feedback.findUnique({ where: { memberId_generationId: { memberId, generationId } } });
      return row && recordOf(row);
    },
    listActive: async (memberId, page) => {
      const active = { memberId, state: 'ACTIVE' as const };
      const [rows, total] = await Promise.all([
        prisma.feedback.findMany({
          where: { ...active, position: page.below === undefined ? undefined : { lt: page.below } },
          orderBy: { position: 'desc' },
          take: page.first + 1,
        }),
        prisma.feedback.count({ where: active }),
      ]);
      return pageOf(rows.map(recordOf), total, page);
    },
    trainingVerdicts: async (memberId, known = []) => {
      const rows = await engine.query<TrainingVerdictRow>(TRAINING_VERDICT_ROWS, [memberId, [...known].map(String)]);
      return rows.map(({ position, promptFeatures, candidates, ...row }) => ({
        ...row,
        position: BigInt(position),
        promptFeatures: bytesOf(promptFeatures),
        candidates: (candidates ?? []).map(({ id, features }) => ({ id, features: bytesOf(features) })),
      }));
    },
    fairVerdicts: (memberId) => engine.query<FairVerdictRecord & Row>(FAIR_VERDICTS, [memberId]),
    counts: (memberId) => engine.query<VerdictCount & Record<string, unknown>>(COUNTS, [memberId]),
  };
}

async function recordFeedback(session: SqlSession, feedback: NewFeedback, trainable: boolean): Promise<LedgerChange> {
  const { memberId, generationId, verdict, chosenCandidateId, pairWeights, key } = feedback;
  // Locking the member keeps two changes of one ledger in order.
  const state = await stateUnderConsent(session, memberId);
  if (!state) throw new PalateError('NOT_FOUND', 'The member was forgotten meanwhile. Ask for new replies first.');
  const before = await rowOf(session, 'member_id = $1 AND generation_id = $2', [memberId, generationId]);
  const [row] = await session.query<FeedbackRow>(
    `INSERT INTO feedback (id, member_id, generation_id, verdict, chosen_candidate_id, state, pair_weights)
     VALUES ($1, $2, $3, $4::"Verdict", $5, $6::"FeedbackState", $7::text::jsonb)
     ON CONFLICT (member_id, generation_id) DO UPDATE SET verdict = excluded.verdict, chosen_candidate_id = excluded.chosen_candidate_id,
       state = excluded.state, counted = false, pair_weights = excluded.pair_weights, position = excluded.position, updated_at = now()
     RETURNING ${COLUMNS}`,
    [
      randomUUID(),
      memberId,
      generationId,
      verdict,
      chosenCandidateId,
      state,
      pairWeights ? JSON.stringify(pairWeights) : null,
    ],
  );
  const after = recordOf(row);
  const changed = trains(after) || (before !== undefined && trains(before));
  const job = changed && trainable ? await addTraining(session, memberId) : null;
  if (key) await keepAnswer(session, FEEDBACK_OPERATION, key, memberId, answerOf(after, job));
  return { feedback: after, job };
}

async function withdrawFeedback(session: SqlSession, id: string, trainable: boolean): Promise<LedgerChange | null> {
  await session.query('SELECT 1 FROM members WHERE id = (SELECT member_id FROM feedback WHERE id = $1) FOR UPDATE', [
    id,
  ]);
  const before = await rowOf(session, 'id = $1', [id]);
  if (!before) return null;
  if (before.state === 'WITHDRAWN') return { feedback: before, job: null };
  const [row] = await session.query<FeedbackRow>(
    `UPDATE feedback SET state = 'WITHDRAWN', position = DEFAULT, updated_at = now() WHERE id = $1 RETURNING ${COLUMNS}`,
    [id],
  );
  const job = trains(before) && trainable ? await addTraining(session, before.memberId) : null;
  return { feedback: recordOf(row), job };
}

/** What a repeated request is answered from: ids only, and the verdict as it was then. */
function answerOf(feedback: FeedbackRecord, job: TrainingJobRecord | null): Record<string, unknown> {
  const { id: feedbackId, verdict, chosenCandidateId, state } = feedback;
  return { feedbackId, verdict, chosenCandidateId, state, trainingJobId: job?.id ?? null };
}

async function rowOf(session: SqlSession, where: string, values: unknown[]): Promise<FeedbackRecord | undefined> {
  const [row] = await session.query<FeedbackRow>(`SELECT ${COLUMNS} FROM feedback WHERE ${where}`, values);
  return row && recordOf(row);
}

function trains(feedback: FeedbackRecord): boolean {
  return feedback.state === 'ACTIVE' && TRAINING_VERDICTS.includes(feedback.verdict);
}

/** Drivers disagree about bigint, and JSON is what we put there. */
function recordOf(row: FeedbackRow): FeedbackRecord {
  return { ...row, position: BigInt(row.position), pairWeights: row.pairWeights as PairWeights | null };
}

interface TrainingVerdictRow extends Omit<TrainingVerdict, 'position' | 'promptFeatures' | 'candidates'>, Row {
  position: bigint | number | string;
  promptFeatures: string | null;
  candidates: { id: string; features: string | null }[] | null;
}

function bytesOf(base64: string | null): Uint8Array | null {
  return base64 === null ? null : Buffer.from(base64, 'base64');
}

/** A row a verdict, bytes as base64: much quicker to read than a row a candidate with bytea, which drivers parse as hexadecimal. */
const TRAINING_VERDICT_ROWS = `
  SELECT f.id AS "feedbackId", f.position, f.verdict, f.chosen_candidate_id AS "chosenCandidateId", f.generation_id AS "generationId",
    f.pair_weights AS "pairWeights", CASE WHEN is_new THEN encode(g.prompt_features, 'base64') END AS "promptFeatures", g.features_model AS "featuresModel",
    g.features_checkpoint AS "featuresCheckpoint",
    CASE WHEN is_new THEN (SELECT json_agg(json_build_object('id', c.id, 'features', encode(c.features, 'base64')) ORDER BY c.index)
      FROM candidates c WHERE c.generation_id = g.id) END AS candidates
  FROM feedback f JOIN generations g ON g.id = f.generation_id
    CROSS JOIN LATERAL (SELECT NOT f.position = ANY($2::bigint[]) AS is_new) known
  WHERE f.member_id = $1 AND f.state = 'ACTIVE' AND f.verdict IN (${TRAINING_VERDICT_LIST})
  ORDER BY f.generation_id`;

const FAIR_VERDICTS = `
  SELECT f.updated_at AS at, f.verdict, chosen.role AS "chosenRole"
  FROM feedback f
  JOIN generations g ON g.id = f.generation_id AND g.member_id = f.member_id
  JOIN candidates c ON c.generation_id = g.id
  LEFT JOIN candidates chosen ON chosen.id = f.chosen_candidate_id
  WHERE f.member_id = $1 AND f.state = 'ACTIVE'
  GROUP BY f.id, f.updated_at, f.verdict, chosen.role
  HAVING count(*) FILTER (WHERE c.role = 'PERSONAL') = count(*) FILTER (WHERE c.role = 'BASE')
    AND count(*) FILTER (WHERE c.role = 'PERSONAL') > 0 AND count(*) FILTER (WHERE c.role = 'EXPLORE') = 0
  ORDER BY f.position`;

const COUNTS = `
  SELECT verdict, "chosenRole", personal, base, explore, count(*)::int AS count FROM (
    SELECT f.verdict, chosen.role AS "chosenRole",
      count(*) FILTER (WHERE c.role = 'PERSONAL')::int AS personal,
      count(*) FILTER (WHERE c.role = 'BASE')::int AS base,
      count(*) FILTER (WHERE c.role = 'EXPLORE')::int AS explore
    FROM feedback f
    JOIN generations g ON g.id = f.generation_id AND g.member_id = f.member_id
    JOIN candidates c ON c.generation_id = g.id
    LEFT JOIN candidates chosen ON chosen.id = f.chosen_candidate_id
    WHERE f.member_id = $1 AND f.state = 'ACTIVE'
    GROUP BY f.id, f.verdict, chosen.role
  ) verdicts GROUP BY verdict, "chosenRole", personal, base, explore`;
