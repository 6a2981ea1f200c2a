/** The data folder: made with what is above it, for its owner only, or refused. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDataFolder } from '../../src/common/installation.js';

describe('the data folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-installation-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is made with the folders above it, and found the next time', async () => {
    const data = join(folder, 'a', 'b', 'data');
    await Promise.all([makeDataFolder(data), makeDataFolder(data)]);
    await makeDataFolder(data);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
  });

  it('is refused where a file has its name, or lies above it', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const data of [join(folder, 'file'), join(folder, 'file', 'data')]) {
      await expect(makeDataFolder(data)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    }
  });

  it.runIf(process.platform === 'linux')('is refused where no folder can be made at all', async () => {
    await expect(makeDataFolder('/proc/palate/data')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});
