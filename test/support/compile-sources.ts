/**
 * Before any test: the sources as JavaScript in the repository's .cache folder, for the threads and processes that tests start. What Node
 * would have to translate in each of them is translated once; files that have not changed stay.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { COMPILED, compiledOf, ROOT } from './compiled.mjs';

/** The page is built by itself. */
const ELSEWHERE = join(ROOT, 'src/console');

export async function setup(): Promise<void> {
  const sources = (await Promise.all(['src', 'bots', 'test'].map((room) => filesIn(join(ROOT, room))))).flat();
  await removeOthers(new Set(sources.map(compiledOf)));
  const changed = (await Promise.all(sources.map(async (path) => ((await isStale(path)) ? [path] : [])))).flat();
  await mkdir(COMPILED, { recursive: true });
  if (changed.length > 0) {
    await build({
      entryPoints: changed,
      outdir: COMPILED,
      outbase: ROOT,
      loader: { '.json': 'copy', '.mjs': 'copy' },
      platform: 'node',
      format: 'esm',
      target: 'node20.19',
      sourcemap: 'inline',
      logLevel: 'warning',
    });
  }
  process.env.TEST_COMPILED = COMPILED;
}

async function filesIn(folder: string): Promise<string[]> {
  if (folder === ELSEWHERE) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries.map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return /(?<!\.d|\.test)\.ts$|\.(json|mjs)$/.test(path) ? [path] : [];
  });
  return (await Promise.all(found)).flat();
}

async function isStale(path: string): Promise<boolean> {
  const made = await stat(compiledOf(path)).catch(() => undefined);
  return made === undefined || made.mtimeMs <= (await stat(path)).mtimeMs;
}

async function removeOthers(wanted: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(COMPILED, { recursive: true, withFileTypes: true }).catch(() => []);
  const others = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  await Promise.all(others.filter((path) => !wanted.has(path)).map((path) => rm(path)));
}
