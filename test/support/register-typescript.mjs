// Loads TypeScript sources in a process. Below the tests, which have compiled them before (compile-sources.ts), the threads that the
// sources start run as JavaScript: to load TypeScript in each of them takes longer than what they do.
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import threads, { isMainThread } from 'node:worker_threads';
import { compiledOf } from './compiled.mjs';

const compiled = process.env.TEST_COMPILED !== undefined;
if (isMainThread || !compiled) (await import('tsx/esm/api')).register();

if (compiled) {
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(entry, options) {
      const isFile = entry instanceof URL && entry.protocol === 'file:';
      super(isFile ? compiledOf(fileURLToPath(entry)) : entry, options);
    }
  };
  syncBuiltinESMExports();
}

// A test that sets the clock (stepped-clock.ts) sets it for the threads too: the file says how far it is ahead, in milliseconds.
const clock = process.env.PALATE_TEST_CLOCK;
if (clock && !isMainThread) {
  const now = Date.now.bind(Date);
  Date.now = () => now() + Number(readFileSync(clock, 'utf8'));
}
