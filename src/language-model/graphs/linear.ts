/** How a decoder's graph holds its frozen weights: full float32, or packed into blocks of 32 codes. */
import {
  Add,
  type DataType,
  FusedMatMul,
  type Graph,
  MatMulNBits,
  type MatMulNBitsOptions,
  ReduceSum,
  Reshape,
  type Value,
} from '../../graph/index.js';
import type { LanguageModelFile } from '../model.js';
import { dequantize } from '../quantization.js';
import {
  BLOCK,
  type EightBitPacked,
  type FourBitPacked,
  hasMinima,
  keepsFourBits,
  type PackedWeights,
  packWeights,
} from './packing.js';

/**
 * float32 is exact and differentiable. packed serves: 4-bit weights and Q8_0 keep the file's own codes exactly, all
 * others become 8 bit, and the products round their inputs to 8 bit, block by block.
 */
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
    const tensors = names.map((name) => this.file.tensor(name));
    const N = tensors.reduce((sum, tensor) => sum + tensor.rows, 0);
    const K = tensors[0].columns;
    const blocks = Math.ceil(K / BLOCK);
    const bits = keepsFourBits(tensors) ? 4 : 8;
    const codes = this.part(names, 'codes', 'uint8', [N, blocks, (BLOCK * bits) / 8], (p) => p.codes);
    const scales = this.part(names, 'scales', 'float32', [N * blocks], (p) => bytesOf(p.scales));
    const options: MatMulNBitsOptions = { N, K, bits, block_size: BLOCK, accuracy_level: 4 };
    if (bits === 8) {
      const zeros = this.part(names, 'zeros', 'uint8', [N * blocks], (p) => (p as EightBitPacked).zeroPoints);
      return MatMulNBits(x, codes, scales, zeros, options);
    }
    const product = MatMulNBits(x, codes, scales, undefined, options);
    if (!hasMinima(tensors)) return product;
    const minima = this.part(names, 'minima', 'float32', [blocks, N], (p) => bytesOf((p as FourBitPacked).minima));
    return Add(product, FusedMatMul(blockSums(x), minima));
  }

  /** One array of a packed weight; packed when the file is written, where a weight's arrays follow each other. */
  private part(
    names: readonly string[],
    part: string,
    type: DataType,
    shape: readonly number[],
    pick: (packed: PackedWeights) => Uint8Array,
  ): Value {
    const key = names.join('+');
    return this.graph.weight(`${key}.${part}`, type, shape, () => {
      if (this.last?.key !== key) this.last = { key, packed: packWeights(names.map((name) => this.file.tensor(name))) };
      return pick(this.last.packed);
    });
  }
}

/** x [.., columns] summed over each block of its columns: [.., columns / 32]. */
function blockSums(x: Value): Value {
  const outer = x.shape.slice(0, -1);
  const columns = x.shape[outer.length] as number;
  return ReduceSum(Reshape(x, [...outer, columns / BLOCK, BLOCK]), [outer.length + 1]);
}

function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
