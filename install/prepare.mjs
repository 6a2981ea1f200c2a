// Builds after an installation. Without the development dependencies (npm ci --omit=dev) nothing can be built: what was built before
// is kept, as in a packed copy, which brings it along.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const canBuild = ['typescript', 'vite', 'prisma'].every((name) => {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
});

if (canBuild) process.exit(spawnSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit', shell: true }).status ?? 1);
if (existsSync(join(root, 'dist/src/cli/main.js'))) process.exit(0);
console.error('There is nothing built here yet: run `npm ci` once with the development dependencies.');
process.exit(1);
