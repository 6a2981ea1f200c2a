// Where the sources lie as JavaScript (compile-sources.ts).
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const known = process.env.TEST_COMPILED;
export const ROOT = known ? join(known, '../..') : fileURLToPath(new URL('../..', import.meta.url));
export const COMPILED = join(ROOT, '.cache/compiled');
/** What `palate` is in tests. */
export const MAIN = join(COMPILED, 'src/cli/main.js');

/** The compiled file of a source of src, bots or test: what a process runs that a test starts. Other paths as they are. */
export function compiledOf(path) {
  const within = relative(ROOT, path);
  return /^(src|bots|test)\b.*\.(ts|mjs|json)$/.test(within) ? join(COMPILED, within.replace(/\bts$/, 'js')) : path;
}
