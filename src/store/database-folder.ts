/**
 * The folder of the embedded database. It is made beside and renamed, so that a start that is cut off leaves nothing behind that the next
 * one could take for a database.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, PalateError } from '../common/errors.js';
import { syncAll, syncFolder, writeWhole } from '../common/whole-files.js';
import { DatabaseThreadFault } from './database-thread.js';

/** Says in the folder that everything was in it before anything was kept in it. */
const MARK = 'complete';
/** What PostgreSQL's own start puts into an empty folder, the mark's draft, and what a volume of its own begins with. */
const OWN_ENTRY =
  /^(PG_VERSION|base|global|pg_\w+(\.conf)?|postgresql(\.auto)?\.conf|postmaster\.(pid|opts)|complete\..+\.part|lost\+found)$/;
/** Relations that users made are numbered from here on. */
export const FIRST_USER_NUMBER = 16_384;

/** Where the embedded database lies: the data folder's `database`, which may be a link to another place. */
export function databaseFolder(data: string): Promise<string> {
  const folder = join(data, 'database');
  return realpath(folder).catch(() => folder);
}

/** Whether the folder holds a database; false where the next start would make it. */
export async function holdsDatabase(folder: string): Promise<boolean> {
  return existsSync(join(folder, MARK)) || (existsSync(folder) && !(await isHalfMade(folder)));
}

/**
 * Makes the database unless there is one. `make` fills an empty folder and lets go of it. Call it while the data folder is locked.
 * Errors: INTERNAL when it cannot be made, CONFLICT where something else lies in the folder
 */
export async function makeDatabase(folder: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${folder}.part`;
  await rm(draft, { recursive: true, force: true });
  if (await holdsDatabase(folder)) return;
  await emptyFolder(folder);
  try {
    await mkdir(draft, { recursive: true });
    await make(draft);
    await completed(draft);
    await rename(draft, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (error instanceof DatabaseThreadFault) throw error;
    if (!isMounted(error)) throw notMade(folder, error);
    // Nothing can be renamed to it: here the mark alone says that the folder is complete.
    await make(folder);
    await completed(folder);
  }
}

async function completed(folder: string): Promise<void> {
  await syncAll(folder);
  await writeWhole(join(folder, MARK), 'This database was made completely.\n', 0o600);
}

function notMade(folder: string, error: unknown): PalateError {
  const reason = messageOf(error instanceof PalateError ? (error.cause ?? error) : error);
  return new PalateError(
    'INTERNAL',
    `The database cannot be made in ${folder} (${reason}). See that there is room and that the folder can be written, and start again; nothing was left behind.`,
    { cause: error },
  );
}

/** A volume that is mounted there. */
function isMounted(error: unknown): boolean {
  return ['EBUSY', 'EXDEV'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Without a mark: it was begun by a process that was killed, or is of a version that set none. Tables of ours tell: they come last.
 * @throws PalateError CONFLICT where something else lies in the folder
 */
async function isHalfMade(folder: string): Promise<boolean> {
  const entries = await readdir(folder);
  // Not how a start leaves it: something was taken away afterwards.
  if (entries.includes('PG_VERSION') && !entries.includes('base')) return false;
  const base = entries.includes('base') ? await readdir(join(folder, 'base')) : [];
  for (const database of base) {
    const files = await readdir(join(folder, 'base', database)).catch((): string[] => []);
    if (files.some((file) => Number.parseInt(file, 10) >= FIRST_USER_NUMBER)) return false;
  }
  const foreign = entries.find((entry) => !OWN_ENTRY.test(entry));
  if (foreign === undefined) return true;
  throw new PalateError(
    'CONFLICT',
    `The folder ${folder} is to hold the database, but something else lies in it (${foreign}). Move it away, or choose another folder with --data or PALATE_DATA.`,
  );
}

/** Nothing was ever kept in it. */
async function emptyFolder(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder)) {
    if (entry !== 'lost+found') await rm(join(folder, entry), { recursive: true, force: true });
  }
  // One that is mounted stays.
  await rmdir(folder).catch(() => undefined);
}
