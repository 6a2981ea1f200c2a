/** PostgreSQL's WebAssembly, compiled once for the process: what one thread has made of it serves the next one. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/** Node has it, and its types do not. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

const packageFolder = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));
let compiled: Promise<object> | undefined;

/**
 * Compiling the engine's functions a second time, for speed, takes seconds of both cores at every start and gains nothing: after sixteen
 * thousand statements they are as fast without it.
 */
setFlagsFromString('--liftoff-only');

export function engineModule(): Promise<object> {
  compiled ??= readFile(join(packageFolder, 'pglite.wasm')).then((bytes) => WebAssembly.compile(bytes));
  // Where it could not be read, the next one tries again.
  compiled.catch(() => {
    compiled = undefined;
  });
  return compiled;
}
