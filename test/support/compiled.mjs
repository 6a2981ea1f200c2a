// Where the sources lie as JavaScript (compile-sources.ts).
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const COMPILED = join(ROOT, '.cache/compiled');
/** What `palate` is in tests. */
export const MAIN = join(COMPILED, 'src/cli/main.js');

/** The compiled file of a source of src or bots; other paths as they are. */
export function compiledOf(path) {
  const within = relative(ROOT, path);
  return /^(src|bots)\b.*\.(ts|json)$/.test(within) ? join(COMPILED, within.replace(/ts$/, 'js')) : path;
}
