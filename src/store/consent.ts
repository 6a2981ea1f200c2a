/** What a member's consent means for the ledger: which verdicts count, which wait, and which were rolled back. */
import type { LearnConsent, PrismaClient, Verdict } from './generated/client.js';
import { stateUnderConsent, TRAINING_VERDICTS } from './ledger.js';
import type { TrainingQueue } from './queue.js';
import type { SqlEngine, SqlSession } from './sql.js';
import { addTraining, type TrainingJobRecord } from './training-rows.js';

export interface ConsentChange {
  /** Undefined leaves it as it is. */
  learn?: LearnConsent;
  community?: boolean;
}

export interface RightsChange {
  /** Null where the set of training verdicts and the prior stayed as they were, or nothing can be trained. */
  job: TrainingJobRecord | null;
}

/** Why a rollback is impossible. */
export type RollbackRefusal = 'NO_MEMBER' | 'NO_VERSION' | 'NOT_ACCEPTED';

export interface ConsentRepository {
  /**
   * Writes the consent. GRANTED lets held verdicts count; DENIED holds those that count and takes back those that waited for an answer.
   * Null for an unknown member.
   */
  set(memberId: string, change: ConsentChange, options: { trainable: boolean }): Promise<RightsChange | null>;
  /**
   * Marks the verdicts that came after the version ROLLED_BACK, lets those it was made of count again where an earlier rollback had
   * taken them out, and takes the prior it was made from. Version 0 is before everything.
   */
  rollback(
    memberId: string,
    version: number,
    options: { trainable: boolean },
  ): Promise<RightsChange | { refused: RollbackRefusal }>;
  /** Whether members of the platform are asked before their verdicts count. */
  asksConsent(platform: string): Promise<boolean>;
  setAsksConsent(platform: string, asksConsent: boolean): Promise<void>;
}

export function consentRepository(prisma: PrismaClient, engine: SqlEngine, queue: TrainingQueue): ConsentRepository {
  const waking = async <T extends object | null>(change: Promise<T>): Promise<T> => {
    const result = await change;
    if (result && 'job' in result && result.job) queue.wake();
    return result;
  };
  return {
    set: (memberId, change, { trainable }) =>
      waking(engine.transaction((session) => setConsent(session, memberId, change, trainable))),
    rollback: (memberId, version, { trainable }) =>
      waking(engine.transaction((session) => rollBack(session, memberId, version, trainable))),
    asksConsent: async (name) => (await prisma.platform.findUnique({ where: { name } }))?.asksConsent ?? false,
    setAsksConsent: async (name, asksConsent) => {
      await prisma.platform.upsert({ where: { name }, create: { name, asksConsent }, update: { asksConsent } });
    },
  };
}

async function setConsent(
  session: SqlSession,
  memberId: string,
  { learn, community }: ConsentChange,
  trainable: boolean,
): Promise<RightsChange | null> {
  const members = await session.query(
    `UPDATE members SET learn = COALESCE($2::"LearnConsent", learn), community = COALESCE($3, community) WHERE id = $1 RETURNING 1`,
    [memberId, learn ?? null, community ?? null],
  );
  if (members.length === 0) return null;
  if (learn !== 'GRANTED' && learn !== 'DENIED') return { job: null };
  // Contents stay as they were, and so do positions: versions made of them may serve again.
  if (learn === 'DENIED') await session.query(TAKE_BACK, [memberId]);
  const moved = await session.query<{ verdict: Verdict }>(learn === 'GRANTED' ? COUNT : HOLD, [memberId]);
  const changed = moved.some(({ verdict }) => TRAINING_VERDICTS.includes(verdict));
  return { job: changed && trainable ? await addTraining(session, memberId) : null };
}

const COUNT = `UPDATE feedback SET state = 'ACTIVE', counted = false WHERE member_id = $1 AND state = 'HELD' RETURNING verdict`;
const HOLD = `UPDATE feedback SET state = 'HELD', counted = true WHERE member_id = $1 AND state = 'ACTIVE' RETURNING verdict`;
/** What never counted is not kept for a later yes: the member's answer to it was no. */
const TAKE_BACK = `UPDATE feedback SET state = 'WITHDRAWN' WHERE member_id = $1 AND state = 'HELD' AND NOT counted`;

interface RolledBackTo extends Record<string, unknown> {
  accepted: boolean;
  /** As text: drivers disagree about arrays of bigint. */
  positions: string;
  tasteDigest: string;
  /** The last position of the ledger when it was made. */
  ledgerPosition: string;
}

const BEFORE_EVERYTHING: RolledBackTo = { accepted: true, positions: '{}', tasteDigest: '', ledgerPosition: '0' };

async function rollBack(
  session: SqlSession,
  memberId: string,
  version: number,
  trainable: boolean,
): Promise<RightsChange | { refused: RollbackRefusal }> {
  const state = await stateUnderConsent(session, memberId);
  if (!state) return { refused: 'NO_MEMBER' };
  const target = version === 0 ? BEFORE_EVERYTHING : await versionOf(session, memberId, version);
  if (!target) return { refused: 'NO_VERSION' };
  if (!target.accepted) return { refused: 'NOT_ACCEPTED' };
  await session.query(
    `UPDATE feedback SET state = 'ROLLED_BACK' WHERE member_id = $1 AND state IN ('ACTIVE', 'HELD')
       AND NOT position = ANY($2::text::bigint[]) AND (verdict::text = ANY($3::text[]) OR position > $4::text::bigint)`,
    [memberId, target.positions, [...TRAINING_VERDICTS], target.ledgerPosition],
  );
  await session.query(
    `UPDATE feedback SET state = $3::"FeedbackState", counted = $3 = 'HELD'
     WHERE member_id = $1 AND state = 'ROLLED_BACK' AND position = ANY($2::text::bigint[])`,
    [memberId, target.positions, state],
  );
  await session.query(`UPDATE members SET taste_digest = NULLIF($2, '') WHERE id = $1`, [memberId, target.tasteDigest]);
  return { job: trainable ? await addTraining(session, memberId) : null };
}

async function versionOf(session: SqlSession, memberId: string, version: number): Promise<RolledBackTo | undefined> {
  const [row] = await session.query<RolledBackTo>(
    `SELECT accepted, positions::text AS positions, taste_digest AS "tasteDigest", ledger_position::text AS "ledgerPosition"
     FROM encoder_versions WHERE member_id = $1 AND version = $2`,
    [memberId, version],
  );
  return row;
}
