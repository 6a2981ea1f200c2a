/** The rules of the verdict ledger that every change of it shares. */
import type { FeedbackState, LearnConsent, Verdict } from './generated/client.js';
import type { SqlSession } from './sql.js';

/** Verdicts that make pairs; the others are stored and train nothing. */
export const TRAINING_VERDICTS: readonly Verdict[] = ['CHOSEN', 'GOOD', 'BAD'];
/** The same for a list in SQL. */
export const TRAINING_VERDICT_LIST = TRAINING_VERDICTS.map((verdict) => `'${verdict}'`).join(', ');

/**
 * Locks the member inside a running transaction; false for an unknown one. Whatever changes what belongs to a member begins with it: a
 * row that names a member locks them too, and two that lock in different orders wait for each other until the server ends one.
 */
export async function lockMember(session: SqlSession, memberId: string): Promise<boolean> {
  const members = await session.query('SELECT 1 FROM members WHERE id = $1 FOR UPDATE', [memberId]);
  return members.length > 0;
}

/** Locks the member's ledger and says in which state a verdict that is given now begins; undefined for an unknown member. */
export async function stateUnderConsent(session: SqlSession, memberId: string): Promise<FeedbackState | undefined> {
  const [member] = await session.query<{ learn: LearnConsent; asks: boolean }>(
    `SELECT m.learn, COALESCE((SELECT p.asks_consent FROM platforms p WHERE p.name = m.platform), false) AS asks
     FROM members m WHERE m.id = $1 FOR UPDATE`,
    [memberId],
  );
  if (!member) return undefined;
  return member.learn === 'GRANTED' || (member.learn === 'UNASKED' && !member.asks) ? 'ACTIVE' : 'HELD';
}
