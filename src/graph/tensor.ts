/** Element types and how numbers become bytes. */
import { PalateError } from '../common/errors.js';

export type DataType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'bool';

/** Plain numbers, or a typed array whose type is the tensor's. */
export type Numbers =
  | readonly number[]
  | readonly bigint[]
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Uint8Array
  | Uint16Array;

/** ONNX's TensorProto.DataType. */
export const ELEMENT_TYPE: Record<DataType, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

const SIZES: Record<DataType, number> = { float32: 4, uint8: 1, int32: 4, int64: 8, bool: 1, float16: 2 };

/** Bytes an element. */
export function sizeOfType(type: DataType): number {
  return SIZES[type];
}

/** The little-endian bytes of `data`; float16 is given as a Uint16Array of its bit patterns. */
export function packNumbers(data: Numbers, asked?: DataType): { type: DataType; bytes: Uint8Array } {
  const type = asked ?? naturalType(data);
  if (ArrayBuffer.isView(data) && naturalType(data) === (type === 'bool' ? 'uint8' : type)) {
    return { type, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice() };
  }
  const numbers = Array.from(data as ArrayLike<number | bigint>);
  const array = typedArray(type, numbers);
  return { type, bytes: new Uint8Array(array.buffer) };
}

function naturalType(data: Numbers): DataType {
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint8Array) return 'uint8';
  if (data instanceof Uint16Array) return 'float16';
  return typeof data[0] === 'bigint' ? 'int64' : 'float32';
}

function typedArray(type: DataType, numbers: (number | bigint)[]): { buffer: ArrayBuffer } {
  switch (type) {
    case 'float32':
      return Float32Array.from(numbers, Number);
    case 'int64':
      return BigInt64Array.from(numbers, (n) => BigInt(n));
    case 'int32':
      return Int32Array.from(numbers, Number);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(numbers, Number);
    case 'float16':
      throw new PalateError('INTERNAL', 'A float16 constant is given as a Uint16Array of its bit patterns.');
  }
}
