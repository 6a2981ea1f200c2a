/** Graphs as files: a model each, and one file of page-aligned weights that they share (ONNX external_data). */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, PalateError } from '../common/errors.js';
import { writeWhole } from '../common/whole-files.js';
import { encodeModel, type Graph, type StoredTensor, type Value } from '../graph/index.js';

/** Offsets are multiples of this, so that each weight can be mapped into memory by itself. */
const ALIGNMENT = 4096;
const LARGEST_WRITE = 2 ** 30;

/** Writes `<folder>/<graph name>.onnx` for each graph, and the weights of all of them into a file beside; a name in several is stored once. */
export async function writeGraphs(folder: string, graphs: Iterable<Graph>, weightsName = 'weights.bin'): Promise<void> {
  await mkdir(folder, { recursive: true });
  const weights = await WeightsFile.create(join(folder, weightsName));
  try {
    for (const graph of graphs) {
      const stored = new Map<Value, StoredTensor>();
      for (const { value, load } of graph.weights) stored.set(value, await weights.place(value, load));
      // A model that can be opened is whole.
      await writeWhole(join(folder, `${graph.name}.onnx`), encodeModel(graph, stored));
    }
  } finally {
    await weights.close();
  }
}

export class WeightsFile {
  private readonly placed = new Map<string, StoredTensor & { signature: string }>();
  private end = 0;

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Starts an empty file; an older one of that name is replaced. */
  static async create(path: string): Promise<WeightsFile> {
    // Removed, not truncated: a session may still have the old one mapped.
    await rm(path, { force: true });
    return new WeightsFile(path, await open(path, 'w'));
  }

  /**
   * Where the weight of that name lies. `load` is called and its bytes are appended only at the first time; one call at a time. The same name
   * with another type or shape is refused.
   */
  async place({ name, type, shape }: Pick<Value, 'name' | 'type' | 'shape'>, load: () => Uint8Array) {
    const signature = `${type}[${shape.join(', ')}]`;
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
    const placed = { location: basename(this.path), offset, length: bytes.byteLength, signature };
    this.placed.set(name, placed);
    return placed;
  }

  close(): Promise<void> {
    return this.handle.close();
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
