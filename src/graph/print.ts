/** A graph as text, one line a value: for snapshots and for reading. */
import { describeShape } from './dims.js';
import type { Attribute, Graph, Initializer, Value } from './graph.js';

/** Inputs, constants with their numbers, weights, nodes in order and outputs of a graph. */
export function print(graph: Graph): string {
  const typed = (value: Value) => `${value.name}: ${value.type}${describeShape(value.shape)}`;
  const lines = [
    `graph ${graph.name}`,
    ...graph.inputs.map((value) => `input ${typed(value)}`),
    ...graph.weights.map(({ value }) => `weight ${typed(value)}`),
    ...graph.constants.map((constant) => `constant ${typed(constant.value)} = ${describeNumbers(constant)}`),
  ];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => input?.name ?? '_').join(', ');
    const attributes = Object.entries(node.attributes).map(([name, value]) => `${name}=${describeAttribute(value)}`);
    const name = node.domain ? `${node.domain}.${node.op}` : node.op;
    const suffix = attributes.length > 0 ? ` {${attributes.join(', ')}}` : '';
    lines.push(`${node.outputs.map(typed).join(', ')} = ${name}(${inputs})${suffix}`);
  }
  lines.push(...graph.outputs.map(({ name, value }) => `output ${name} = ${value.name}`));
  return `${lines.join('\n')}\n`;
}

function describeAttribute(value: Attribute): string {
  if (typeof value === 'object' && 'float' in value) return `${value.float}`;
  return typeof value === 'object' ? `[${value.join(', ')}]` : `${value}`;
}

const SHOWN = 8;

function describeNumbers({ value, load }: Initializer): string {
  const bytes = load().slice();
  const numbers = Array.from(arrayOf(value, bytes), (n) => Number(Number(n).toPrecision(6)));
  const shown = numbers.slice(0, SHOWN).join(', ');
  return numbers.length > SHOWN ? `[${shown}, ..]` : `[${shown}]`;
}

function arrayOf(value: Value, bytes: Uint8Array): ArrayLike<number | bigint> {
  const { buffer } = bytes;
  if (value.type === 'float32') return new Float32Array(buffer);
  if (value.type === 'int64') return new BigInt64Array(buffer);
  if (value.type === 'int32') return new Int32Array(buffer);
  return value.type === 'float16' ? new Uint16Array(buffer) : bytes;
}
