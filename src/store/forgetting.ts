/**
 * Forgetting a member: every row of theirs, and what other members' verdicts on their generations left behind, goes in one
 * transaction that leaves a receipt of numbers.
 */
import { randomUUID } from 'node:crypto';
import { addRemoval } from './clean-up.js';
import type { TrainingQueue } from './queue.js';
import type { SqlEngine, SqlSession } from './sql.js';
import { addTraining, type TrainingJobRecord } from './training-rows.js';

export type DeletionKind =
  | 'VERDICT_OF_OTHERS'
  | 'ENCODER_VERSION_OF_OTHERS'
  | 'VERDICT'
  | 'ENCODER_VERSION'
  | 'IMPORTED_TASTE'
  | 'TRAINING_JOB'
  | 'IDEMPOTENCY_KEY'
  | 'STORAGE_ENTRY'
  | 'KEY'
  | 'CANDIDATE'
  | 'GENERATION'
  | 'MEMBER';

export interface DeletionCount {
  kind: DeletionKind;
  count: number;
}

export interface DeletionReceiptRecord {
  id: string;
  memberId: string;
  platform: string;
  forgottenAt: Date;
  /** In the order in which it was removed; kinds of which there was nothing are listed with 0. */
  removed: DeletionCount[];
  /** Other members whose encoders are made anew. */
  retrained: number;
  /** When the database's files were rid of it; null before. */
  cleanedAt: Date | null;
}

export interface Forgotten {
  receipt: DeletionReceiptRecord;
  /** Trainings of the members whose verdicts on the forgotten one's generations are gone. */
  jobs: TrainingJobRecord[];
  /** Jobs that no longer exist or were cancelled because what they read is gone. */
  endedJobs: string[];
}

export interface ForgettingRepository {
  /** Null for an unknown member. */
  forget(memberId: string, options: { trainable: boolean }): Promise<Forgotten | null>;
  receipt(id: string): Promise<DeletionReceiptRecord | null>;
  receiptOf(memberId: string): Promise<DeletionReceiptRecord | null>;
  /** The proof: rows of each kind that belong to the id now. */
  remaining(memberId: string): Promise<DeletionCount[]>;
}

/**
 * Rows of one kind that belong to member $1. The order is the order of removal: each goes before what it refers to. What other
 * members' verdicts on $1's generations left in their encoders is found by its absence, so their verdicts go first.
 */
const KINDS: readonly { kind: DeletionKind; table: string; where: string }[] = [
  {
    kind: 'VERDICT_OF_OTHERS',
    table: 'feedback',
    where: 'member_id <> $1 AND generation_id IN (SELECT id FROM generations WHERE member_id = $1)',
  },
  { kind: 'VERDICT', table: 'feedback', where: 'member_id = $1' },
  { kind: 'ENCODER_VERSION', table: 'encoder_versions', where: 'member_id = $1' },
  { kind: 'IMPORTED_TASTE', table: 'imported_tastes', where: 'member_id = $1' },
  { kind: 'TRAINING_JOB', table: 'training_jobs', where: 'member_id = $1' },
  { kind: 'IDEMPOTENCY_KEY', table: 'idempotency_keys', where: 'member_id = $1' },
  { kind: 'STORAGE_ENTRY', table: 'plugin_storage', where: 'member_id = $1' },
  { kind: 'KEY', table: 'keys', where: 'member_id = $1' },
  {
    kind: 'CANDIDATE',
    table: 'candidates',
    where: 'generation_id IN (SELECT id FROM generations WHERE member_id = $1)',
  },
  { kind: 'GENERATION', table: 'generations', where: 'member_id = $1' },
  { kind: 'MEMBER', table: 'members', where: 'id = $1' },
];

/** Tables that hold something of a member; a test compares them with the database's own list. */
export const TABLES_OF_MEMBERS = [...new Set(KINDS.map(({ table }) => table))];

const RECEIPT = `
  SELECT r.id, r.member_id AS "memberId", r.platform, r.forgotten_at AS "forgottenAt", r.removed, r.retrained,
    gone.erased_at AS "cleanedAt"
  FROM deletion_receipts r JOIN removals gone ON gone.id = r.removal_id`;

type ReceiptRow = DeletionReceiptRecord & Record<string, unknown>;

