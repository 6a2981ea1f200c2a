/** Generations with their candidates, and the projected features by which they are judged. */
import type { CandidateRole, FinishReason, PrismaClient } from './generated/client.js';
import { Prisma } from './generated/client.js';
import type { SqlEngine } from './sql.js';

export interface CandidateRecord {
  id: string;
  generationId: string;
  index: number;
  text: string;
  tokenIds: number[];
  finishReason: FinishReason;
  role: CandidateRole;
}

export interface GenerationRecord {
  id: string;
  memberId: string;
  prompt: string;
  encoderVersion: number;
  model: string;
  modelDigest: string;
  createdAt: Date;
  /** In order of index. */
  candidates: CandidateRecord[];
}

export interface NewGeneration extends Omit<GenerationRecord, 'createdAt' | 'candidates'> {
  source: Record<string, string> | null;
  candidates: Omit<CandidateRecord, 'generationId'>[];
  /** Kept in the same transaction when the caller gave a key. */
  key?: { key: string; inputDigest: string };
}

/** What the features of a generation were read with. */
export interface FeatureDigests {
  model: string;
  checkpoint: string;
}

export interface GenerationFeatures {
  /** Half floats. */
  prompt: Uint8Array;
  /** Half floats, by candidate. */
  candidates: ReadonlyMap<string, Uint8Array>;
}

export interface GenerationRepository {
  /** Stores a finished generation. Rejects with KeyTaken when the key was used meanwhile. */
  add(generation: NewGeneration): Promise<GenerationRecord>;
  byId(id: string): Promise<GenerationRecord | null>;
  byIds(ids: readonly string[]): Promise<GenerationRecord[]>;
  saveFeatures(id: string, features: GenerationFeatures, digests: FeatureDigests): Promise<void>;
  /** Generations whose features are missing or were read with something else, voted ones first, then the newest. */
  withoutFeatures(digests: FeatureDigests, limit: number): Promise<string[]>;
}

export const GENERATE_OPERATION = 'generate';

/** Somebody else stored an answer under the same idempotency key between our look and our write. */
export class KeyTaken extends Error {}

const CANDIDATE_FIELDS = {
  id: true,
  generationId: true,
  index: true,
  text: true,
  tokenIds: true,
  finishReason: true,
  role: true,
} as const;

const FIELDS = {
  id: true,
  memberId: true,
  prompt: true,
  encoderVersion: true,
  model: true,
  modelDigest: true,
  createdAt: true,
  candidates: { select: CANDIDATE_FIELDS, orderBy: { index: 'asc' as const } },
} as const;

export function generationRepository(prisma: PrismaClient, engine: SqlEngine): GenerationRepository {
  return {
    add: (generation) => addGeneration(prisma, generation),
    byId: (id) => prisma.generation.findUnique({ where: { id }, select: FIELDS }),
    byIds: (ids) => prisma.generation.findMany({ where: { id: { in: [...ids] } }, select: FIELDS }),
    saveFeatures: async (id, features, digests) => {
      const candidates = [...features.candidates];
      await engine.transaction(async (session) => {
        await session.query(
          `UPDATE generations SET prompt_features = $2, features_model = $3, features_checkpoint = $4 WHERE id = $1`,
          [id, features.prompt, digests.model, digests.checkpoint],
        );
        await session.query(
          `UPDATE candidates SET features = read.features
           FROM unnest($2::uuid[], $3::bytea[]) AS read(id, features) WHERE candidates.id = read.id AND generation_id = $1`,
          [id, candidates.map(([candidate]) => candidate), candidates.map(([, bytes]) => hexOf(bytes))],
        );
      });
    },
    withoutFeatures: async (digests, limit) => {
      const rows = await engine.query<{ id: string }>(
        `SELECT g.id FROM generations g
         WHERE g.features_model IS DISTINCT FROM $1 OR g.features_checkpoint IS DISTINCT FROM $2
         ORDER BY EXISTS (SELECT 1 FROM feedback f WHERE f.generation_id = g.id) DESC, g.created_at DESC LIMIT $3`,
        [digests.model, digests.checkpoint, limit],
      );
      return rows.map((row) => row.id);
    },
  };
}

async function addGeneration(prisma: PrismaClient, generation: NewGeneration): Promise<GenerationRecord> {
  const { key, candidates, source, ...row } = generation;
  const generationWrite = prisma.generation.create({
    data: { ...row, source: source ?? Prisma.DbNull, candidates: { createMany: { data: candidates } } },
    select: FIELDS,
  });
  if (!key) return generationWrite;
  const keyWrite = prisma.idempotencyKey.create({
    data: {
      operation: GENERATE_OPERATION,
      ...key,
      memberId: row.memberId,
      result: { generationId: row.id },
    },
  });
  try {
    return (await prisma.$transaction([generationWrite, keyWrite]))[0];
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') throw new KeyTaken();
    throw error;
  }
}

/** The text form of bytea, which both engines take inside an array. */
function hexOf(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}
