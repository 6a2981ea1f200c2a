import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { createWhole, draftOf, keepOnce, makeFolderOnce, writeWhole } from '../../src/common/whole-files.js';
import { compiledOf } from '../support/compiled.mjs';

describe('whole files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-whole-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);

  it('are whole or not there, whenever their writer is killed, and what it left goes with the next', async () => {
    const script = compiledOf(fileURLToPath(new URL('./whole-files-child.ts', import.meta.url)));
    const random = new Random('kills');
    for (let i = 0; i < 12; i++) {
      const child = spawn(process.execPath, [script, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await delay(random.integer(60));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const replaced = await readFile(at('replaced'), 'utf8').catch(() => 'end');
      const kept = await readFile(at('once'), 'utf8').catch(() => 'end');
      const names = await readdir(at('tree')).catch(() => undefined);
      expect([replaced, kept].map((text) => text.slice(-3))).toEqual(['end', 'end']);
      // A folder that is being removed may be any part of itself.
      for (const name of names?.filter((name) => name.length === 1) ?? [])
        expect((await readFile(join(at('tree'), name), 'utf8')).slice(-3)).toBe('end');
    }
    await writeWhole(at('replaced'), 'mine');
    await rm(at('once'), { force: true });
    expect(await createWhole(at('once'), 'mine')).toBe(true);
    await rm(at('tree'), { recursive: true, force: true });
    await makeFolderOnce(at('tree'), (draft) => writeFile(join(draft, 'a'), 'mine'));
    expect((await readdir(folder)).sort()).toEqual(['once', 'replaced', 'tree']);
  });

  it('are made once by many that try at the same time', async () => {
    const tries = Array.from({ length: 20 }, (_, i) => keepOnce(at('key'), () => `key ${i}`, 0o600));
    const kept = await Promise.all(tries);
    expect(new Set(kept.map(({ text }) => text)).size).toBe(1);
    expect(kept.filter(({ created }) => created)).toHaveLength(1);
    expect((await stat(at('key'))).mode & 0o777).toBe(0o600);
    let made = 0;
    const make = async (draft: string) => writeFile(join(draft, 'n'), String(++made));
    await Promise.all(Array.from({ length: 5 }, () => makeFolderOnce(at('made'), make)));
    expect(await readdir(folder)).toHaveLength(2);
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a byte is another', (path) => writeFile(join(path, 'a'), 'mind')],
    ['the end is missing', (path) => truncate(join(path, 'deep/b'), 2)],
    ['a file is missing', (path) => rm(join(path, 'deep/b'))],
    ['the list of them is missing', (path) => rm(join(path, 'contents.json'))],
    ['the list of them is damaged', (path) => truncate(join(path, 'contents.json'), 9)],
  ])('of a folder are made anew where %s, and only there', async (_, damage) => {
    let made = 0;
    const make = async (draft: string) => {
      made++;
      await writeFile(join(draft, 'a'), 'mine');
      await mkdir(join(draft, 'deep'));
      await writeFile(join(draft, 'deep/b'), 'mine too');
    };
    for (let i = 0; i < 2; i++) await makeFolderOnce(at('made'), make);
    expect(made).toBe(1);
    await damage(at('made'));
    for (let i = 0; i < 2; i++) await makeFolderOnce(at('made'), make);
    expect(made).toBe(2);
    expect(await readFile(join(at('made'), 'a'), 'utf8')).toBe('mine');
    expect(await readFile(join(at('made'), 'deep/b'), 'utf8')).toBe('mine too');
    expect(await readdir(folder)).toEqual(['made']);
  });

  it('leave the drafts of those alone that still write', async () => {
    const live = await draftOf(at('file'));
    await writeFile(live, 'half');
    const [own, host, birth, number] = basename(live).slice('file.'.length).split(/[-.]/);
    const draft = (...parts: string[]) => at(`file.${parts.join('-')}.part`);
    const elsewhere = draft(own, '00000000', birth, number);
    const dead = [draft(String(2 ** 22 + 1), host, birth, number), draft(own, host, '00000000', number)];
    for (const path of [elsewhere, ...dead]) await mkdir(path);
    await writeWhole(at('file'), 'whole');
    const left = (await readdir(folder)).map((name) => at(name)).sort();
    expect(left).toEqual([at('file'), elsewhere, live].sort());
  });

  it('say so when they cannot be written, and leave nothing', async () => {
    await mkdir(at('folder'));
    await writeFile(join(at('folder'), 'full'), '');
    await expect(writeWhole(at('folder'), 'text')).rejects.toThrow();
    await expect(makeFolderOnce(at('broken'), () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    expect(await readdir(folder)).toEqual(['folder']);
  });
});
