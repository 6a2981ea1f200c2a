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
