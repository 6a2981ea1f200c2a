/**
 * Which process wrote something, so that a later one can tell whether that one still runs. Process ids are reused, and are all alike in
 * containers: the moment of birth, where the system tells it, tells them apart.
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  pid: number;
  host: string;
  /** Identifies the process's birth where the system tells it; '' elsewhere. */
  birth: string;
}

/** The process that has the id on this host now. */
export async function processOf(pid: number): Promise<ProcessIdentity> {
  return { pid, host: hostname(), birth: await birthOf(pid) };
}

/** Whether the process runs; undefined for one on another host, which cannot be asked. */
export async function isRunning({ pid, host, birth }: ProcessIdentity): Promise<boolean | undefined> {
  if (host !== hostname()) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const born = await birthOf(pid);
  return birth === '' || born === '' || born === birth;
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
