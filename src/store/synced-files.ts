/**
 * The files of the embedded database. PostgreSQL is run with fsync on and its own order of syncs is kept to the letter (log before
 * pages, pages before the checkpoint's record, names behind contents), with one liberty: a flush of the write-ahead log is only noted
 * here, so that several transactions share one. Two rules make up for that:
 *
 * 1. Nothing else reaches a file before every flush that was noted has been carried out (`settle`).
 * 2. Whoever answers for a transaction waits until `flushed` has reached what `asked` was when it was committed.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import type { PGlite, postgresMod } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** A file of the log in its place; one that is being made has another name. */
const SEGMENT = /^[0-9A-F]{24}$/;

/** The log cannot be flushed: nothing that follows could be relied on. It has no code, so it is no error that PostgreSQL may handle. */
export class LogNotFlushed extends Error {}

interface Segment {
  path: string;
  fd: number;
  /** Flushes under way; the file is closed behind the last one once it is left. */
  flushes: number;
  left: boolean;
}

export class SyncedFiles extends NodeFS {
  /** Flushes of the log that PostgreSQL has asked for, and how many of those are on disk. */
  asked = 0;
  flushed = 0;
  private segment: Segment | undefined;
  /** A second attempt may succeed without what the first one lost: after a failure there is none. */
  private failure: LogNotFlushed | undefined;
  /** Names whose folders have not been synced since. */
  private readonly made = new Set<string>();

  constructor(
    folder: string,
    private readonly told: {
      /** At every read and write: a sign of life. */
      work(): void;
      /** A line that PostgreSQL writes to its own log. */
      log(line: string): void;
    },
  ) {
    super(folder);
  }

  override async init(
    pglite: PGlite,
    options: Partial<postgresMod.PostgresMod>,
  ): Promise<{ emscriptenOpts: Partial<postgresMod.PostgresMod> }> {
    const { emscriptenOpts } = await super.init(pglite, options);
    const attach = (module: postgresMod.PostgresMod) => {
      const { NODEFS } = module.FS.filesystems as { NODEFS: NodeFiles };
      leaveNothingHalfMade(module.FS as unknown as FileTree, NODEFS);
      this.attach(NODEFS);
    };
    const preRun = [...(emscriptenOpts.preRun ?? []), attach];
    return { emscriptenOpts: { ...emscriptenOpts, preRun, printErr: this.told.log } };
  }

  /** Carries out in another thread what was noted up to now. Rejects with LogNotFlushed. */
  async flush(): Promise<void> {
    const { asked, segment } = this;
    if (this.failure) throw this.failure;
    if (!segment || this.flushed === asked) return;
    segment.flushes++;
    try {
      await new Promise<void>((resolve, reject) =>
        fs.fdatasync(segment.fd, (error) => (error ? reject(this.fail(error)) : resolve())),
      );
      this.flushed = Math.max(this.flushed, asked);
    } finally {
      segment.flushes--;
      closeIfDone(segment);
    }
  }

  /** Carries out here and now what was noted. Throws LogNotFlushed. */
  settle(): void {
    if (this.failure) throw this.failure;
    if (!this.segment || this.flushed === this.asked) return;
    try {
      fs.fdatasyncSync(this.segment.fd);
    } catch (error) {
      throw this.fail(error);
    }
    this.flushed = this.asked;
  }

  private fail(cause: unknown): LogNotFlushed {
    this.failure ??= new LogNotFlushed('The write-ahead log cannot be flushed.', { cause });
    return this.failure;
  }

  /** Puts our order around what Emscripten's file system does. */
  private attach(files: NodeFiles): void {
    const { node_ops: nodes, stream_ops: streams } = files;
    const { mknod, rename, unlink, rmdir, setattr } = nodes;
    const { read, write } = streams;
    const inOrder = <A extends unknown[], R>(operation: (...given: A) => R) => {
      return (...given: A) => {
        this.settle();
        return operation(...given);
      };
    };
    streams.read = (...given) => {
      this.told.work();
      return read(...given);
    };
    streams.write = (stream, ...given) => {
      this.told.work();
      if (!SEGMENT.test(stream.node.name)) this.settle();
      return write(stream, ...given);
    };
    streams.fsync = (stream) => {
      const path = files.realPath(stream.node);
      files.tryFSOperation(() => {
        if (SEGMENT.test(stream.node.name)) this.note(path);
        else this.sync(path, stream.nfd);
      });
      return 0;
    };
    nodes.mknod = (parent, name, ...given) => {
      const node = mknod(parent, name, ...given);
      this.made.add(files.realPath(node));
      return node;
    };
    nodes.rename = inOrder((node, folder, name) => {
      const from = files.realPath(node);
      rename(node, folder, name);
      this.made.delete(from);
      this.made.add(`${files.realPath(folder)}/${name}`);
      this.leave(from);
    });
    nodes.unlink = inOrder((parent, name) => {
      unlink(parent, name);
      const path = `${files.realPath(parent)}/${name}`;
      this.made.delete(path);
      this.leave(path);
    });
    nodes.rmdir = inOrder(rmdir);
    nodes.setattr = inOrder(setattr);
  }

