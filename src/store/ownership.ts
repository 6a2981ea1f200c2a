/** Whose a row is, in one short look each. */
import type { SqlEngine } from './sql.js';

export interface OwnershipRepository {
  /** The platform of a member; null for an unknown one. */
  platform(memberId: string): Promise<string | null>;
  /** Member ids; null for an unknown row. */
  generation(id: string): Promise<string | null>;
  candidate(id: string): Promise<string | null>;
  feedback(id: string): Promise<string | null>;
  trainingJob(id: string): Promise<string | null>;
}

export function ownershipRepository(engine: SqlEngine): OwnershipRepository {
  const look = async (sql: string, id: string) => {
    const [row] = await engine.query<{ owner: string }>(sql, [id]);
    return row?.owner ?? null;
  };
  return {
    platform: (id) => look('SELECT platform AS owner FROM members WHERE id = $1', id),
    generation: (id) => look('SELECT member_id AS owner FROM generations WHERE id = $1', id),
    candidate: (id) =>
      look(
        'SELECT g.member_id AS owner FROM candidates c JOIN generations g ON g.id = c.generation_id WHERE c.id = $1',
        id,
      ),
    feedback: (id) => look('SELECT member_id AS owner FROM feedback WHERE id = $1', id),
    trainingJob: (id) => look('SELECT member_id AS owner FROM training_jobs WHERE id = $1', id),
  };
}
