// Loaded before anything else in every thread: in the database's thread, a disk whose calls fail on demand. The thread that runs the test
// says by a shared array which call fails (counted from 1), how many after it do as well, with which error, and whether only those that
// make or open files count.
import fs, { existsSync } from 'node:fs';
import { getEnvironmentData, isMainThread } from 'node:worker_threads';

export const CODES = ['ENOSPC', 'EIO', 'EMFILE'];
export const [CALLS, FROM, COUNT, CODE, FAILED, OPENS] = [0, 1, 2, 3, 4, 5];

const CALLS_BY_PATH = ['openSync', 'writeFileSync', 'truncateSync', 'renameSync', 'mkdirSync', 'unlinkSync'];
const THAT_OPEN = new Set(['openSync', 'writeFileSync', 'mkdirSync']);
const CALLS_BY_FILE = ['writeSync', 'fsyncSync', 'fdatasyncSync', 'fdatasync'];

const disk = getEnvironmentData('disk');
if (!isMainThread && disk) {
  const { folder, shared } = disk;
  const state = new Int32Array(shared);
  const files = new Set();
  const failure = (name) => {
    if (Atomics.load(state, OPENS) && !THAT_OPEN.has(name)) return undefined;
    const call = Atomics.add(state, CALLS, 1) + 1;
    const from = Atomics.load(state, FROM);
    if (from === 0 || call < from || call >= from + Atomics.load(state, COUNT)) return undefined;
    Atomics.add(state, FAILED, 1);
    const code = CODES[Atomics.load(state, CODE)];
    return Object.assign(new Error(`${code}: told to fail, ${name}`), { code, syscall: name });
  };
  for (const name of CALLS_BY_PATH) {
    const call = fs[name];
    fs[name] = (path, ...given) => {
      const ours = typeof path === 'string' && path.startsWith(folder);
      const error = ours && failure(name);
      if (error) throw error;
      const result = call(path, ...given);
      if (name === 'openSync' && ours) files.add(result);
      return result;
    };
  }
  for (const name of CALLS_BY_FILE) {
    const call = fs[name];
    fs[name] = (file, ...given) => {
      const error = files.has(file) && failure(name);
      if (error && name === 'fdatasync') return setImmediate(given[0], error);
      if (error) throw error;
      return call(file, ...given);
    };
  }
  const { closeSync } = fs;
  fs.closeSync = (file) => {
    files.delete(file);
    return closeSync(file);
  };
  if (!existsSync(folder)) throw new Error(`There is no ${folder}.`);
}
