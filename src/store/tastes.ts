/** Tastes that members brought along. */
import type { FeatureDigests } from './generations.js';
import type { TrainingQueue } from './queue.js';
import type { SqlEngine } from './sql.js';
import { addTraining, type TrainingJobRecord } from './training-rows.js';

export interface ImportedTaste {
  /** SHA-256 of `bytes`, hex. */
  digest: string;
  /** An encoded encoder. */
  bytes: Uint8Array;
  /** Pairs that it was learned from. */
  pairCount: number;
}

export interface TasteRepository {
  /** The taste that the member's encoder starts from; null where it is the prior, or the taste is of another model or checkpoint. */
  current(memberId: string, digests: FeatureDigests): Promise<ImportedTaste | null>;
  /** Makes the taste the prior of the member's encoder and queues the training that follows. Null for an unknown member. */
  adopt(memberId: string, taste: ImportedTaste, digests: FeatureDigests): Promise<TrainingJobRecord | null>;
}

export function tasteRepository(engine: SqlEngine, queue: TrainingQueue): TasteRepository {
  return {
    current: async (memberId, digests) => {
      const [row] = await engine.query<ImportedTaste & Record<string, unknown>>(
        `SELECT t.digest, t.bytes, t.pair_count AS "pairCount" FROM members m JOIN imported_tastes t ON t.member_id = m.id AND t.digest = m.taste_digest
         WHERE m.id = $1 AND t.model_digest = $2 AND t.checkpoint_digest = $3`,
        [memberId, digests.model, digests.checkpoint],
      );
      return row ?? null;
    },
    adopt: async (memberId, { digest, bytes, pairCount }, digests) => {
      const job = await engine.transaction(async (session) => {
        const members = await session.query('UPDATE members SET taste_digest = $2 WHERE id = $1 RETURNING 1', [
          memberId,
          digest,
        ]);
        if (members.length === 0) return null;
        await session.query(
          `INSERT INTO imported_tastes (member_id, digest, bytes, model_digest, checkpoint_digest, pair_count) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (member_id, digest) DO NOTHING`,
          [memberId, digest, bytes, digests.model, digests.checkpoint, pairCount],
        );
        return addTraining(session, memberId);
      });
      queue.wake();
      return job;
    },
  };
}
