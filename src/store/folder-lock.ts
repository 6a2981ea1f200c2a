/**
 * One process a data folder: a lock file that says who holds it, and how a dead holder is recognised.
 *
 * A holder is alive when its process id exists and was born when the file says (process ids are reused, and are all alike in
 * containers). A holder on another host cannot be asked, so it counts as alive while it keeps touching the file.
 */
import { mkdir, open, readFile, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PalateError } from '../common/errors.js';

const HEARTBEAT_MS = 5_000;
const SILENT_MS = 30_000;
const RETRY_MS = 20;
const ATTEMPTS = 100;

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

/** Folders this very process holds or tries to: its id alone cannot tell them from what an earlier process of the same id left. */
const held = new Set<string>();

/** Who has the folder: a live process, in words; null while none has. Takes nothing. */
export async function folderHolder(folder: string): Promise<string | null> {
  const path = join(folder, 'lock');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return null;
  const holder = parseHolder(text);
  return (await isAlive(holder, await silenceOf(path))) ? inWords(holder?.pid, holder?.host) : null;
}

/** Takes the folder for this process. Errors: CONFLICT when a live process holds it. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  if (held.has(path)) throw inUse(folder, process.pid, hostname());
  held.add(path);
  try {
    await acquire(folder, path);
    return heldLock(path);
  } catch (error) {
    held.delete(path);
    throw error;
  }
}

async function acquire(folder: string, path: string): Promise<void> {
  const holder: Holder = { pid: process.pid, host: hostname(), birth: await birthOf(process.pid) };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await createExclusively(path, JSON.stringify(holder))) return;
    await requireStale(folder, path);
    // Only whoever has this second file removes a lock, so nobody removes the one that has just taken the stale one's place.
    const takeover = `${path}.takeover`;
    if (await createExclusively(takeover, '')) {
      try {
        await requireStale(folder, path);
        await unlink(path).catch(() => undefined);
      } finally {
        await unlink(takeover);
      }
    } else {
      if ((await silenceOf(takeover)) > SILENT_MS) await unlink(takeover).catch(() => undefined);
      await delay(RETRY_MS);
    }
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

/** Returns where the lock's holder is dead or the lock is gone; throws when the holder lives. */
async function requireStale(folder: string, path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const holder = parseHolder(text);
  if (await isAlive(holder, await silenceOf(path))) throw inUse(folder, holder?.pid, holder?.host);
}

/** Milliseconds since the file was touched; 0 when it is gone. */
async function silenceOf(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  return stats ? Date.now() - stats.mtimeMs : 0;
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
  let released = false;
  return {
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(heartbeat);
      await unlink(path).catch(() => undefined);
      held.delete(path);
    },
  };
}

function inWords(pid: number | undefined, host: string | undefined): string {
  return pid === undefined ? 'another process' : `process ${pid}${host === hostname() ? '' : ` on ${host}`}`;
}

function inUse(folder: string, pid: number | undefined, host: string | undefined): PalateError {
  const who = inWords(pid, host);
  return new PalateError(
    'CONFLICT',
    `The data folder ${folder} is in use by ${who}. Stop it, talk to the gateway it runs, or choose another folder with PALATE_DATA.`,
  );
}
