/** PostgreSQL's WebAssembly, compiled once for the process: what one thread has made of it (and made faster) serves the next one. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Node's types know the modules, and not what makes them. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };

const packageFolder = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));
let compiled: Promise<WebAssembly.Module> | undefined;

export function engineModule(): Promise<WebAssembly.Module> {
  compiled ??= readFile(join(packageFolder, 'pglite.wasm')).then((bytes) => WebAssembly.compile(bytes));
  // Where it could not be read, the next one tries again.
  compiled.catch(() => {
    compiled = undefined;
  });
  return compiled;
}
