/** Picking elements by index, and adding to them. Indices are int64 or int32 and within range. */
import type { Value } from './graph.js';
import { apply, axisOf, expectType, fail, sameShape } from './operation.js';
import { Expand, Reshape, Transpose, zeros, zerosLike } from './shape.js';

/** Whole slices of x along one axis: indices [i..] replace that axis of x. */
export function Gather(x: Value, indices: Value, axis = 0): Value {
  expectType('Gather', indices, 'int64', 'int32');
  const at = axisOf('Gather', axis, x.shape.length);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return apply(
    'Gather',
    [x, indices],
    { type: x.type, shape },
    {
      attributes: { axis: at },
      gradient: (g) => [() => scatterSlices(x, indices, at, g)],
    },
  );
}

/** Element by element along one axis: the result has the shape of `indices`, which has x's rank and fits into x elsewhere. */
export function GatherElements(x: Value, indices: Value, axis: number): Value {
  expectType('GatherElements', indices, 'int64', 'int32');
  const at = axisOf('GatherElements', axis, x.shape.length);
  if (indices.shape.length !== x.shape.length) fail('GatherElements', 'takes indices of the same rank', x, indices);
  return apply(
    'GatherElements',
    [x, indices],
    { type: x.type, shape: indices.shape },
    {
      attributes: { axis: at },
      gradient: (g) => [() => ScatterElements(zerosLike(x), indices, g, at, { reduction: 'add' })],
    },
  );
}

/** x with `updates` put, or added, where `indices` (of the updates' shape) say along one axis. */
export function ScatterElements(
  x: Value,
  indices: Value,
  updates: Value,
  axis: number,
  options: { reduction?: 'none' | 'add' } = {},
): Value {
  const { reduction = 'none' } = options;
  expectType('ScatterElements', indices, 'int64', 'int32');
  const at = axisOf('ScatterElements', axis, x.shape.length);
  if (updates.type !== x.type || !sameShape(indices.shape, updates.shape) || x.shape.length !== updates.shape.length) {
    fail('ScatterElements', 'takes updates of the indices shape and the rank and type of x', x, indices, updates);
  }
  return apply('ScatterElements', [x, indices, updates], x, {
    attributes: { axis: at, reduction },
    gradient: (g) => [
      () => (reduction === 'add' ? g : ScatterElements(g, indices, zerosLike(updates), at)),
      undefined,
      () => GatherElements(g, indices, at),
    ],
  });
}

/** The gradient of Gather: slices of g added up where they came from. Runs in order, so that equal indices are safe. */
function scatterSlices(x: Value, indices: Value, axis: number, g: Value): Value {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  // [before, indices, after] -> [count, before, after]
  const count = indices.shape.length;
  const order = g.shape.map((_, i) => i);
  const front = order.slice(axis, axis + count);
  const rest = [...order.slice(0, axis), ...order.slice(axis + count)];
  const moved = count === 0 || axis === 0 ? g : Transpose(g, [...front, ...rest]);
  const flat = Reshape(
    moved,
    count === 1 ? moved.shape : count === 0 ? [1, ...before, ...after] : [-1, ...before, ...after],
  );
  const rows = Reshape(indices, [flat.shape[0], ...before.map(() => 1), ...after.map(() => 1)]);
  const target = zeros(x.graph, [x.shape[axis], ...before, ...after], x.type);
  const summed = ScatterElements(target, Expand(rows, flat.shape), flat, 0, { reduction: 'add' });
  if (axis === 0) return summed;
  const back = x.shape.map((_, i) => (i < axis ? i + 1 : i === axis ? 0 : i));
  return Transpose(summed, back);
}
