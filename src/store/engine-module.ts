/** PostgreSQL's WebAssembly, compiled once for the process: what one thread has made of it (and made faster) serves the next one. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Node has it, and its types do not. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

const packageFolder = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));
let compiled: Promise<object> | undefined;

export function engineModule(): Promise<object> {
  compiled ??= readFile(join(packageFolder, 'pglite.wasm')).then((bytes) => WebAssembly.compile(bytes));
  // Where it could not be read, the next one tries again.
  compiled.catch(() => {
    compiled = undefined;
  });
  return compiled;
}
