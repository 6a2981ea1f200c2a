import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { compiledOf } from '../support/compiled.mjs';

const CUTS = 8;
const path = (name: string) => compiledOf(fileURLToPath(new URL(name, import.meta.url)));

it('has everything that was acknowledged when the power was cut, and opens', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palate-power-'));
  try {
    const child = spawnSync(
      process.execPath,
      ['--import', path('power-cut-disk.mjs'), path('power-cut-child.ts'), folder, '3', String(CUTS)],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    expect(child.status).toBe(0);
    const found = JSON.parse(child.stdout);
    expect(found.missing).toEqual([]);
    // Something had been acknowledged, and not always everything.
    expect(found.told).toBeGreaterThan(CUTS);
    expect(found.told).toBeLessThan(CUTS * found.acknowledged);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
