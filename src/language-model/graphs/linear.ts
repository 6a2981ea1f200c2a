/** How a decoder's graph holds its frozen weights: full float32, or packed into blocks of 32 codes for MatMulNBits. */
import { FusedMatMul, type Graph, MatMulNBits, type Value } from '../../graph/index.js';
import type { LanguageModelFile } from '../model.js';
import { dequantize } from '../quantization.js';
import { BLOCK, type PackedWeights, packBlocks } from './packing.js';

/** float32 is exact and differentiable; packed keeps the file's own codes (4 bit where they are, else 8 bit) and serves. */
export type Precision = 'float32' | 'packed';

/** Multiplies by named weights of the file; several names make one product whose outputs lie side by side. */
export class FrozenWeights {
  private last: { key: string; packed: PackedWeights } | undefined;

  constructor(
    readonly graph: Graph,
    readonly file: LanguageModelFile,
    readonly precision: Precision,
  ) {}

  /** x [..., columns] times the stacked rows of `names`: [..., sum of rows]. */
  linear(x: Value, names: readonly string[]): Value {
    return this.precision === 'float32' ? this.dense(x, names) : this.packed(x, names);
  }

  /** A norm's weight vector [hidden]. */
  vector(name: string): Value {
    const tensor = this.file.tensor(name);
    const size = tensor.rows * tensor.columns;
    return this.graph.weight(name, 'float32', [size], bytesOf(dequantize(tensor)));
  }

  /** A whole weight as float32, [rows, columns]; several names are stacked. */
  matrix(names: readonly string[]): Value {
    const tensors = names.map((name) => this.file.tensor(name));
    const rows = tensors.reduce((sum, tensor) => sum + tensor.rows, 0);
    const load = () => Buffer.concat(tensors.map((tensor) => bytesOf(dequantize(tensor))));
    return this.graph.weight(names.join('+'), 'float32', [rows, tensors[0].columns], load);
  }

  private dense(x: Value, names: readonly string[]): Value {
    return FusedMatMul(x, this.matrix(names), { transB: true });
  }

  private packed(x: Value, names: readonly string[]): Value {
    const key = names.join('+');
    const tensors = names.map((name) => this.file.tensor(name));
    const rows = tensors.reduce((sum, tensor) => sum + tensor.rows, 0);
    const columns = tensors[0].columns;
    const blocks = columns / BLOCK;
    const load = (part: (packed: PackedWeights) => Uint8Array) => () => part(this.pack(key, names));
    const codes = this.graph.weight(
      `${key}.codes`,
      'uint8',
      [rows, blocks, BLOCK],
      load((p) => p.codes),
    );
    const scales = this.graph.weight(
      `${key}.scales`,
      'float32',
      [rows * blocks],
      load((p) => bytesOf(p.scales)),
    );
    const zeros = this.graph.weight(
      `${key}.zeros`,
      'uint8',
      [rows * blocks],
      load((p) => p.zeroPoints),
    );
    return MatMulNBits(x, codes, scales, zeros, { N: rows, K: columns, bits: 8, block_size: BLOCK, accuracy_level: 4 });
  }

  /** Packs when the file is written; the three parts of one weight are asked for one after the other. */
  private pack(key: string, names: readonly string[]): PackedWeights {
    if (this.last?.key !== key) this.last = { key, packed: packBlocks(names.map((name) => this.file.tensor(name))) };
    return this.last.packed;
  }
}

function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