  private sync(path: string, fd: number | undefined): void {
    this.settle();
    // Emscripten opens no folders.
    if (fd === undefined) syncFolder(path);
    else fs.fsyncSync(fd);
    this.syncName(path);
  }

  private note(path: string): void {
    if (this.segment?.path !== path) {
      this.settle();
      if (this.segment) this.leave(this.segment.path);
      this.segment = { path, fd: fs.openSync(path, 'r+'), flushes: 0, left: false };
      this.syncName(path);
    }
    this.asked++;
  }

  private syncName(path: string): void {
    if (!this.made.has(path)) return;
    syncFolder(dirname(path));
    this.made.delete(path);
  }

  private leave(path: string): void {
    const { segment } = this;
    if (segment?.path !== path) return;
    segment.left = true;
    this.segment = undefined;
    closeIfDone(segment);
  }
}

/** What systems and network file systems say that know no sync of folders: their names are as safe as they make them. */
const NOT_FOR_FOLDERS = new Set(['EINVAL', 'EPERM', 'EISDIR', 'EACCES', 'EBADF', 'ENOTSUP']);

function syncFolder(path: string): void {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, 'r');
    fs.fsyncSync(fd);
  } catch (error) {
    if (!NOT_FOR_FOLDERS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function closeIfDone({ fd, flushes, left }: Segment): void {
  if (left && flushes === 0) fs.closeSync(fd);
}

/**
 * Emscripten enters a name before its file is made, makes the file before it is opened, and takes a descriptor before that. Where one of
 * these steps fails, the others are taken back: PostgreSQL tries again after EMFILE, and must not meet its own first attempt (EEXIST).
 */
function leaveNothingHalfMade(tree: FileTree, files: NodeFiles): void {
  const { node_ops: nodes, stream_ops: streams } = files;
  const { mknod } = nodes;
  const { open } = streams;
  let made: FileNode | undefined;
  const unmake = (node: FileNode) => {
    tree.destroyNode(node);
    files.tryFSOperation(() => fs.rmSync(files.realPath(node), { recursive: true, force: true }));
  };
  nodes.mknod = (parent, name, ...given) => {
    made = undefined;
    try {
      made = mknod(parent, name, ...given);
      return made;
    } catch (error) {
      unmake(tree.lookupNode(parent, name));
      throw error;
    }
  };
  streams.open = (stream) => {
    const { node } = stream;
    const isNew = node === made;
    made = undefined;
    try {
      open(stream);
    } catch (error) {
      tree.closeStream(stream.fd);
      if (isNew) unmake(node);
      throw error;
    }
  };
}

/** What is used here of Emscripten's tree of names. */
interface FileTree {
  lookupNode(parent: FileNode, name: string): FileNode;
  destroyNode(node: FileNode): void;
  closeStream(fd: number): void;
}

/** What is used here of Emscripten's NODEFS. */
interface NodeFiles {
  realPath(node: FileNode): string;
  /** Runs it and throws what it throws as the error that PostgreSQL understands. */
  tryFSOperation<T>(operation: () => T): T;
  node_ops: {
    mknod(parent: FileNode, name: string, mode: number, device: unknown): FileNode;
    rename(node: FileNode, folder: FileNode, name: string): void;
    unlink(parent: FileNode, name: string): void;
    rmdir(parent: FileNode, name: string): void;
    setattr(node: FileNode, attributes: unknown): void;
  };
  stream_ops: {
    open(stream: FileStream): void;
    read(stream: FileStream, ...given: unknown[]): number;
    write(stream: FileStream, ...given: unknown[]): number;
    fsync?(stream: FileStream): number;
  };
}

interface FileNode {
  name: string;
}

interface FileStream {
  fd: number;
  node: FileNode;
  nfd?: number;
}
