/** Generations with their candidates, and the projected features by which they are judged. */
import type { CandidateRole, FinishReason } from './generated/client.js';
import { type CallerKey, keepAnswer } from './idempotency.js';
import type { Page } from './page.js';
import type { Row, SqlEngine } from './sql.js';

export interface CandidateRecord {
  id: string;
  generationId: string;
  index: number;
  text: string;
  tokenIds: number[];
  finishReason: FinishReason;
  role: CandidateRole;
  /** Tokens of the reply that came before these, where it goes on with an earlier one. */
  written: number[];
}

/** A candidate as something that may be gone on with. */
export interface ContinuableCandidate extends Pick<CandidateRecord, 'role' | 'finishReason' | 'tokenIds' | 'written'> {
  memberId: string;
  encoderVersion: number;
  modelDigest: string;
  expiredAt: Date | null;
  latent: KeptLatent | null;
}

/** What a reply was written behind. */
export interface KeptLatent {
  /** Floats, little-endian. */
  bytes: Uint8Array;
  /** Digest of the checkpoint that it means something to. */
  checkpoint: string;
}

export interface NewCandidate extends Omit<CandidateRecord, 'generationId'> {
  /** Kept where the reply may be gone on with. */
  latent: KeptLatent | null;
}

export interface GenerationRecord {
  id: string;
  memberId: string;
  prompt: string;
  encoderVersion: number;
  model: string;
  modelDigest: string;
  createdAt: Date;
  /** When prompt and replies were erased by the retention policy; they are empty from then on. */
  expiredAt: Date | null;
  /** In order of index. */
  candidates: CandidateRecord[];
}

export interface NewGeneration extends Omit<GenerationRecord, 'createdAt' | 'expiredAt' | 'candidates'> {
  source: Record<string, string> | null;
  candidates: NewCandidate[];
  /** Kept in the same transaction when the caller gave a key. */
  key?: CallerKey;
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

/** A generation as what it showed. */
export interface RepliesRecord {
  prompt: string;
  /** Token ids, by candidate. */
  replies: number[][];
}

export interface GenerationRepository {
  /** Stores a finished generation. Rejects with KeyTaken when the key was used meanwhile. */
  add(generation: NewGeneration): Promise<GenerationRecord>;
  byId(id: string): Promise<GenerationRecord | null>;
  byIds(ids: readonly string[]): Promise<GenerationRecord[]>;
  /** A candidate with what it takes to go on with it; null for an unknown one. */
  continuable(candidateId: string): Promise<ContinuableCandidate | null>;
  /** The member's, newest first, from behind the generation `after` on. */
  ofMember(memberId: string, first: number, after?: string): Promise<Page<GenerationRecord>>;
  /** What the member was shown to these prompts under this model and is not erased: the tokens of the candidates, by generation. */
  repliesTo(memberId: string, prompts: readonly string[], modelDigest: string): Promise<RepliesRecord[]>;
  saveFeatures(id: string, features: GenerationFeatures, digests: FeatureDigests): Promise<void>;
  /**
   * Generations whose features are missing or were read with something else, voted ones first, then the newest. Of what was cancelled
   * before a word was written there is nothing to read, nor of what was erased.
   */
  withoutFeatures(digests: FeatureDigests, limit: number, among?: readonly string[]): Promise<string[]>;
}

export const GENERATE_OPERATION = 'generate';

/** One statement: this is on the way of every verdict. */
const GENERATIONS = `
  SELECT g.id, g.member_id AS "memberId", g.prompt, g.encoder_version AS "encoderVersion", g.model, g.model_digest AS "modelDigest",
    g.created_at AS "createdAt", g.expired_at AS "expiredAt",
    COALESCE((SELECT json_agg(json_build_object('id', c.id, 'generationId', c.generation_id, 'index', c.index, 'text', c.text,
      'tokenIds', c.token_ids, 'finishReason', c.finish_reason, 'role', c.role, 'written', COALESCE(c.written, '{}')) ORDER BY c.index)
      FROM candidates c WHERE c.generation_id = g.id), '[]') AS candidates
  FROM generations g`;

type GenerationRow = GenerationRecord & Row;

const CONTINUABLE = `
  SELECT g.member_id AS "memberId", g.encoder_version AS "encoderVersion", g.model_digest AS "modelDigest", g.expired_at AS "expiredAt",
    c.role, c.finish_reason AS "finishReason", c.token_ids AS "tokenIds", COALESCE(c.written, '{}') AS written, c.latent, c.latent_checkpoint AS "latentCheckpoint"
  FROM candidates c JOIN generations g ON g.id = c.generation_id WHERE c.id = $1`;

type ContinuableRow = Omit<ContinuableCandidate, 'latent'> & {
  latent: Uint8Array | null;
  latentCheckpoint: string | null;
} & Row;

export function generationRepository(engine: SqlEngine): GenerationRepository {
  return {
    add: (generation) => addGeneration(engine, generation),
    byId: async (id) => (await engine.query<GenerationRow>(`${GENERATIONS} WHERE g.id = $1`, [id]))[0] ?? null,
    byIds: (ids) => engine.query<GenerationRow>(`${GENERATIONS} WHERE g.id = ANY($1::uuid[])`, [[...ids]]),
    continuable: async (id) => {
      const [row] = await engine.query<ContinuableRow>(CONTINUABLE, [id]);
      if (!row) return null;
      const { latent, latentCheckpoint, ...candidate } = row;
      return {
        ...candidate,
        latent: latent && latentCheckpoint ? { bytes: latent, checkpoint: latentCheckpoint } : null,
      };
    },
    ofMember: async (memberId, first, after) => {
      const rows = await engine.query<GenerationRow>(
        `${GENERATIONS} WHERE g.member_id = $1 AND ($3::uuid IS NULL
           OR g.position < (SELECT a.position FROM generations a WHERE a.id = $3::uuid))
         ORDER BY g.position DESC LIMIT $2`,
        [memberId, first + 1, after ?? null],
      );
      const [{ total }] = await engine.query<{ total: number }>(
        'SELECT count(*)::int AS total FROM generations WHERE member_id = $1',
        [memberId],
      );
      return {
        rows: rows.slice(0, first),
        total,
        hasNext: rows.length > first,
        hasPrevious: after !== undefined,
      };
    },
    repliesTo: (memberId, prompts, modelDigest) =>
      engine.query<RepliesRecord & Row>(
        `SELECT g.prompt, json_agg(c.token_ids) AS replies FROM generations g JOIN candidates c ON c.generation_id = g.id
         WHERE g.member_id = $1 AND g.prompt = ANY($2::text[]) AND g.model_digest = $3 GROUP BY g.id`,
        [memberId, [...prompts], modelDigest],
      ),
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
          [id, candidates.map(([candidate]) => candidate), candidates.map(([, bytes]) => bytes)],
        );
      });
    },
    withoutFeatures: async (digests, limit, among) => {
      const rows = await engine.query<{ id: string }>(
        `SELECT g.id FROM generations g
         WHERE (g.features_model, g.features_checkpoint) IS DISTINCT FROM ($1, $2) AND g.expired_at IS NULL AND ($4::uuid[] IS NULL OR g.id = ANY($4::uuid[]))
           AND EXISTS (SELECT 1 FROM candidates c WHERE c.generation_id = g.id AND cardinality(c.token_ids) > 0)
         ORDER BY EXISTS (SELECT 1 FROM feedback f WHERE f.generation_id = g.id) DESC, g.position DESC LIMIT $3`,
        [digests.model, digests.checkpoint, limit, among ?? null],
      );
      return rows.map((row) => row.id);
    },
  };
}

