/** The pages as they would be served, built anew where their sources are newer than what lies in dist. */
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function buildConsole(): void {
  build('src/console', 'dist/console', ['src/console', 'src/client']);
}

/** The explorer in the same way. */
export function buildExplorer(): void {
  build('src/gateway/pages/explorer', 'dist/explorer', ['src/gateway/pages/explorer']);
}

function build(root: string, built: string, sources: string[]): void {
  const page = statSync(join(ROOT, built, 'index.html'), { throwIfNoEntry: false });
  if (page && page.mtimeMs >= Math.max(...sources.map(newest))) return;
  const vite = ['node_modules/vite/bin/vite.js', 'build', root, '--logLevel', 'warn'];
  execFileSync(process.execPath, vite, { cwd: ROOT, env: { ...process.env, NODE_ENV: 'production' } });
}

function newest(folder: string): number {
  const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}
