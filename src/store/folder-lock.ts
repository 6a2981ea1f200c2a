/**
 * One process a data folder: a lock file that says who holds it, and how a dead holder is recognised.
 *
 * A holder on this host is alive when its process is. One on another host cannot be asked: its file is watched, by this process's own
 * time. It touches the file every few seconds; clocks of two hosts are never compared.
 */
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PalateError } from '../common/errors.js';
import { isRunning, type ProcessIdentity, processOf } from '../common/process-identity.js';
import { createWhole } from '../common/whole-files.js';

export interface LockTimes {
  /** Milliseconds between two touches. */
  touchMs: number;
  /** Milliseconds after which a holder on another host is dead if it has not touched the file. */
  silentMs: number;
}

const TIMES: LockTimes = { touchMs: 5_000, silentMs: 30_000 };
const RETRY_MS = 20;
const LOOK_MS = 250;
const ATTEMPTS = 100;
/** The coarsest file system tells touches two seconds apart. */
const STAMP_MS = 2_000;

export interface FolderLock {
  /** Gives the folder back; safe to call twice. */
  release(): Promise<void>;
}

/** A lock file as a look finds it. */
interface Found {
  text: string;
  /** Changes whenever the file is touched or another takes its place. */
  mark: string;
}

/** Folders this very process holds or tries to: its id alone cannot tell them from what an earlier process of the same id left. */
const held = new Set<string>();

/** Who has the folder: a live process, in words; null while none has. Takes nothing. One on another host is watched for a while. */
export async function folderHolder(folder: string, times = TIMES): Promise<string | null> {
  const found = await look(join(folder, 'lock'));
  return found && (await isAlive(join(folder, 'lock'), found, times)) ? inWords(holderOf(found)) : null;
}

/** Takes the folder for this process. Errors: CONFLICT when a live process holds it. */
export async function lockFolder(folder: string, times = TIMES): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  if (held.has(path)) throw inUse(folder, await processOf(process.pid));
  held.add(path);
  try {
    await acquire(folder, path, times);
    return await heldLock(path, times);
  } catch (error) {
    held.delete(path);
    throw error;
  }
}

async function acquire(folder: string, path: string, times: LockTimes): Promise<void> {
  const holder = JSON.stringify(await processOf(process.pid));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await createWhole(path, holder, 0o600)) return;
    const stale = await look(path);
    if (stale && (await isAlive(path, stale, times))) throw inUse(folder, holderOf(stale));
    // Only whoever has this second file removes a lock, and only the very one that was found stale.
    const takeover = `${path}.takeover`;
    if (await createWhole(takeover, holder, 0o600)) {
      try {
        if (stale && (await look(path))?.mark === stale.mark) await unlink(path);
      } finally {
        await unlink(takeover);
      }
    } else {
      const other = await look(takeover);
      if (other && !(await isAlive(takeover, other, times))) await unlink(takeover).catch(() => undefined);
      await delay(RETRY_MS);
    }
  }
  throw new PalateError(
    'CONFLICT',
    `The data folder ${folder} is being opened by several processes at once. Start one of them.`,
  );
}

/** Opened anew each time: what a network file system remembers of a file is asked for again then. */
async function look(path: string): Promise<Found | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { ino, mtimeMs } = await file.stat();
    return { text: await file.readFile('utf8'), mark: `${ino}/${mtimeMs}` };
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

async function isAlive(path: string, found: Found, times: LockTimes): Promise<boolean> {
  const holder = holderOf(found);
  // An earlier one of our id: `held` knows what this one has.
  if (holder?.host === hostname() && holder.pid === process.pid) return false;
  const running = holder && (await isRunning(holder));
  return running ?? isTouched(path, found, times.silentMs);
}

/** Whether the file changes within the time: its holder, or whoever writes half of it, lives. */
async function isTouched(path: string, found: Found, silentMs: number): Promise<boolean> {
  for (const since = performance.now(); performance.now() - since < silentMs; ) {
    await delay(Math.min(LOOK_MS, silentMs));
    const now = await look(path);
    if (now?.mark !== found.mark) return now !== undefined;
  }
  return false;
}

function holderOf({ text }: Found): ProcessIdentity | undefined {
  try {
    const { pid, host, birth } = JSON.parse(text) as ProcessIdentity;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host, birth: birth ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

/** Through the handle, so that neither a touch nor the release meets the file of another who has taken this one's place. */
async function heldLock(path: string, times: LockTimes): Promise<FolderLock> {
  const file = await open(path, 'r+');
  const { ino } = await file.stat();
  let stamp = 0;
  const touching = setInterval(() => {
    // Another one each time, also after the clock was set back.
    stamp = Math.max(stamp + STAMP_MS, Date.now());
    file.utimes(new Date(stamp), new Date(stamp)).catch(() => undefined);
  }, times.touchMs);
  touching.unref();
  let released = false;
  return {
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(touching);
      await file.close();
      if ((await look(path))?.mark.startsWith(`${ino}/`)) await unlink(path).catch(() => undefined);
      held.delete(path);
    },
  };
}

function inWords(holder: ProcessIdentity | undefined): string {
  if (!holder) return 'another process';
  return `process ${holder.pid}${holder.host === hostname() ? '' : ` on ${holder.host}`}`;
}

function inUse(folder: string, holder: ProcessIdentity | undefined): PalateError {
  return new PalateError(
    'CONFLICT',
    `The data folder ${folder} is in use by ${inWords(holder)}. Stop it, talk to the gateway it runs, or choose another folder with --data or PALATE_DATA.`,
  );
}
