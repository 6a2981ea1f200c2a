/** Answers kept for callers' keys; each is written in the transaction of what it answers. */
import type { PrismaClient } from './generated/client.js';
import type { SqlSession } from './sql.js';

export interface CallerKey {
  key: string;
  /** SHA-256 of the canonical input, hex. */
  inputDigest: string;
}

export interface KeptAnswer {
  inputDigest: string;
  /** Ids and scalars from which the answer is built again. */
  result: Record<string, unknown>;
}

export interface IdempotencyRepository {
  find(operation: string, key: string): Promise<KeptAnswer | null>;
}

/** Somebody else stored an answer under the same key between our look and our write; the transaction is undone. */
export class KeyTaken extends Error {}

export function idempotencyRepository(prisma: PrismaClient): IdempotencyRepository {
  return {
    find: async (operation, key) => {
      const row = await prisma.idempotencyKey.findUnique({ where: { operation_key: { operation, key } } });
      return row && { inputDigest: row.inputDigest, result: row.result as Record<string, unknown> };
    },
  };
}

/** Keeps an answer inside a running transaction. Rejects with KeyTaken when the key has one. */
export async function keepAnswer(
  session: SqlSession,
  operation: string,
  { key, inputDigest }: CallerKey,
  memberId: string,
  result: Record<string, unknown>,
): Promise<void> {
  const kept = await session.query(
    `INSERT INTO idempotency_keys (operation, key, input_digest, member_id, result) VALUES ($1, $2, $3, $4, $5::text::jsonb)
     ON CONFLICT DO NOTHING RETURNING key`,
    [operation, key, inputDigest, memberId, JSON.stringify(result)],
  );
  if (kept.length === 0) throw new KeyTaken();
}
