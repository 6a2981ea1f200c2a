/**
 * One process a data folder: a lock file that says who holds it, and how a dead holder is recognised.
 *
 * A holder is alive when its process id exists and was born when the file says (process ids are reused, and are all alike in
 * containers). A holder on another host cannot be asked, so it counts as alive while it keeps touching the file.
 */
import { mkdir, open, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PalateError } from '../common/errors.js';

const HEARTBEAT_MS = 5_000;
const SILENT_MS = 30_000;
const ATTEMPTS = 5;

interface Holder {
  pid: number;
  host: string;
  /** Identifies the process's birth where the system tells it; '' elsewhere. */
  birth: string;
}

export interface FolderLock {
  /** Gives the folder back; safe to call twice. */
  release(): Promise<void>;
}

/** Folders held by this very process: its id alone cannot tell them from what an earlier process of the same id left. */
const held = new Set<string>();

/** Takes the folder for this process. Errors: CONFLICT when a live process holds it. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  const content = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    birth: await birthOf(process.pid),
  } satisfies Holder);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (held.has(path)) throw inUse(folder, process.pid, hostname());
    if (await createExclusively(path, content)) {
      held.add(path);
      return heldLock(path);
    }
    await removeStale(folder, path);
  }
  throw new PalateError(
    'CONFLICT',
    `The data folder ${folder} is being opened by several processes at once. Start one of them.`,
  );
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(content);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes what a dead holder left; throws when the holder lives. */
async function removeStale(folder: string, path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const holder = parseHolder(text);
  const modified = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
  if (await isAlive(holder, Date.now() - modified)) throw inUse(folder, holder?.pid, holder?.host);
  // Moving it aside first lets only one of several openers remove it; whoever moved a newer lock by mistake puts it back.
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) !== text) {
    await rename(aside, path);
    return;
  }
  await unlink(aside);
}

async function isAlive(holder: Holder | undefined, silentMs: number): Promise<boolean> {
  // Half a file: its writer is between creating and writing it, or died there.
  if (!holder) return silentMs < SILENT_MS;
  if (holder.host !== hostname()) return silentMs < SILENT_MS;
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const birth = await birthOf(holder.pid);
  return holder.birth === '' || birth === '' || birth === holder.birth;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, host, birth } = JSON.parse(text) as Holder;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host, birth: birth ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

/** Boot and start time of a process on Linux: the 22nd field of its stat file, counted behind the name in parentheses. */
async function birthOf(pid: number): Promise<string> {
  try {
    const [text, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    const ticks = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot.trim()}/${ticks}`;
  } catch {
    return '';
  }
}

function heldLock(path: string): FolderLock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    release: async () => {
      if (!held.has(path)) return;
      clearInterval(heartbeat);
      await unlink(path).catch(() => undefined);
      held.delete(path);
    },
  };
}

function inUse(folder: string, pid: number | undefined, host: string | undefined): PalateError {
  const who = pid === undefined ? 'another process' : `process ${pid}${host === hostname() ? '' : ` on ${host}`}`;
  return new PalateError(
    'CONFLICT',
    `The data folder ${folder} is in use by ${who}. Stop it, talk to the gateway it runs, or choose another folder with PALATE_DATA.`,
  );
}
