/** The rules of the verdict ledger that every change of it shares. */
import type { FeedbackState, LearnConsent, Verdict } from './generated/client.js';
import type { SqlSession } from './sql.js';

/** Verdicts that make pairs; the others are stored and train nothing. */
export const TRAINING_VERDICTS: readonly Verdict[] = ['CHOSEN', 'GOOD', 'BAD'];

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
