/** The safetensors container: an 8-byte length, a JSON header, then the tensors' bytes (huggingface/safetensors, format). */
import { PalateError } from '../common/errors.js';
import { fromHalf, toHalf } from '../common/half.js';

/** A dense row-major array; `data.length` is the product of `shape`. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type StoredType = 'F16' | 'F32';

export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly arrays: ReadonlyMap<string, NamedArray>;
}

interface HeaderEntry {
  dtype: StoredType;
  shape: number[];
  data_offsets: [number, number];
}

const LENGTH_BYTES = 8;
const ALIGNMENT = 64;
/** What the format itself allows a header to be. */
const HEADER_LIMIT = 100_000_000;
const BYTES_PER_VALUE: Record<StoredType, number> = { F16: 2, F32: 4 };

/** The file's bytes; arrays are written in the order given, each as the type `typeOf` names. */
export function writeSafetensors(
  arrays: Iterable<readonly [string, NamedArray]>,
  metadata: Record<string, string>,
  typeOf: (name: string) => StoredType,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const payloads: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, data }] of arrays) {
    const dtype = typeOf(name);
    const payload = dtype === 'F16' ? toHalf(data) : littleEndian(data);
    header[name] = { dtype, shape: [...shape], data_offsets: [end, end + payload.length] } satisfies HeaderEntry;
    payloads.push(payload);
    end += payload.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = (ALIGNMENT - ((LENGTH_BYTES + json.length) % ALIGNMENT)) % ALIGNMENT;
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(json.length + padding));
  return Buffer.concat([length, json, Buffer.alloc(padding, ' '), ...payloads]);
}

/**
 * Every array of the file as float32. A truncated file, a foreign one, or an array of another type than F16 and F32 is
 * MODEL_UNAVAILABLE; `origin` names the file in the message.
 */
export function readSafetensors(bytes: Uint8Array, origin: string): SafetensorsFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < LENGTH_BYTES) throw damaged(origin, 'it ends before its header');
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > HEADER_LIMIT) throw damaged(origin, 'it does not start like a safetensors file');
  const start = LENGTH_BYTES + headerLength;
  if (bytes.length < start) throw damaged(origin, 'it ends inside its header');
  const { __metadata__: metadata, ...entries } = parseHeader(bytes.subarray(LENGTH_BYTES, start), origin);
  const arrays = new Map<string, NamedArray>();
  for (const [name, entry] of Object.entries(entries)) {
    arrays.set(name, readArray(bytes.subarray(start), name, entry, origin));
  }
  return { metadata: stringValues(metadata, origin), arrays };
}

function parseHeader(bytes: Uint8Array, origin: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>;
  } catch {
    // Reported below: not JSON and not an object are the same mistake.
  }
  throw damaged(origin, 'its header is not a JSON object');
}

function stringValues(metadata: unknown, origin: string): Record<string, string> {
  const values = metadata ?? {};
  if (typeof values !== 'object' || Object.values(values).some((value) => typeof value !== 'string')) {
    throw damaged(origin, 'its metadata is not a map of texts');
  }
  return values as Record<string, string>;
}

function readArray(payload: Uint8Array, name: string, entry: unknown, origin: string): NamedArray {
  if (!isHeaderEntry(entry)) throw damaged(origin, `the header entry of ${name} is malformed`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const count = shape.reduce((product, size) => product * size, 1);
  if (offsets[1] - offsets[0] !== count * BYTES_PER_VALUE[dtype]) {
    throw damaged(
      origin,
      `${name} has ${offsets[1] - offsets[0]} bytes, its shape asks for ${count * BYTES_PER_VALUE[dtype]}`,
    );
  }
  if (offsets[1] > payload.length) throw damaged(origin, `it ends inside ${name}`);
  const slice = payload.subarray(offsets[0], offsets[1]);
  return { shape, data: dtype === 'F16' ? fromHalf(slice) : fromLittleEndian(slice) };
}

function isHeaderEntry(entry: unknown): entry is HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<HeaderEntry>;
  const isSize = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  return (
    (dtype === 'F16' || dtype === 'F32') &&
    Array.isArray(shape) &&
    shape.every(isSize) &&
    Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every(isSize) &&
    offsets[0] <= offsets[1]
  );
}

function littleEndian(values: Float32Array): Uint8Array {
  const out = Buffer.alloc(values.length * 4);
  for (let i = 0; i < values.length; i++) out.writeFloatLE(values[i], 4 * i);
  return out;
}

function fromLittleEndian(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getFloat32(4 * i, true));
}

function damaged(origin: string, what: string): PalateError {
  return new PalateError(
    'MODEL_UNAVAILABLE',
    `The checkpoint ${origin} cannot be read: ${what}. Restore the file, or train one anew with \`palate pretrain\`.`,
  );
}
