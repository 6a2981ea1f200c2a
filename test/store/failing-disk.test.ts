import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { compiledOf } from '../support/compiled.mjs';

const CASES = 12;
const path = (name: string) => compiledOf(fileURLToPath(new URL(name, import.meta.url)));

it('loses nothing, refuses by name and goes on by itself, whichever call of the disk fails', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palate-disk-'));
  try {
    const child = spawnSync(
      process.execPath,
      ['--import', path('failing-disk.mjs'), path('failing-disk-child.ts'), folder, '7', String(CASES)],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    expect(child.status).toBe(0);
    const found = JSON.parse(child.stdout);
    expect(found.wrong).toEqual([]);
    expect(found.failed).toBeGreaterThan(CASES / 2);
    expect(found.refused).toBeGreaterThan(0);
    // What was written before, between and after the failures.
    expect(found.kept).toBeGreaterThan(2 * CASES);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
