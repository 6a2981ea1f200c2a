import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { Random } from '../../src/common/random.js';
import { makeDatabase } from '../../src/store/database-folder.js';
import { inspectDatabase } from '../../src/store/inspection.js';
import { openPglite } from '../../src/store/pglite.js';
import { openStore, type Store } from '../../src/store/store.js';
import { COMPILED, compiledOf } from '../support/compiled.mjs';
import { prepareDatabase } from './template.js';
import { newGeneration, newMember } from './temporary-store.js';

/** Files of a database that was just made, and some more: at the last moments it is open. */
const MOMENTS = 1_050;

describe('the first start', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-first-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Starts another process and kills it without warning as soon as so many files lie in the folder, or it is open. */
  const startAndKill = async (moment: number, kind = 'store') => {
    const script = compiledOf(fileURLToPath(new URL('./first-start-child.ts', import.meta.url)));
    const child = spawn(process.execPath, [script, folder, kind], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let open = false;
    child.stdout.on('data', () => {
      open = true;
    });
    while (!open && child.exitCode === null && (await filesIn(folder)) < moment) await delay(1);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
  };
  const filesIn = async (place: string) =>
    (await readdir(place, { recursive: true, withFileTypes: true }).catch(() => [])).filter((entry) => entry.isFile())
      .length;
  const usable = async (store: Store) => {
    const member = await newMember(store);
    const { id } = await newGeneration(store, member.id);
    expect(await store.generations.byId(id)).toMatchObject({ prompt: 'Say hello.' });
    return id;
  };

  it('works after any number of starts that were killed at any moment, and leaves nothing of them', async () => {
    const random = new Random('first start');
    for (let i = 0; i < 6; i++) await startAndKill(1 + random.integer(MOMENTS));
    const store = await openStore({ data: folder }, createLog('error'));
    await usable(store);
    await store.close();
    expect(await readdir(folder)).toEqual(['database']);
  });

  it('works over what an earlier version left half-made in the place itself', async () => {
    for (const moment of [120, 960]) {
      await startAndKill(moment, 'bare');
      expect(await inspectDatabase({ data: folder })).toBeNull();
      const store = await openStore({ data: folder }, createLog('error'));
      await usable(store);
      await store.close();
      await rm(join(folder, 'database'), { recursive: true });
    }
  });

  it('keeps a database of an earlier version, which has no mark', async () => {
    await prepareDatabase(folder);
    let store = await openStore({ data: folder }, createLog('error'));
    const id = await usable(store);
    await store.close();
    await rm(join(folder, 'database/complete'));
    store = await openStore({ data: folder }, createLog('error'));
    expect(await store.generations.byId(id)).not.toBeNull();
    await store.close();
  });

  it('makes the database where the folder is a link to another place', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'database'));
    await (await openStore({ data: folder }, createLog('error'))).close();
    expect(await readdir(join(folder, 'elsewhere'))).toContain('complete');
  });

  it('leaves the main thread to others while the files are made', async () => {
    const before = performance.eventLoopUtilization();
    const engine = await openPglite(join(folder, 'database'));
    const { utilization } = performance.eventLoopUtilization(before);
    await engine.close();
    expect(utilization).toBeLessThan(0.5);
  });

  it('says why the database cannot be made, and leaves nothing of it', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on the device'), { code: 'ENOSPC' });
    const make = async (draft: string) => {
      await writeFile(join(draft, 'PG_VERSION'), '17');
      throw full;
    };
    await expect(makeDatabase(join(folder, 'database'), make)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('(ENOSPC: no space left on the device)'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('says of its thread that it cannot run, and nothing against the files, made or not', async () => {
    await prepareDatabase(folder);
    for (const data of [folder, join(folder, 'fresh')]) {
      const store = pathToFileURL(join(COMPILED, 'src/store/store.js'));
      const log = pathToFileURL(join(COMPILED, 'src/common/log.js'));
      const code = `
        const { openStore } = await import('${store}');
        const { createLog } = await import('${log}');
        await openStore({ data: '${data}' }, createLog('silent')).catch(({ code, message }) => console.log(code, message));
        process.exit();`;
      const broken =
        "import { isMainThread } from 'node:worker_threads'; if (!isMainThread) throw new Error('no threads here');";
      const flags = [
        '--import',
        `data:text/javascript,${encodeURIComponent(broken)}`,
        '--input-type=module',
        '-e',
        code,
      ];
      const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
      expect(stdout).toBe(
        'INTERNAL The thread of the embedded database cannot run (no threads here). The files of the database are as they were.\n',
      );
    }
  });

  it('removes nothing that is not its own', async () => {
    await mkdir(join(folder, 'database'));
    await writeFile(join(folder, 'database/customers.csv'), 'somebody’s');
    await expect(openStore({ data: folder }, createLog('error'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('customers.csv'),
    });
    expect(await readdir(join(folder, 'database'))).toEqual(['customers.csv']);
    await rm(join(folder, 'database'), { recursive: true });
    await mkdir(join(folder, 'database/pg_wal'), { recursive: true });
    await writeFile(join(folder, 'database/PG_VERSION'), '17');
    // A database of which a part was taken away is no half-made one.
    await expect(openStore({ data: folder }, createLog('error'))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.not.stringContaining('[object'),
    });
    expect(await readdir(join(folder, 'database'))).toContain('pg_wal');
  });
});
