/** The console as it would be served, built anew where its sources are newer than what lies in dist. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function buildConsole(): void {
  const page = statSync(join(ROOT, 'dist/console/index.html'), { throwIfNoEntry: false });
  if (page && page.mtimeMs >= Math.max(newest('src/console'), newest('src/client'))) return;
  const build = ['node_modules/vite/bin/vite.js', 'build', 'src/console', '--logLevel', 'warn'];
  execFileSync(process.execPath, build, { cwd: ROOT, env: { ...process.env, NODE_ENV: 'production' } });
}

function newest(folder: string): number {
  const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
