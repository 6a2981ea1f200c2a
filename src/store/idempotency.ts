/** Answers kept for callers' keys; they are written in the transaction of what they answer. */
import type { PrismaClient } from './generated/client.js';

export interface KeptAnswer {
  inputDigest: string;
  result: Record<string, unknown>;
}

export interface IdempotencyRepository {
  find(operation: string, key: string): Promise<KeptAnswer | null>;
}

export function idempotencyRepository(prisma: PrismaClient): IdempotencyRepository {
  return {
    find: async (operation, key) => {
      const row = await prisma.idempotencyKey.findUnique({ where: { operation_key: { operation, key } } });
      return row && { inputDigest: row.inputDigest, result: row.result as Record<string, unknown> };
    },
  };
}
