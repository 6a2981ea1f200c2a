// Removes from the installed packages what is there for other machines and for other databases: node install/trim.mjs
// Packages bring programs for every system along, and npm has no way to leave them out. Installing again brings them back.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const { resolve } = createRequire(import.meta.url);
const folderOf = (name) => dirname(resolve(`${name}/package.json`));
let bytes = 0;

/** Removes the entries of a folder that are wanted by nobody here. */
function keep(folder, isWanted) {
  for (const name of readdirSync(folder).filter((entry) => !isWanted(entry))) {
    const path = join(folder, name);
    bytes += sizeOf(path);
    rmSync(path, { recursive: true });
  }
}

function sizeOf(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

const programs = join(folderOf('onnxruntime-node'), 'bin/napi-v6');
keep(programs, (platform) => platform === process.platform);
keep(join(programs, process.platform), (processor) => processor === process.arch);
// Each database's query compiler; what the service stores in is PostgreSQL's kind, embedded or not.
keep(join(folderOf('@prisma/client'), 'runtime'), (file) => !/^query_compiler_(?!.*\.postgresql\.)|\.map$/.test(file));

console.log(`${Math.round(bytes / 1e6)} MB removed that were for other machines and databases.`);
