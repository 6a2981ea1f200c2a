/** Versions of members' encoders, and which of them serves. */
import type { EncoderCapacity, PrismaClient } from './generated/client.js';
import type { FeatureDigests } from './generations.js';
import type { SqlEngine } from './sql.js';

export interface EncoderVersionRecord {
  version: number;
  capacity: EncoderCapacity;
  accepted: boolean;
  verdictCount: number;
  pairCount: number;
  createdAt: Date;
}

export interface ServingEncoder extends EncoderVersionRecord {
  bytes: Uint8Array;
}

export interface EncoderRepository {
  /**
   * The newest accepted version made with this model and checkpoint, of verdicts that are all active as they were then, from the
   * prior or the taste that the member has imported; null where there is none (version 0).
   */
  serving(memberId: string, digests: FeatureDigests): Promise<ServingEncoder | null>;
  /** The newest `count`, newest first. */
  versions(memberId: string, count: number): Promise<EncoderVersionRecord[]>;
  bytesOf(memberId: string, version: number): Promise<Uint8Array | null>;
  /** What serves other members who agreed that others gain from it, without saying whose it is. */
  ofCommunity(memberId: string, digests: FeatureDigests, limit: number): Promise<Uint8Array[]>;
}

interface ServingRow extends Record<string, unknown> {
  version: number;
  capacity: EncoderCapacity;
  verdict_count: number;
  pair_count: number;
  created_at: Date;
  bytes: Uint8Array;
}

export function encoderRepository(prisma: PrismaClient, engine: SqlEngine): EncoderRepository {
  return {
    serving: async (memberId, digests) => {
      const [row] = await engine.query<ServingRow>(
        `SELECT v.version, v.capacity, cardinality(v.positions) AS verdict_count, v.pair_count, v.created_at, v.bytes
         FROM encoder_versions v
         WHERE v.member_id = $1 AND v.accepted AND v.model_digest = $2 AND v.checkpoint_digest = $3
           AND v.positions <@ COALESCE(
             (SELECT array_agg(f.position) FROM feedback f WHERE f.member_id = $1 AND f.state = 'ACTIVE'), '{}')
           AND v.taste_digest IN ('', (SELECT m.taste_digest FROM members m WHERE m.id = $1))
         ORDER BY v.version DESC LIMIT 1`,
        [memberId, digests.model, digests.checkpoint],
      );
      if (!row) return null;
      const { verdict_count: verdictCount, pair_count: pairCount, created_at: createdAt, ...rest } = row;
      return { ...rest, accepted: true, verdictCount, pairCount, createdAt };
    },
    versions: async (memberId, count) => {
      const rows = await prisma.encoderVersion.findMany({
        where: { memberId },
        orderBy: { version: 'desc' },
        take: count,
        select: { version: true, capacity: true, accepted: true, positions: true, pairCount: true, createdAt: true },
      });
      return rows.map(({ positions, ...row }) => ({ ...row, verdictCount: positions.length }));
    },
    bytesOf: async (memberId, version) => {
      const row = await prisma.encoderVersion.findUnique({
        where: { memberId_version: { memberId, version } },
        select: { bytes: true },
      });
      return row?.bytes ?? null;
    },
    ofCommunity: async (memberId, digests, limit) => {
      const rows = await engine.query<{ bytes: Uint8Array }>(
        `SELECT served.bytes FROM members m CROSS JOIN LATERAL (
           SELECT v.bytes, v.capacity FROM encoder_versions v
           WHERE v.member_id = m.id AND v.accepted AND v.model_digest = $2 AND v.checkpoint_digest = $3
             AND v.positions <@ COALESCE(
               (SELECT array_agg(f.position) FROM feedback f WHERE f.member_id = m.id AND f.state = 'ACTIVE'), '{}')
             AND v.taste_digest IN ('', m.taste_digest)
           ORDER BY v.version DESC LIMIT 1) served
         WHERE m.community AND m.id <> $1 AND served.capacity <> 'PRIOR' LIMIT $4`,
        [memberId, digests.model, digests.checkpoint, limit],
      );
      return rows.map(({ bytes }) => bytes);
    },
  };
}
