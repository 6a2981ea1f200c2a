/**
 * Files and folders that are whole or not there: written beside under a draft's name, brought to disk, then renamed. A draft's name says
 * which process writes it, so that what a killed one left is recognised and removed by the next that writes the same.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sha256 } from './digest.js';
import { isRunning, processOf } from './process-identity.js';

/** A draft of another host this old, by the calendar, was left behind: its process cannot be asked. */
const ABANDONED_MS = 24 * 3_600_000;

/** What goes wrong with links where the file system has none. */
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'EACCES']);

/** Where a draft of the file or folder is written: beside it, so that it can be renamed. Drafts that nobody writes any more are removed. */
export async function draftOf(path: string): Promise<string> {
  await removeDrafts(path);
  const { pid, host, birth } = await processOf(process.pid);
  return `${path}.${pid}-${digestOf(host)}-${digestOf(birth)}-${randomBytes(4).toString('hex')}.part`;
}

/** Brings a finished draft, a file or a folder with everything in it, to disk and gives it its name. A file in its place is replaced. */
export async function placeDraft(draft: string, path: string): Promise<void> {
  await syncAll(draft);
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** Writes a file, or replaces it: a reader meets the old one or the new one, also after a power cut. */
export async function writeWhole(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const draft = await draftOf(path);
  try {
    await writeFile(draft, content, { mode });
    await placeDraft(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Writes a file unless there is one, and says whether it did. Of several processes that try at once, one does. */
export async function createWhole(path: string, content: string | Uint8Array, mode?: number): Promise<boolean> {
  const draft = await draftOf(path);
  try {
    await writeFile(draft, content, { mode, flush: true });
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (!NO_LINKS.has(error.code ?? '')) throw error;
      return copyFile(draft, path, constants.COPYFILE_EXCL);
    });
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** A text that is made once and kept: the file's, or `make`'s where there is no file yet, or an empty one that a killed process left. */
export async function keepOnce(
  path: string,
  make: () => string,
  mode: number,
): Promise<{ text: string; created: boolean }> {
  const made = make();
  if (await createWhole(path, made, mode)) return { text: made, created: true };
  const text = await readFile(path, 'utf8');
  if (text.replaceAll('\0', '').trim() !== '') return { text, created: false };
  await writeWhole(path, made, mode);
  return { text: made, created: true };
}

/**
 * Makes a folder unless there is one that is as it was made: one in which files were lost or changed is made anew. `make` fills the draft;
 * where another process is faster, its folder stays.
 */
export async function makeFolderOnce(folder: string, make: (draft: string) => Promise<void>): Promise<void> {
  const there = await stateOf(folder);
  if (there === 'whole') return;
  if (there === 'damaged') await removeWhole(folder);
  const draft = await draftOf(folder);
  try {
    await mkdir(draft, { recursive: true });
    await make(draft);
    await writeContents(draft);
    await placeDraft(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if ((await stateOf(folder)) !== 'whole') throw error;
  }
}

/** In a folder that is made once: what else is in it. */
const CONTENTS = 'contents.json';

interface Content {
  name: string;
  bytes: number;
  sha256: string;
}

async function writeContents(folder: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const contents: Content[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const stats = await stat(path);
    if (stats.isFile()) contents.push({ name, bytes: stats.size, sha256: await sha256(path) });
  }
  await writeFile(join(folder, CONTENTS), JSON.stringify(contents));
}

async function stateOf(folder: string): Promise<'whole' | 'damaged' | 'absent'> {
  if ((await stat(folder).catch(() => undefined)) === undefined) return 'absent';
  try {
    const contents: Content[] = JSON.parse(await readFile(join(folder, CONTENTS), 'utf8'));
    for (const { name, bytes } of contents) if ((await stat(join(folder, name))).size !== bytes) return 'damaged';
    for (const { name, sha256: digest } of contents)
      if ((await sha256(join(folder, name))) !== digest) return 'damaged';
    return 'whole';
  } catch {
    // Files that are missing or cannot be read, and a list that is none.
    return 'damaged';
  }
}

/** Out of the way at once, so that nobody meets a part of it. */
async function removeWhole(folder: string): Promise<void> {
  const aside = await draftOf(folder);
  await rename(folder, aside).catch((error: NodeJS.ErrnoException) => {
    // Another process was faster.
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(aside, { recursive: true, force: true });
}

/** Brings a file, or a folder with everything in it, to disk. */
export async function syncAll(path: string): Promise<void> {
  const stats = await stat(path);
  if (!stats.isDirectory()) return syncFile(path);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory() || entry.isFile()) await syncAll(join(path, entry.name));
  await syncFolder(path);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Which files a folder holds is on disk afterwards, where the system can promise that for folders. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync();
  } catch (error) {
    // Not offered by Windows and by some network file systems; a disk that fails is another matter.
    if (['EIO', 'ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await folder?.close();
  }
}

/** Id, host and birth of the process that writes it, and a number of its own. */
const DRAFT = /^\.(\d+)-([0-9a-f]{8})-([0-9a-f]{8})-[0-9a-f]{8}\.part$/;

async function removeDrafts(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const entry of await readdir(folder).catch((): string[] => [])) {
    const [, pid, host, birth] = (entry.startsWith(name) && DRAFT.exec(entry.slice(name.length))) || [];
    if (pid === undefined) continue;
    const draft = join(folder, entry);
    if (await isAbandoned(draft, Number(pid), host, birth)) await rm(draft, { recursive: true, force: true });
  }
}

async function isAbandoned(draft: string, pid: number, host: string, birth: string): Promise<boolean> {
  const now = await processOf(pid);
  if (digestOf(now.host) === host) return !(await isRunning(now)) || digestOf(now.birth) !== birth;
  const stats = await stat(draft).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_MS;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
