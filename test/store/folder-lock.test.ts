import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderHolder, lockFolder } from '../../src/store/folder-lock.js';
import { compiledOf } from '../support/compiled.mjs';

const inUse = expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining('is in use by') });

describe('the lock of a data folder', () => {
  let folder: string;
  let children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-lock-'));
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
    await rm(folder, { recursive: true });
  });

  /** Another process that tries to hold the folder: what it says first, while it lives on. */
  const openInChild = async () => {
    const source = fileURLToPath(new URL('../../src/store/folder-lock.ts', import.meta.url));
    const module = pathToFileURL(compiledOf(source)).href;
    const code = `
      const { lockFolder } = await import(${JSON.stringify(module)});
      await lockFolder(${JSON.stringify(folder)}).then(() => console.log('held'), (error) => console.log(error.code));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    return String(said).trim();
  };

  it('lets one holder in, and the next when that one has left', async () => {
    const first = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toEqual(inUse);
    await first.release();
    const second = await lockFolder(folder);
    await first.release();
    await expect(lockFolder(folder)).rejects.toEqual(inUse);
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('names the process that holds it, and recovers when that was killed', async () => {
    expect(await openInChild()).toBe('held');
    const [holder] = children;
    await expect(lockFolder(folder)).rejects.toEqual(
      expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining(`process ${holder.pid}`) }),
    );
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await lockFolder(folder);
    expect(JSON.parse(await readFile(join(folder, 'lock'), 'utf8')).pid).toBe(process.pid);
    await lock.release();
  });

  it('is not fooled by another process that got the dead one’s id', async () => {
    const leftover = { pid: process.ppid, host: hostname(), birth: 'another boot/1' };
    await writeFile(join(folder, 'lock'), JSON.stringify(leftover));
    await (await lockFolder(folder)).release();
  });

  it('takes over what an earlier process of the same id left', async () => {
    await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, host: hostname(), birth: '' }));
    await (await lockFolder(folder)).release();
  });

  it('believes a holder on another host while it touches the file, whatever the clocks of the two say', async () => {
    const path = join(folder, 'lock');
    await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', birth: '' }));
    for (const clock of [0, 2e9, 4e9]) {
      let seconds = clock;
      const touching = setInterval(() => utimes(path, seconds, seconds++), 50);
      const patient = { touchMs: 5_000, silentMs: 60_000 };
      await expect(lockFolder(folder, patient)).rejects.toEqual(
        expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining('process 1 on elsewhere') }),
      );
      expect(await folderHolder(folder, patient)).toBe('process 1 on elsewhere');
      clearInterval(touching);
      await utimes(path, clock, clock);
      expect(await folderHolder(folder, { touchMs: 5_000, silentMs: 300 })).toBeNull();
    }
    await (await lockFolder(folder, { touchMs: 5_000, silentMs: 300 })).release();
  });

  it('touches its file with another time at each touch, also while the clock goes back', async () => {
    const path = join(folder, 'lock');
    let now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => {
      now -= 3_600_000;
      return now;
    });
    const lock = await lockFolder(folder, { touchMs: 10, silentMs: 30_000 });
    const seen = new Set<number>();
    await expect.poll(async () => seen.add((await stat(path)).mtimeMs).size).toBeGreaterThan(5);
    clock.mockRestore();
    expect([...seen].slice(1)).toEqual([...seen].slice(1).sort((a, b) => a - b));
    await lock.release();
  });

  it('leaves the file of another alone that has taken its place', async () => {
    const lock = await lockFolder(folder);
    await rm(join(folder, 'lock'));
    await writeFile(join(folder, 'lock'), 'another’s');
    await lock.release();
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('takes over what a process left that was killed while it wrote the file', async () => {
    for (const left of ['', '{"pid":4', 'lock.takeover']) {
      await writeFile(
        join(folder, 'lock'),
        left === 'lock.takeover' ? JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }) : left,
      );
      if (left === 'lock.takeover') await writeFile(join(folder, left), '');
      await (await lockFolder(folder, { touchMs: 5_000, silentMs: 300 })).release();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets only one of many processes take over a stale lock', async () => {
    await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), birth: '' }));
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => openInChild()));
    expect(outcomes.sort()).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT', 'held']);
  });
});
