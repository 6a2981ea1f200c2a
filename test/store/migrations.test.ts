import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PrismaClient } from '../../src/store/generated/client.js';
import { applyMigrations, type Migration, readMigrations } from '../../src/store/migrations.js';
import { openPglite } from '../../src/store/pglite.js';
import type { SqlEngine } from '../../src/store/sql.js';

const migrationOf = (name: string, sql: string): Migration => ({
  name,
  sql,
  checksum: createHash('sha256').update(sql).digest('hex'),
});

describe('migrations', () => {
  let engine: SqlEngine;
  let committed: Migration[];
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-migrations-'));
    engine = await openPglite(folder);
    committed = await readMigrations();
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  it('are applied once, in order, and recorded as Prisma records them', async () => {
    expect(await applyMigrations(engine, committed)).toEqual(committed.map(({ name }) => name));
    expect(await applyMigrations(engine, committed)).toEqual([]);
    const rows = await engine.query(
      'SELECT migration_name, checksum, applied_steps_count, finished_at IS NOT NULL AS finished, logs FROM _prisma_migrations',
    );
    expect(rows).toEqual(
      committed.map(({ name, checksum }) => ({
        migration_name: name,
        checksum,
        applied_steps_count: 1,
        finished: true,
        logs: null,
      })),
    );
  });

  it('make every table and column the data model names', async () => {
    const prisma = new PrismaClient({ adapter: engine.adapter });
    const models = [
      prisma.member,
      prisma.generation,
      prisma.candidate,
      prisma.feedback,
      prisma.encoderVersion,
      prisma.trainingJob,
      prisma.idempotencyKey,
    ];
    for (const model of models) {
      // Selecting all columns of a model fails where one is missing.
      expect(await (model as typeof prisma.member).findMany()).toEqual([]);
    }
    await prisma.$disconnect();
  });

  it('keep the order and the meaning of what was there', async () => {
    const place = await mkdtemp(join(tmpdir(), 'palate-migrations-'));
    const old = await openPglite(place);
    const before = committed.filter(({ name }) => name < '20250703000000_positions');
    await applyMigrations(old, before);
    const id = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
    await old.script(`
      INSERT INTO members (id, platform, external_id, learn) VALUES ('${id(1)}', 'test', 'no', 'DENIED'), ('${id(2)}', 'test', 'yes', 'GRANTED');
      INSERT INTO generations (id, member_id, prompt, encoder_version, model, model_digest, created_at)
        SELECT ('00000000-0000-0000-0000-' || lpad((10 + n)::text, 12, '0'))::uuid, '${id(1)}', n::text, 0, 'm', 'm',
          timestamptz '2026-01-01' + ((n * 7) % 5) * interval '1 hour' FROM generate_series(0, 9) n;
      INSERT INTO keys (id, name, scope, digest, prefix, created_at)
        SELECT gen_random_uuid(), n::text, 'ADMIN', n::text, '', timestamptz '2026-01-01' + ((n * 3) % 7) * interval '1 hour' FROM generate_series(0, 9) n;
      INSERT INTO feedback (id, generation_id, member_id, verdict, state, updated_at) VALUES
        (gen_random_uuid(), '${id(10)}', '${id(1)}', 'GOOD', 'HELD', '2026-01-01'), (gen_random_uuid(), '${id(11)}', '${id(1)}', 'TIE', 'HELD', '2026-01-02'),
        (gen_random_uuid(), '${id(12)}', '${id(1)}', 'GOOD', 'HELD', '2026-01-03');
      INSERT INTO encoder_versions (member_id, version, capacity, bytes, digest, model_digest, checkpoint_digest, accepted, positions, pair_count, created_at)
        VALUES ('${id(1)}', 1, 'BIAS', '', '', 'm', 'c', true, '{1}', 1, '2026-01-02 12:00');
      INSERT INTO clean_ups (started_at, finished_at) VALUES ('2026-02-01', '2026-02-01 00:01');
      INSERT INTO deletion_receipts (id, member_id, platform, removed, retrained, forgotten_at) VALUES
        ('${id(3)}', '${id(4)}', 'test', '[]', 0, '2026-01-15'), ('${id(5)}', '${id(6)}', 'test', '[]', 0, '2026-02-15');`);
    const ordered = async (table: string, by: string) =>
      (await old.query(`SELECT id FROM ${table} ORDER BY ${by}`)).map((row) => row.id);
    const generations = await ordered('generations', 'created_at, id');
    const keys = await ordered('keys', 'created_at DESC, id');
    await applyMigrations(old, committed);
    expect(await ordered('generations', 'position')).toEqual(generations);
    expect(await ordered('keys', 'position DESC')).toEqual(keys);
    await old.query(
      `INSERT INTO generations (id, member_id, prompt, encoder_version, model, model_digest) VALUES ('${id(99)}', '${id(2)}', '', 0, 'm', 'm')`,
    );
    expect((await ordered('generations', 'position')).at(-1)).toBe(id(99));
    expect(await old.query('SELECT state, counted FROM feedback ORDER BY position')).toEqual([
      { state: 'HELD', counted: true },
      { state: 'HELD', counted: true },
      { state: 'WITHDRAWN', counted: false },
    ]);
    expect(await old.query('SELECT ledger_position::int AS at FROM encoder_versions')).toEqual([{ at: 2 }]);
    const receipts = `SELECT r.id, gone.erased_at IS NOT NULL AS erased FROM deletion_receipts r JOIN removals gone ON gone.id = r.removal_id ORDER BY r.id`;
    expect(await old.query(receipts)).toEqual([
      { id: id(3), erased: true },
      { id: id(5), erased: false },
    ]);
    // The second one waits, and whatever an earlier clean-up may have missed.
    expect(await old.query('SELECT count(*)::int AS count FROM removals WHERE erased_at IS NULL')).toEqual([
      { count: 2 },
    ]);
    await old.close();
    await rm(place, { recursive: true });
  });

  it('leave nothing of one that fails', async () => {
    const broken = migrationOf('29990101000000_broken', 'CREATE TABLE half (id int); CREATE TABLE half (id int);');
    await expect(applyMigrations(engine, [...committed, broken])).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('29990101000000_broken failed and was undone'),
    });
    expect(await engine.query(`SELECT to_regclass('half')::text AS found`)).toEqual([{ found: null }]);
    expect(await applyMigrations(engine, committed)).toEqual([]);
  });

  it('are refused when an applied one was changed', async () => {
    const changed = committed.map((migration) => ({ ...migration, checksum: '0'.repeat(64) }));
    await expect(applyMigrations(engine, changed)).rejects.toMatchObject({
      message: expect.stringContaining('differs'),
    });
  });

  it('are refused when the database is of a newer version', async () => {
    const newer = migrationOf('29990101000001_newer', 'CREATE TABLE newer (id int);');
    expect(await applyMigrations(engine, [...committed, newer])).toEqual([newer.name]);
    await expect(applyMigrations(engine, committed)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('does not know'),
    });
  });
});
