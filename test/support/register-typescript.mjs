// Loads TypeScript sources in this thread and in every worker thread it starts (they inherit --import).
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();

// A test that sets the clock (stepped-clock.ts) sets it for the threads too: the file says how far it is ahead, in milliseconds.
const clock = process.env.PALATE_TEST_CLOCK;
if (clock && !isMainThread) {
  const now = Date.now.bind(Date);
  Date.now = () => now() + Number(readFileSync(clock, 'utf8'));
}