export function forgettingRepository(engine: SqlEngine, queue: TrainingQueue): ForgettingRepository {
  const receipt = async (where: string, id: string): Promise<DeletionReceiptRecord | null> =>
    (await engine.query<ReceiptRow>(`${RECEIPT} WHERE ${where}`, [id]))[0] ?? null;
  return {
    forget: async (memberId, { trainable }) => {
      const work = () => engine.transaction((session) => forget(session, memberId, trainable));
      const forgotten = await retrying(work);
      if (forgotten && forgotten.jobs.length > 0) queue.wake();
      return forgotten;
    },
    receipt: (id) => receipt('r.id = $1', id),
    receiptOf: (memberId) => receipt('r.member_id = $1', memberId),
    remaining: async (memberId) => {
      const counts: DeletionCount[] = [];
      for (const { kind, table, where } of KINDS) {
        const [{ count }] = await engine.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM ${table} WHERE ${where}`,
          [memberId],
        );
        addCount(counts, kind, count);
      }
      return counts;
    },
  };
}

async function forget(session: SqlSession, memberId: string, trainable: boolean): Promise<Forgotten | null> {
  const { platform, voters } = await lock(session, memberId);
  if (platform === undefined) return null;
  const endedJobs = await endJobs(session, memberId, voters);
  await forgetAnswers(session, memberId);
  const removed: DeletionCount[] = [];
  for (const { kind, table, where } of KINDS) {
    addCount(removed, kind, await remove(session, table, where, [memberId]));
    if (kind !== 'VERDICT_OF_OTHERS') continue;
    // Whatever a voter's version was made of must still be in the ledger; positions of replaced verdicts are not, and may have been
    // of these generations.
    const gone = `member_id = ANY($1::uuid[]) AND NOT positions <@ COALESCE((SELECT array_agg(f.position) FROM feedback f
      WHERE f.member_id = encoder_versions.member_id), '{}')`;
    addCount(removed, 'ENCODER_VERSION_OF_OTHERS', await remove(session, 'encoder_versions', gone, [voters]));
  }
  const jobs: TrainingJobRecord[] = [];
  if (trainable) for (const voter of voters) jobs.push(await addTraining(session, voter));
  const receipt = { id: randomUUID(), memberId, platform, removed, retrained: jobs.length };
  const [{ forgottenAt }] = await session.query<{ forgottenAt: Date }>(
    `INSERT INTO deletion_receipts (id, member_id, platform, removed, retrained, forgotten_at, removal_id)
     SELECT $1, $2, $3, $4::text::jsonb, $5, removed_at, id FROM removals WHERE id = $6 RETURNING forgotten_at AS "forgottenAt"`,
    [receipt.id, memberId, platform, JSON.stringify(removed), receipt.retrained, await addRemoval(session)],
  );
  return { receipt: { ...receipt, forgottenAt, cleanedAt: null }, jobs, endedJobs };
}

/** Somebody voted between two locks of ours; the transaction is undone and begun again. */
class VotersChanged extends Error {}

const VOTERS = `SELECT DISTINCT f.member_id AS id FROM feedback f JOIN generations g ON g.id = f.generation_id WHERE g.member_id = $1`;

/**
 * Locks the member, everybody who voted on the member's generations, and the generations, in the order in which a vote does: from
 * then on no vote can come in between. Rejects with VotersChanged where one did before.
 */
async function lock(session: SqlSession, memberId: string): Promise<{ platform?: string; voters: string[] }> {
  const locked = await session.query<{ id: string; platform: string }>(
    `SELECT id, platform FROM members WHERE id = $1 OR id IN (${VOTERS}) ORDER BY id FOR UPDATE`,
    [memberId],
  );
  await session.query('SELECT 1 FROM generations WHERE member_id = $1 ORDER BY id FOR UPDATE', [memberId]);
  const known = new Set(locked.map(({ id }) => id));
  const now = await session.query<{ id: string }>(VOTERS, [memberId]);
  if (known.has(memberId) && now.some(({ id }) => !known.has(id))) throw new VotersChanged();
  const platform = locked.find(({ id }) => id === memberId)?.platform;
  return { platform, voters: [...known].filter((id) => id !== memberId) };
}

/** A training under way has read what is being removed: its result must not be stored. */
async function endJobs(session: SqlSession, memberId: string, voters: readonly string[]): Promise<string[]> {
  const cancelled = await session.query<{ id: string }>(
    `UPDATE training_jobs SET status = 'CANCELLED', finished_at = now(), error = 'What it learned from was erased; another training follows.'
     WHERE member_id = ANY($1::uuid[]) AND status = 'RUNNING' RETURNING id`,
    [voters],
  );
  const own = await session.query<{ id: string }>('SELECT id FROM training_jobs WHERE member_id = $1', [memberId]);
  return [...cancelled, ...own].map(({ id }) => id);
}

/** Answers kept for other callers' keys that tell of verdicts on the member's generations. */
async function forgetAnswers(session: SqlSession, memberId: string): Promise<void> {
  await session.query(
    `DELETE FROM idempotency_keys WHERE member_id <> $1 AND result->>'feedbackId' IN (SELECT f.id::text FROM feedback f
       JOIN generations g ON g.id = f.generation_id WHERE g.member_id = $1)`,
    [memberId],
  );
}

async function remove(session: SqlSession, table: string, where: string, values: unknown[]): Promise<number> {
  const [{ count }] = await session.query<{ count: number }>(
    `WITH gone AS (DELETE FROM ${table} WHERE ${where} RETURNING 1) SELECT count(*)::int AS count FROM gone`,
    values,
  );
  return count;
}

function addCount(counts: DeletionCount[], kind: DeletionKind, count: number): void {
  const known = counts.find((entry) => entry.kind === kind);
  if (known) known.count += count;
  else counts.push({ kind, count });
}

const DEADLOCK = '40P01';
const ATTEMPTS = 20;

/** On a server others vote meanwhile. */
async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const again = error instanceof VotersChanged || (error as { code?: unknown }).code === DEADLOCK;
      if (!again || attempt === ATTEMPTS) throw error;
    }
  }
}
