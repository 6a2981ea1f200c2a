// Loaded before anything else in every thread: in the database's thread, notes what is on disk for good. Contents are when their file was
// synced, names when their folder was, and nothing else is. A sync takes its time, so that an answer that does not wait for it is early.
import fs from 'node:fs';
import { join } from 'node:path';
import { getEnvironmentData, isMainThread } from 'node:worker_threads';

const SYNC_MS = 10;
const disk = getEnvironmentData('disk');
if (!isMainThread && disk) watch(disk);

/**
 * Writes `log`: a line for each thing that became durable, of which `shared` counts the lines.
 * @param {{ folder: string, log: string, shared: SharedArrayBuffer }} disk
 */
function watch({ folder, log, shared }) {
  const real = { ...fs };
  const lines = new Int32Array(shared);
  const output = real.openSync(log, 'a');
  /** The file behind each name and each descriptor. @type {Map<string, object>} */
  const names = new Map();
  const open = new Map();
  let next = 1;

  const note = (line) => {
    real.writeSync(output, `${JSON.stringify(line)}\n`);
    Atomics.add(lines, 0, 1);
  };
  // A file that nobody has written to since: the copy that the test began with has it.
  const fileAt = (path) => {
    if (!names.has(path)) names.set(path, { id: path, changes: [], flights: [] });
    return names.get(path);
  };
  const isOurs = (path) => typeof path === 'string' && path.startsWith(folder);
  const synced = (file, changes) => {
    if (changes.length > 0) note({ file: file.id, changes });
  };
  const folderSynced = (path) => {
    const entries = real
      .readdirSync(path, { withFileTypes: true })
      .map((entry) => [entry.name, entry.isDirectory() ? null : fileAt(join(path, entry.name)).id]);
    note({ folder: path, entries });
  };

  fs.writeFileSync = (path, data, ...given) => {
    real.writeFileSync(path, data, ...given);
    if (!isOurs(path)) return;
    if (data.length > 0) throw new Error('made with content');
    names.set(path, { id: `new ${next++}`, changes: [], flights: [] });
  };
  fs.openSync = (path, ...given) => {
    const fd = real.openSync(path, ...given);
    if (!isOurs(path)) return fd;
    open.set(fd, real.fstatSync(fd).isDirectory() ? { path } : fileAt(path));
    if (given[0] & real.constants.O_TRUNC) fileAt(path).changes.push({ size: 0 });
    return fd;
  };
  fs.closeSync = (fd) => {
    open.delete(fd);
    real.closeSync(fd);
  };
  fs.writeSync = (fd, buffer, offset, length, position) => {
    const written = real.writeSync(fd, buffer, offset, length, position);
    const bytes = Buffer.from(buffer.buffer, buffer.byteOffset + offset, written);
    open.get(fd)?.changes.push({ position, bytes: bytes.toString('base64') });
    return written;
  };
  fs.truncateSync = (path, size) => {
    real.truncateSync(path, size);
    if (isOurs(path)) fileAt(path).changes.push({ size });
  };
  fs.renameSync = (from, to) => {
    real.renameSync(from, to);
    if (!isOurs(from)) return;
    const file = fileAt(from);
    names.delete(from);
    names.set(to, file);
  };
  fs.unlinkSync = (path) => {
    real.unlinkSync(path);
    names.delete(path);
  };
  const syncSync = (call) => (fd) => {
    call(fd);
    const file = open.get(fd);
    if (file?.path) folderSynced(file.path);
    else if (file) synced(file, [...file.flights.flatMap((flight) => flight.splice(0)), ...file.changes.splice(0)]);
  };
  fs.fsyncSync = syncSync(real.fsyncSync);
  fs.fdatasyncSync = syncSync(real.fdatasyncSync);
  fs.fdatasync = (fd, done) => {
    const file = open.get(fd);
    // What is written meanwhile may miss it.
    const flight = file.changes.splice(0);
    file.flights.push(flight);
    setTimeout(() => {
      real.fdatasync(fd, (error) => {
        file.flights.shift();
        if (!error) synced(file, flight);
        done(error);
      });
    }, SYNC_MS);
  };
}
