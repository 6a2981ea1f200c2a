/** What the operations share: adding a node with its gradient, operands, broadcasting, axes. */
import { PalateError } from '../common/errors.js';
import { type Dim, describeShape, sameDim } from './dims.js';
import type { Attributes, Gradient, Graph, Value, ValueType } from './graph.js';
import type { DataType } from './tensor.js';

/** A tensor, or a number that is made a constant of the other operand's type. */
export type Operand = Value | number;

export interface Operation {
  attributes?: Attributes;
  domain?: string;
  gradient?: Gradient;
}

/** Adds a node with one output. */
export function apply(
  op: string,
  inputs: readonly (Value | undefined)[],
  output: ValueType,
  operation: Operation = {},
): Value {
  return applyAll(op, inputs, [output], operation)[0];
}

/** Adds a node with several outputs. */
export function applyAll(
  op: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly ValueType[],
  { attributes = {}, domain, gradient }: Operation = {},
): Value[] {
  const graph = graphOf(op, inputs);
  return graph.node(op, inputs, attributes, outputs, domain, gradient);
}

export function graphOf(op: string, inputs: readonly (Operand | undefined)[]): Graph {
  for (const input of inputs) if (typeof input === 'object') return input.graph;
  throw new PalateError('INTERNAL', `${op} needs a tensor among its operands to know its graph.`);
}

/** A scalar constant of the given type. */
export function scalar(graph: Graph, value: number, type: DataType = 'float32'): Value {
  return graph.constant([value], [], type);
}

/** Both operands as tensors of one type. */
export function operands(op: string, a: Operand, b: Operand): [Value, Value] {
  const graph = graphOf(op, [a, b]);
  const left = typeof a === 'number' ? scalar(graph, a, (b as Value).type) : a;
  const right = typeof b === 'number' ? scalar(graph, b, left.type) : b;
  if (left.type !== right.type) fail(op, 'takes operands of one type', left, right);
  return [left, right];
}

/** The shape two tensors broadcast to (multidirectional, as in numpy). */
export function broadcastShapes(op: string, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (right === 1 || sameDim(left, right)) return left;
    if (left === 1) return right;
    throw new PalateError(
      'INTERNAL',
      `${op}: the shapes ${describeShape(a)} and ${describeShape(b)} do not broadcast (${left} against ${right}).`,
    );
  });
}

/** Whether the shapes are the same, symbols included. */
export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => sameDim(dim, b[axis]));
}

/** A non-negative axis. */
export function axisOf(op: string, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new PalateError('INTERNAL', `${op}: there is no axis ${axis} in a tensor of rank ${rank}.`);
  }
  return positive;
}

/** An int64 vector constant. */
export function integers(graph: Graph, values: readonly number[]): Value {
  return graph.constant(values, [values.length], 'int64');
}

export function expectType(op: string, value: Value, ...types: DataType[]): void {
  if (!types.includes(value.type)) fail(op, `takes ${types.join(' or ')}`, value);
}

/** Throws an INTERNAL error that names the operation, the rule and what was given. */
export function fail(op: string, rule: string, ...given: readonly Value[]): never {
  const shown = given.map((value) => `${value.name}: ${value.type}${describeShape(value.shape)}`).join(', ');
  throw new PalateError('INTERNAL', `${op} ${rule}; it was given ${shown}.`);
}
