// Writes the Prisma client to src/store/generated without the network.
// The command line wants its schema engine, a download, before it does anything; generating never runs it. Naming a file that
// exists satisfies the check. Where the command line is not installed (npm ci --omit=dev), a client that is already there is kept.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

function commandLine() {
  try {
    return require.resolve('prisma/build/index.js');
  } catch {
    return undefined;
  }
}

const command = commandLine();
if (command === undefined) {
  if (existsSync(join(root, 'src/store/generated/client.ts')) || existsSync(join(root, 'dist'))) process.exit(0);
  console.error('The Prisma command line is not installed: run `npm ci` (with development dependencies) once to generate the database client.');
  process.exit(1);
}

const { status, error } = spawnSync(process.execPath, [command, 'generate', '--no-hints'], {
  cwd: root,
  stdio: ['ignore', process.env.npm_config_loglevel === 'verbose' ? 'inherit' : 'ignore', 'inherit'],
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  },
});
if (error) console.error(`The database client could not be generated: ${error.message}`);
process.exit(status ?? 1);
