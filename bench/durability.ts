/**
 * Claim: what is acknowledged is on disk, and that costs one sync, which those who wait together share. The same writes go to the embedded
 * database in a folder on the disk and in one in memory, where a sync costs nothing; the two take turns.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createLog } from '../src/common/log.js';
import { openStore, type Store } from '../src/store/store.js';
import { type DurabilityOptions, writeResult } from './report.js';
import { distribution } from './statistics.js';

const OWNER = 'bench';
const WRITERS = [1, 4, 16];
const VALUE = 'x'.repeat(500);

export async function benchDurability({ writes, disk, memory }: DurabilityOptions): Promise<void> {
  const places = await Promise.all([place('disk', disk), place('memory', memory)]);
  try {
    const milliseconds: Record<string, ReturnType<typeof distribution>> = {};
    const perSecond: Record<string, Record<string, number>> = {};
    for (const writers of WRITERS) {
      const times = places.map(() => [] as number[]);
      const spent = places.map(() => 0);
      const rounds = 4;
      for (let round = 0; round < rounds; round++) {
        for (const [index, { store }] of places.entries()) {
          const began = performance.now();
          times[index].push(...(await write(store, writers, Math.ceil(writes / rounds / writers))));
          spent[index] += performance.now() - began;
        }
      }
      for (const [index, { name }] of places.entries()) {
        milliseconds[`${writers} at once, ${name}`] = distribution(times[index]);
        perSecond[`${writers} at once`] ??= {};
        perSecond[`${writers} at once`][name] = Math.round((1_000 * times[index].length) / spent[index]);
      }
    }
    console.log('Milliseconds from a write to its acknowledgement:');
    console.table(milliseconds);
    console.log('Writes a second:');
    console.table(perSecond);
    await writeResult('durability', { writes, milliseconds, perSecond });
  } finally {
    for (const { remove } of places) await remove();
  }
}

async function place(name: string, parent: string) {
  const data = await mkdtemp(join(parent, 'palate-durability-'));
  const store = await openStore({ data }, createLog('warn'));
  await write(store, 1, 20);
  const remove = async () => {
    await store.close();
    await rm(data, { recursive: true });
  };
  return { name, store, remove };
}

/** Milliseconds that each write took. */
async function write(store: Store, writers: number, each: number): Promise<number[]> {
  const times = Array.from({ length: writers }, async (_, writer) => {
    const taken: number[] = [];
    for (let turn = 0; turn < each; turn++) {
      const began = performance.now();
      await store.storage.set(OWNER, `${writer} ${turn}`, VALUE, null);
      taken.push(performance.now() - began);
    }
    return taken;
  });
  return (await Promise.all(times)).flat();
}
