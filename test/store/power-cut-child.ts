/**
 * Cuts the power of a store again and again, by building its folder from what was on disk for good at a moment: run by the test of it.
 * Prints how many cuts there were, how much had been acknowledged before them, and what was missing, as JSON.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setEnvironmentData } from 'node:worker_threads';
import { createLog } from '../../src/common/log.js';
import { Random } from '../../src/common/random.js';
import { openStore, type Store } from '../../src/store/store.js';
import { prepareDatabase } from './template.js';

const OWNER = 'power cut';
const WRITERS = 3;

interface Acknowledged {
  key: string;
  value: string;
  /** Things that were durable when it was acknowledged. */
  lines: number;
}

type Change = { size: number } | { position: number; bytes: string };
type Line = { file: string; changes: Change[] } | { folder: string; entries: [string, string | null][] };

const [folder, seed, cuts] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const random = new Random(seed);
const log = createLog('fatal');
const data = join(folder, 'live');
const database = join(data, 'database');
const base = join(folder, 'base');
const journal = join(folder, 'journal');
const shared = new SharedArrayBuffer(4);
const acknowledged: Acknowledged[] = [];

await prepareDatabase(data);
await cp(database, base, { recursive: true });
setEnvironmentData('disk', { folder: database, log: journal, shared });
const store = await openStore({ data }, log);
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(store, writer, 12)));
await Promise.all([store.cleanUp.run(), write(store, WRITERS, 12), write(store, WRITERS + 1, 12)]);
await write(store, WRITERS + 2, 8);
const lines = (await readFile(journal, 'utf8'))
  .split('\n')
  .slice(0, Atomics.load(new Int32Array(shared), 0))
  .map((line) => JSON.parse(line) as Line);
await store.close();

const missing: string[] = [];
let told = 0;
for (let cut = 0; cut < cuts; cut++) {
  // Half of them at once after an acknowledgement, when the least has reached the disk since.
  const at = cut % 2 ? random.integer(lines.length + 1) : acknowledged[random.integer(acknowledged.length)].lines;
  told += await cutAt(at, `cut ${cut} after ${at} of ${lines.length}`);
}
process.stdout.write(JSON.stringify({ cuts, lines: lines.length, acknowledged: acknowledged.length, told, missing }));

async function write(of: Store, writer: number, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    const key = `${writer} ${turn % 9}`;
    const value = `${turn} ${Array.from({ length: random.integer(turn % 4 ? 50 : 3_000) }, () => random.next()).join()}`;
    await of.storage.set(OWNER, key, value, null);
    acknowledged.push({ key, value, lines: Atomics.load(new Int32Array(shared), 0) });
  }
}

/** Returns how much had been acknowledged by then. */
async function cutAt(at: number, name: string): Promise<number> {
  const place = join(folder, 'cut');
  await rebuild(join(place, 'database'), lines.slice(0, at));
  const before = acknowledged.filter((one) => one.lines <= at);
  const expected = new Map(before.map(({ key, value }) => [key, value]));
  try {
    const cutStore = await openStore({ data: place }, log);
    const rows = new Map((await cutStore.storage.list(OWNER, '', 10_000, '')).map(({ key, value }) => [key, value]));
    for (const [key, value] of expected) {
      // Or what was written over it and had not been acknowledged.
      const later = acknowledged.some((one) => one.key === key && one.lines > at && one.value === rows.get(key));
      if (rows.get(key) !== value && !later) missing.push(`${name}: ${key}`);
    }
    await cutStore.close();
  } catch (error) {
    missing.push(`${name}: cannot be opened: ${error}`);
  }
  await rm(place, { recursive: true });
  return before.length;
}

/** The database's folder of what these lines and the beginning say. */
async function rebuild(target: string, durable: readonly Line[]): Promise<void> {
  await cp(base, target, { recursive: true });
  const files = await readdir(base, { recursive: true, withFileTypes: true });
  const names = new Map<string, string>();
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = join(database, relative(base, join(file.parentPath, file.name)));
    names.set(path, path);
  }
  const changes = new Map<string, Change[]>();
  const folders = new Set<string>();
  for (const line of durable) {
    if ('file' in line) {
      changes.set(line.file, [...(changes.get(line.file) ?? []), ...line.changes]);
      continue;
    }
    for (const name of names.keys()) if (dirname(name) === line.folder) names.delete(name);
    for (const [name, id] of line.entries) {
      if (id === null) folders.add(join(line.folder, name));
      else names.set(join(line.folder, name), id);
    }
  }
  for (const path of folders) await mkdir(inTarget(path), { recursive: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = relative(base, join(file.parentPath, file.name));
    if (!names.has(join(database, path))) await rm(join(target, path));
  }
  for (const [path, id] of names) {
    if (path === id && !changes.has(id)) continue;
    const old = id.startsWith('new ') ? Buffer.alloc(0) : await readFile(join(base, relative(database, id)));
    await writeFile(inTarget(path), changed(old, changes.get(id) ?? []));
  }

  function inTarget(path: string): string {
    return join(target, relative(database, path));
  }
}

function changed(old: Buffer, changes: readonly Change[]): Buffer {
  let bytes = old;
  for (const change of changes) {
    const written = 'size' in change ? Buffer.alloc(0) : Buffer.from(change.bytes, 'base64');
    const size = 'size' in change ? change.size : Math.max(bytes.length, change.position + written.length);
    if (size !== bytes.length) {
      const resized = Buffer.alloc(size);
      bytes.copy(resized);
      bytes = resized;
    }
    if ('position' in change) written.copy(bytes, change.position);
  }
  return bytes;
}