/** One transaction of few statements: this is on the way of every reply. */
async function addGeneration(engine: SqlEngine, generation: NewGeneration): Promise<GenerationRecord> {
  const { key, candidates, source, ...row } = generation;
  const createdAt = await engine.transaction(async (session) => {
    const [stored] = await session.query<{ createdAt: Date }>(
      `INSERT INTO generations (id, member_id, prompt, encoder_version, model, model_digest, source)
       VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb) RETURNING created_at AS "createdAt"`,
      [
        row.id,
        row.memberId,
        row.prompt,
        row.encoderVersion,
        row.model,
        row.modelDigest,
        source && JSON.stringify(source),
      ],
    );
    await session.query(
      `INSERT INTO candidates (id, generation_id, index, text, token_ids, finish_reason, role, written, latent, latent_checkpoint)
       SELECT c.id, $1, c.index, c.text, ARRAY(SELECT jsonb_array_elements_text(c."tokenIds")::int), c."finishReason"::"FinishReason",
         c.role::"CandidateRole", ARRAY(SELECT jsonb_array_elements_text(c.written)::int), decode(c.latent, 'base64'), c.checkpoint
       FROM jsonb_to_recordset($2::text::jsonb)
         AS c(id uuid, index int, text text, "tokenIds" jsonb, "finishReason" text, role text, written jsonb, latent text, checkpoint text)`,
      [row.id, JSON.stringify(candidates.map(candidateRow))],
    );
    if (key) await keepAnswer(session, GENERATE_OPERATION, key, row.memberId, { generationId: row.id });
    return stored.createdAt;
  });
  return {
    ...row,
    createdAt,
    expiredAt: null,
    candidates: candidates.map(({ latent: _, ...candidate }) => ({ ...candidate, generationId: row.id })),
  };
}

function candidateRow({ latent, ...candidate }: NewCandidate) {
  return {
    ...candidate,
    latent: latent && Buffer.from(latent.bytes).toString('base64'),
    checkpoint: latent?.checkpoint,
  };
}
