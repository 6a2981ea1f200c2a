/**
 * A database that has been made and migrated once, kept in the repository's .cache folder: making one takes seconds, copying it does
 * not. Its name carries everything it was made from.
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLog } from '../../src/common/log.js';
import { readMigrations } from '../../src/store/migrations.js';
import { openStore } from '../../src/store/store.js';
import { ROOT } from '../support/compiled.mjs';

/** Puts a fresh, migrated database into the data folder, which must have none. */
export async function prepareDatabase(folder: string): Promise<void> {
  const template = join(ROOT, '.cache', `database-${await fingerprint()}`);
  if (!(await stat(template).catch(() => undefined))) await makeTemplate(template);
  await mkdir(folder, { recursive: true });
  // A thousand files, for hundreds of tests: the system's own command takes a fraction of the time.
  await promisify(execFile)('cp', ['-R', join(template, 'database'), join(folder, 'database')]);
}

async function makeTemplate(template: string): Promise<void> {
  const draft = `${template}.${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  await (await openStore({ data: draft }, createLog('error'))).close();
  // Two test files may make it at the same time; the first one stays.
  await rename(draft, template).catch(() => rm(draft, { recursive: true, force: true }));
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, checksum } of await readMigrations()) hash.update(`${name} ${checksum}\n`);
  const manifest = join(ROOT, 'node_modules/@electric-sql/pglite/package.json');
  hash.update(`pglite ${JSON.parse(await readFile(manifest, 'utf8')).version}\n`);
  return hash.digest('hex').slice(0, 12);
}
