/**
 * A store on a disk whose calls fail, one after the other: run by the test of it. Prints how many calls were failed, how many writes were
 * refused, and what is wrong, as JSON.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setEnvironmentData } from 'node:worker_threads';
import { PalateError } from '../../src/common/errors.js';
import { createLog } from '../../src/common/log.js';
import { Random } from '../../src/common/random.js';
import { openStore, type Store } from '../../src/store/store.js';
import { CALLS, CODE, CODES, COUNT, FAILED, FROM, OPENS } from './failing-disk.mjs';
import { prepareDatabase } from './template.js';

const OWNER = 'failing disk';
/** Once, and for as long as anybody tries. */
const COUNTS = [1, 1_000_000];

const [data, seed, cases] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const random = new Random(seed);
const shared = new SharedArrayBuffer(32);
const state = new Int32Array(shared);
const log = createLog((process.env.PALATE_LOG as 'error' | undefined) ?? 'fatal');
const wrong: string[] = [];
const kept = new Map<string, string>();
let refused = 0;
let failed = 0;

await prepareDatabase(data);
setEnvironmentData('disk', { folder: join(data, 'database'), shared });
let store = await openStore({ data }, log);
await work(store, 'before');
/** All of them, and those that make or open files. */
const calls = [await countCalls(store, 0), await countCalls(store, 1)];
for (let turn = 0; turn < cases; turn++) await oneCase(turn);
Atomics.store(state, FROM, 0);
await store.close();
store = await openStore({ data }, log);
await compare(store, 'after the last start');
await store.close();
process.stdout.write(JSON.stringify({ calls, cases, failed, refused, kept: kept.size, wrong }));

/** A spell of an ordinary life: writes at once and in turn, small and large ones, and everything that a clean-up does. */
async function work(of: Store, name: string): Promise<void> {
  await Promise.all([1, 20, 500, 9_000].map((size) => set(of, `${name} ${size}`, size)));
  await told(
    of.members
      .ensure({ platform: 'test', externalId: name, scope: '' })
      .then(({ id }) =>
        Promise.all([of.trainingJobs.queue(id), of.consent.set(id, { learn: 'DENIED' }, { trainable: true })]),
      ),
  );
  await told(of.cleanUp.run());
  await set(of, `${name} again`, 100);
  await set(of, `${name} again`, 200);
}

async function set(of: Store, key: string, size: number): Promise<void> {
  const value = Array.from({ length: size }, () => random.next().toString(36)).join('');
  if (await told(of.storage.set(OWNER, key, value, null))) kept.set(key, value);
}

/** Whether it went well; notes a refusal that is not as it should be. */
async function told(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    refused++;
    if (!(error instanceof PalateError) || error.code !== 'STORE_UNAVAILABLE' || !error.retryAfterMs) {
      wrong.push(`refused with ${error}`);
    } else if (/pg_|base\/|\/|\\/.test(error.message)) wrong.push(`names files: ${error.message}`);
    return false;
  }
}

async function countCalls(of: Store, opens: number): Promise<number> {
  Atomics.store(state, OPENS, opens);
  Atomics.store(state, CALLS, 0);
  await work(of, 'counted');
  return Atomics.load(state, CALLS);
}

async function oneCase(turn: number): Promise<void> {
  const code = turn % CODES.length;
  const opens = Math.floor(turn / (CODES.length * COUNTS.length)) % 2;
  const from = 1 + random.integer(calls[opens]);
  const count = COUNTS[Math.floor(turn / CODES.length) % COUNTS.length];
  const name = `case ${turn}: ${CODES[code]} at ${opens ? 'opening' : 'call'} ${from}, ${count} times`;
  Atomics.store(state, FAILED, 0);
  Atomics.store(state, OPENS, opens);
  Atomics.store(state, CODE, code);
  Atomics.store(state, COUNT, count);
  Atomics.store(state, CALLS, 0);
  Atomics.store(state, FROM, from);
  await work(store, name);
  if (Atomics.load(state, FAILED) > 0) failed++;
  Atomics.store(state, FROM, 0);
  // It goes on by itself.
  for (; !kept.has(`${name} on`); await delay(100)) await set(store, `${name} on`, 10);
  while (await store.check()) await delay(100);
  await compare(store, name);
}

async function compare(of: Store, name: string): Promise<void> {
  const rows = new Map((await of.storage.list(OWNER, '', 1_000_000, '')).map(({ key, value }) => [key, value]));
  for (const [key, value] of kept) if (rows.get(key) !== value) wrong.push(`${name}: "${key}" is missing or another`);
}
