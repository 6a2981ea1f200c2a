/** External tensor data (ONNX external_data): one file of page-aligned weights that several graphs may refer to. */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, isAbsolute, relative } from 'node:path';
import { messageOf, PalateError } from '../common/errors.js';
import type { Dim } from './dims.js';
import type { DataType } from './tensor.js';

/** Offsets are multiples of this, so that each weight can be mapped into memory by itself. */
export const ALIGNMENT = 4096;
const LARGEST_WRITE = 2 ** 30;

interface Placed {
  offset: number;
  length: number;
  signature: string;
}

export class WeightsFile {
  private readonly placed = new Map<string, Placed>();
  private end = 0;
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Starts an empty file; an older one of that name is replaced. */
  static async create(path: string): Promise<WeightsFile> {
    await mkdir(dirname(path), { recursive: true });
    // Removed, not truncated: a session may still have the old one mapped.
    await rm(path, { force: true });
    return new WeightsFile(path, await open(path, 'w'));
  }

  /** Bytes so far. */
  get size(): number {
    return this.end;
  }

  /**
   * Where the weight of that name lies. `load` is called and its bytes are appended only at the first time; calls that
   * overlap are done one after the other. The same name with another type or shape is refused.
   */
  place(
    weight: { name: string; type: DataType; shape: readonly Dim[] },
    load: () => Uint8Array,
  ): Promise<{ offset: number; length: number }> {
    const next = this.queue.then(() => this.append(weight.name, `${weight.type}[${weight.shape.join(', ')}]`, load));
    this.queue = next.catch(() => {});
    return next;
  }

  /** The file's path as a model in `folder` names it. */
  locationFrom(folder: string): string {
    const location = relative(folder, this.path);
    if (location.startsWith('..') || isAbsolute(location)) {
      throw new PalateError(
        'INTERNAL',
        `A model in ${folder} cannot refer to the weights in ${this.path}: put both into one folder.`,
      );
    }
    return location.replaceAll('\\', '/');
  }

  /** Finishes what is being written and closes the file; may be called again. */
  async close(): Promise<void> {
    await this.queue;
    await this.handle.close();
  }

  private async append(name: string, signature: string, load: () => Uint8Array): Promise<Placed> {
    const known = this.placed.get(name);
    if (known) {
      if (known.signature === signature) return known;
      throw new PalateError(
        'INTERNAL',
        `${this.path} holds ${name} as ${known.signature}; another graph asks for it as ${signature}. Give it another name.`,
      );
    }
    const bytes = load();
    const offset = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
    await this.write(bytes, offset);
    this.end = offset + bytes.byteLength;
    const placed = { offset, length: bytes.byteLength, signature };
    this.placed.set(name, placed);
    return placed;
  }

  private async write(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        const length = Math.min(LARGEST_WRITE, bytes.byteLength - done);
        done += (await this.handle.write(bytes, done, length, offset + done)).bytesWritten;
      }
    } catch (cause) {
      throw new PalateError(
        'INTERNAL',
        `${bytes.byteLength} bytes of weights could not be written to ${this.path} (${messageOf(cause)}): make room there or choose another folder.`,
        { cause },
      );
    }
  }
}
