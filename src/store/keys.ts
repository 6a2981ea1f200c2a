/** Keys that were given out, and the secrets that this installation signs with. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { KeyScope } from './generated/client.js';
import type { Row, SqlEngine } from './sql.js';

export interface KeyRecord {
  id: string;
  name: string;
  scope: KeyScope;
  /** Of a BOT key. */
  platform: string | null;
  /** Of a MEMBER key. */
  memberId: string | null;
  /** The first characters of the secret. */
  prefix: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

export interface NewKey extends Pick<KeyRecord, 'name' | 'scope' | 'platform' | 'memberId' | 'prefix' | 'expiresAt'> {
  /** SHA-256 of the secret, hex. */
  digest: string;
}

export interface NewSecret {
  digest: string;
  prefix: string;
  /** Until when the secret before it works as well. */
  previousExpiresAt: Date;
}

export interface KeyRepository {
  add(key: NewKey): Promise<KeyRecord>;
  byId(id: string): Promise<KeyRecord | null>;
  /** The key whose secret, or whose secret before the rotation while that still works, has this digest. */
  byDigest(digest: string, now: Date): Promise<KeyRecord | null>;
  /** Newest first. */
  list(limit: number): Promise<KeyRecord[]>;
  /** Keys that are not revoked. */
  count(): Promise<number>;
  /** Null for an unknown key and a revoked one. */
  rotate(id: string, secret: NewSecret): Promise<KeyRecord | null>;
  /** Null for an unknown key; a revoked one stays as it is. */
  revoke(id: string, now: Date): Promise<KeyRecord | null>;
  used(id: string, now: Date): Promise<void>;
  /** 32 random bytes, made the first time somebody asks for this purpose. */
  secret(purpose: string): Promise<Uint8Array>;
}

const COLUMNS = `id, name, scope, platform, member_id AS "memberId", prefix, created_at AS "createdAt", last_used_at AS "lastUsedAt",
  expires_at AS "expiresAt", revoked_at AS "revokedAt"`;

export function keyRepository(engine: SqlEngine): KeyRepository {
  const one = async (sql: string, values: readonly unknown[]) => {
    const [row] = await engine.query<KeyRecord & Row>(sql, values);
    return row ?? null;
  };
  return {
    add: async ({ name, scope, platform, memberId, prefix, expiresAt, digest }) =>
      (await one(
        `INSERT INTO keys (id, name, scope, platform, member_id, prefix, expires_at, digest)
         VALUES ($1, $2, $3::"KeyScope", $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
        [randomUUID(), name, scope, platform, memberId, prefix, expiresAt, digest],
      )) as KeyRecord,
    byId: (id) => one(`SELECT ${COLUMNS} FROM keys WHERE id = $1`, [id]),
    byDigest: (digest, now) =>
      one(
        `SELECT ${COLUMNS} FROM keys WHERE digest = $1
         UNION ALL SELECT ${COLUMNS} FROM keys WHERE previous_digest = $1 AND previous_expires_at > $2 LIMIT 1`,
        [digest, now],
      ),
    list: (limit) =>
      engine.query<KeyRecord & Row>(`SELECT ${COLUMNS} FROM keys ORDER BY position DESC LIMIT $1`, [limit]),
    count: async () => {
      const [row] = await engine.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM keys WHERE revoked_at IS NULL',
      );
      return row.count;
    },
    rotate: (id, { digest, prefix, previousExpiresAt }) =>
      one(
        `UPDATE keys SET previous_digest = digest, previous_expires_at = $4, digest = $2, prefix = $3
         WHERE id = $1 AND revoked_at IS NULL RETURNING ${COLUMNS}`,
        [id, digest, prefix, previousExpiresAt],
      ),
    revoke: (id, now) =>
      one(`UPDATE keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING ${COLUMNS}`, [id, now]),
    used: async (id, now) => {
      await engine.query('UPDATE keys SET last_used_at = $2 WHERE id = $1', [id, now]);
    },
    secret: async (purpose) => {
      await engine.query('INSERT INTO secrets (purpose, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        purpose,
        randomBytes(32),
      ]);
      const [row] = await engine.query<{ bytes: Uint8Array }>('SELECT bytes FROM secrets WHERE purpose = $1', [
        purpose,
      ]);
      return row.bytes;
    },
  };
}
