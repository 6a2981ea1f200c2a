/** The ONNX file format (onnx.proto3): a graph becomes a ModelProto. */
import protobuf from 'protobufjs/minimal.js';
import { PalateError } from '../common/errors.js';
import type { Dim } from './dims.js';
import type { Attribute, Graph, Node, Value } from './graph.js';
import { type DataType, ELEMENT_TYPE } from './tensor.js';

/** Where a weight's bytes lie in an external data file. */
export interface StoredTensor {
  location: string;
  offset: number;
  length: number;
}

const IR_VERSION = 10;
const OPSETS = [
  { domain: '', version: 21 },
  { domain: 'com.microsoft', version: 1 },
];
const LARGEST_MESSAGE = 2 ** 31 - 1;

type Writer = protobuf.Writer;

/** The model's bytes, at most 2 GiB; weights missing from `stored` are put inside. */
export function encodeModel(graph: Graph, stored: ReadonlyMap<Value, StoredTensor> = new Map()): Uint8Array {
  const inside = [...graph.constants, ...graph.weights.filter(({ value }) => !stored.has(value))].map(
    ({ value, load }) => ({ value, bytes: load() }),
  );
  const size = inside.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  if (size > LARGEST_MESSAGE) {
    throw new PalateError(
      'INTERNAL',
      `Graph ${graph.name} holds ${size} bytes of weights, more than a model file may: put them into a file of their own.`,
    );
  }
  const writer = protobuf.Writer.create();
  writer.uint32(8).int64(IR_VERSION);
  writer.uint32(18).string('palate');
  message(writer, 7, () => encodeGraph(writer, graph, inside, stored));
  for (const { domain, version } of OPSETS) {
    message(writer, 8, () => {
      writer.uint32(10).string(domain);
      writer.uint32(16).int64(version);
    });
  }
  return writer.finish();
}

function encodeGraph(
  writer: Writer,
  graph: Graph,
  inside: readonly { value: Value; bytes: Uint8Array }[],
  stored: ReadonlyMap<Value, StoredTensor>,
): void {
  const { names, copies } = nameOutputs(graph);
  const nameOf = (value: Value | undefined) => (value ? (names.get(value) ?? value.name) : '');
  for (const node of graph.nodes) {
    message(writer, 1, () => encodeNode(writer, node, nameOf));
  }
  for (const { name, value } of copies) {
    message(writer, 1, () => {
      writer.uint32(10).string(nameOf(value));
      writer.uint32(18).string(name);
      writer.uint32(34).string('Identity');
    });
  }
  writer.uint32(18).string(graph.name);
  for (const { value, bytes } of inside) {
    message(writer, 5, () => {
      encodeTensor(writer, value);
      writer.uint32(74).bytes(bytes);
    });
  }
  for (const [value, place] of stored) message(writer, 5, () => encodeExternal(writer, value, place));
  for (const value of graph.inputs) message(writer, 11, () => encodeValueInfo(writer, value.name, value));
  for (const { name, value } of graph.outputs) message(writer, 12, () => encodeValueInfo(writer, name, value));
}

/** A node's result takes its output's name; what has a fixed or another name already is copied. */
function nameOutputs(graph: Graph): { names: Map<Value, string>; copies: { name: string; value: Value }[] } {
  const names = new Map<Value, string>();
  const copies: { name: string; value: Value }[] = [];
  for (const output of graph.outputs) {
    if (graph.producerOf(output.value) && !names.has(output.value)) names.set(output.value, output.name);
    else copies.push(output);
  }
  return { names, copies };
}

function encodeNode(writer: Writer, node: Node, nameOf: (value: Value | undefined) => string): void {
  for (const input of node.inputs) writer.uint32(10).string(nameOf(input));
  for (const output of node.outputs) writer.uint32(18).string(nameOf(output));
  writer.uint32(26).string(node.outputs[0].name);
  writer.uint32(34).string(node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, () => encodeAttribute(writer, name, value));
  }
  if (node.domain) writer.uint32(58).string(node.domain);
}

function encodeAttribute(writer: Writer, name: string, value: Attribute): void {
  writer.uint32(10).string(name);
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) {
      throw new PalateError('INTERNAL', `Attribute ${name} is ${value}: write a real number as { float: ${value} }.`);
    }
    writer.uint32(24).int64(value);
    writer.uint32(160).int32(2);
  } else if (typeof value === 'string') {
    writer.uint32(34).string(value);
    writer.uint32(160).int32(3);
  } else if ('float' in value) {
    writer.uint32(21).float(value.float);
    writer.uint32(160).int32(1);
  } else {
    for (const item of value) writer.uint32(64).int64(item);
    writer.uint32(160).int32(7);
  }
}

function encodeTensor(writer: Writer, value: Value): void {
  for (const dim of value.shape) writer.uint32(8).int64(dim as number);
  writer.uint32(16).int32(ELEMENT_TYPE[value.type]);
  writer.uint32(66).string(value.name);
}

function encodeExternal(writer: Writer, value: Value, place: StoredTensor): void {
  encodeTensor(writer, value);
  const entries = { location: place.location, offset: `${place.offset}`, length: `${place.length}` };
  for (const [key, text] of Object.entries(entries)) {
    message(writer, 13, () => {
      writer.uint32(10).string(key);
      writer.uint32(18).string(text);
    });
  }
  writer.uint32(112).int32(1);
}

function encodeValueInfo(writer: Writer, name: string, value: { type: DataType; shape: readonly Dim[] }): void {
  writer.uint32(10).string(name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      writer.uint32(8).int32(ELEMENT_TYPE[value.type]);
      message(writer, 2, () => {
        for (const dim of value.shape) {
          message(writer, 1, () => {
            if (typeof dim === 'number') writer.uint32(8).int64(dim);
            else writer.uint32(18).string(dim);
          });
        }
      });
    }),
  );
}

/** A length-delimited field. */
function message(writer: Writer, field: number, fill: () => void): void {
  writer.uint32((field << 3) | 2).fork();
  fill();
  writer.ldelim();
}
