/** Moving elements without changing them: reshaping, joining, cutting, repeating; and sizes as tensors. */
import { PalateError } from '../common/errors.js';
import {
  addDims,
  canonicalDim,
  type Dim,
  describeShape,
  divideDims,
  multiplyDims,
  sameDim,
  subtractDims,
  termsOf,
} from './dims.js';
import { Add, Mul } from './elementwise.js';
import type { Graph, Value } from './graph.js';
import {
  apply,
  applyAll,
  axisOf,
  broadcastShapes,
  expectType,
  fail,
  integers,
  sameShape,
  scalar,
} from './operation.js';

/** The sizes of axes `start` up to `end` of x at run time, int64 [end - start]. */
export function Shape(x: Value, start = 0, end = x.shape.length): Value {
  return apply('Shape', [x], { type: 'int64', shape: [end - start] }, { attributes: { start, end } });
}

/** Sizes as an int64 vector: a constant where all are numbers, read at run time where some are symbols of the graph. */
export function sizes(graph: Graph, dims: readonly Dim[]): Value {
  if (dims.every((dim) => typeof dim === 'number')) return integers(graph, dims as number[]);
  const parts: Value[] = [];
  for (let i = 0; i < dims.length; ) {
    const fixed: number[] = [];
    while (typeof dims[i] === 'number') fixed.push(dims[i++] as number);
    if (fixed.length > 0) parts.push(integers(graph, fixed));
    if (i < dims.length) parts.push(sizeOf(graph, dims[i++]));
  }
  return parts.length === 1 ? parts[0] : Concat(parts, 0);
}

/** One size, int64 [1]: read off a value that has it, or computed from the symbols it is made of. */
function sizeOf(graph: Graph, dim: Dim): Value {
  if (typeof dim === 'number') return integers(graph, [dim]);
  const carrier = graph.carrierOf(dim);
  if (carrier) return Shape(carrier.value, carrier.axis, carrier.axis + 1);
  const terms = termsOf(dim).map(({ coefficient, symbols }) => {
    if (symbols.length === 1 && sameDim(symbols[0], dim)) {
      throw new PalateError(
        'INTERNAL',
        `Graph ${graph.name}: no tensor has an axis of size ${dim}, so it cannot be read.`,
      );
    }
    const factors = symbols.map((symbol) => sizeOf(graph, symbol));
    if (coefficient !== 1 || factors.length === 0) factors.push(integers(graph, [coefficient]));
    return factors.reduce((a, b) => Mul(a, b));
  });
  return terms.reduce((a, b) => Add(a, b));
}

/**
 * The same elements in another shape. A 0 copies the size of that axis of x, one -1 takes what is left, a symbol may be
 * any size that x's sizes account for.
 */
export function Reshape(x: Value, dims: readonly Dim[]): Value {
  const shape = resolveReshape(x, dims);
  const copied = shape.map(
    (dim, axis) => typeof dim === 'string' && axis < x.shape.length && sameDim(dim, x.shape[axis]),
  );
  const open = shape.flatMap((dim, axis) => (typeof dim === 'string' && !copied[axis] ? [axis] : []));
  const target = shape.map((dim, axis) =>
    copied[axis] ? 0 : dim === 0 ? fail('Reshape', 'takes no empty axis', x) : dim,
  );
  // One unknown size is left for the runtime to infer; of several, all are computed.
  if (open.length === 1) target[open[0]] = -1;
  return apply(
    'Reshape',
    [x, sizes(x.graph, target)],
    { type: x.type, shape },
    {
      gradient: (g) => [() => Reshape(g, x.shape)],
    },
  );
}

function resolveReshape(x: Value, dims: readonly Dim[]): Dim[] {
  const refuse = (why: string): never => fail('Reshape', `to ${describeShape(dims)} ${why}`, x);
  const shape = dims.map((dim, axis) =>
    dim === 0 ? (x.shape[axis] ?? refuse('copies an axis that is not there')) : dim,
  );
  const total = multiplyDims(...x.shape);
  const inferred = shape.indexOf(-1);
  if (inferred >= 0) {
    if (shape.lastIndexOf(-1) !== inferred) refuse('has more than one -1');
    const rest = multiplyDims(...shape.filter((_, axis) => axis !== inferred));
    shape[inferred] = divideDims(total, rest) ?? refuse(`does not divide: ${total} by ${rest}`);
  }
  if (!sameDim(multiplyDims(...shape), total)) refuse(`has ${multiplyDims(...shape)} elements instead of ${total}`);
  return shape;
}

/** Axis i of the result is axis `permutation[i]` of x. */
export function Transpose(x: Value, permutation: readonly number[]): Value {
  const rank = x.shape.length;
  if (permutation.length !== rank || new Set(permutation).size !== rank || permutation.some((axis) => !(axis < rank))) {
    fail('Transpose', `needs every axis once, not [${permutation}]`, x);
  }
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
  const shape = permutation.map((axis) => x.shape[axis]);
  return apply(
    'Transpose',
    [x],
    { type: x.type, shape },
    {
      attributes: { perm: permutation },
      gradient: (g) => [() => Transpose(g, inverse)],
    },
  );
}

/** Joins along one axis; all other sizes are the same. */
export function Concat(parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (!first) throw new PalateError('INTERNAL', 'Concat needs at least one tensor.');
  const at = axisOf('Concat', axis, first.shape.length);
  const without = (value: Value) => value.shape.filter((_, i) => i !== at);
  for (const part of parts) {
    if (
      part.type !== first.type ||
      part.shape.length !== first.shape.length ||
      !sameShape(without(part), without(first))
    ) {
      fail('Concat', `along axis ${at} takes tensors that differ there only`, ...parts);
    }
  }
  if (parts.length === 1) return first;
  const lengths = parts.map((part) => part.shape[at]);
  const shape = first.shape.map((dim, i) => (i === at ? addDims(...lengths) : dim));
  return apply(
    'Concat',
    parts,
    { type: first.type, shape },
    {
      attributes: { axis: at },
      gradient: (g) => {
        let shares: Value[] | undefined;
        const share = (i: number) => {
          shares ??= Split(g, at, lengths);
          return shares[i];
        };
        return parts.map((_, i) => () => share(i));
      },
    },
  );
}

/** Cuts along one axis into parts of these lengths; `atRun` hands them in as int64 where no tensor carries their sizes. */
export function Split(x: Value, axis: number, lengths: readonly Dim[], atRun?: Value): Value[] {
  const at = axisOf('Split', axis, x.shape.length);
  if (!sameDim(addDims(...lengths), x.shape[at])) {
    fail('Split', `along axis ${at} needs lengths that add up to its size, not ${describeShape(lengths)}`, x);
  }
  if (lengths.length === 1) return [x];
  const outputs = lengths.map((length) => ({
    type: x.type,
    shape: x.shape.map((dim, i) => (i === at ? length : dim)),
  }));
  const made: Value[] = applyAll('Split', [x, atRun ?? sizes(x.graph, lengths)], outputs, {
    attributes: { axis: at },
    gradient: (...gradients: (Value | undefined)[]) => [
      () =>
        Concat(
          made.map((part, i) => gradients[i] ?? zerosLike(part)),
          at,
        ),
    ],
  });
  return made;
}

/** Zeros in the shape of x. */
export function zerosLike(x: Value): Value {
  return zeros(x.graph, x.shape, x.type);
}

/** Zeros of a shape that may be symbolic. */
export function zeros(graph: Graph, shape: readonly Dim[], type: Value['type'] = 'float32'): Value {
  return Expand(scalar(graph, 0, type), shape);
}

/**
 * From `starts` up to `ends` (not included) along `axes`; negative numbers count from the end, Infinity is the end.
 */
export function Slice(x: Value, starts: readonly Dim[], ends: readonly Dim[], axes: readonly number[]): Value {
  const at = axes.map((axis) => axisOf('Slice', axis, x.shape.length));
  if (starts.length !== at.length || ends.length !== at.length) fail('Slice', 'needs a start and an end an axis', x);
  const position = (dim: Dim, size: Dim): Dim =>
    dim === Number.POSITIVE_INFINITY ? size : typeof dim === 'number' && dim < 0 ? addDims(size, dim) : dim;
  const from = starts.map((dim, i) => position(dim, x.shape[at[i]]));
  const to = ends.map((dim, i) => position(dim, x.shape[at[i]]));
  const shape = [...x.shape];
  at.forEach((axis, i) => {
    const [start, end, size] = [from[i], to[i], x.shape[axis]];
    const outside = (dim: Dim) => typeof dim === 'number' && (dim < 0 || (typeof size === 'number' && dim > size));
    const length = subtractDims(end, start);
    if (outside(start) || outside(end) || (typeof length === 'number' && length < 0)) {
      fail('Slice', `from ${start} to ${end} does not lie inside axis ${axis}`, x);
    }
    shape[axis] = length;
  });
  const { graph } = x;
  return apply(
    'Slice',
    [x, sizes(graph, from), sizes(graph, to), integers(graph, at)],
    { type: x.type, shape },
    {
      gradient: (g) => [
        () =>
          Pad(
            g,
            from,
            to.map((end, i) => subtractDims(x.shape[at[i]], end)),
            at,
          ),
      ],
    },
  );
}

/** Adds zeros before and after along `axes`. */
export function Pad(x: Value, before: readonly Dim[], after: readonly Dim[], axes: readonly number[]): Value {
  const at = axes.map((axis) => axisOf('Pad', axis, x.shape.length));
  const shape = [...x.shape];
  at.forEach((axis, i) => {
    shape[axis] = addDims(x.shape[axis], before[i], after[i]);
  });
  const { graph } = x;
  const inputs = [x, sizes(graph, [...before, ...after]), scalar(graph, 0, x.type), integers(graph, at)];
  return apply(
    'Pad',
    inputs,
    { type: x.type, shape },
    {
      gradient: (g) => [
        () =>
          Slice(
            g,
            before,
            before.map((dim, i) => addDims(dim, x.shape[at[i]])),
            at,
          ),
      ],
    },
  );
}

/** Repeats axes of size 1, and adds axes in front, to reach `dims`. */
export function Expand(x: Value, dims: readonly Dim[]): Value {
  const shape = broadcastShapes('Expand', x.shape, dims);
  if (sameShape(shape, x.shape)) return x;
  return apply('Expand', [x, sizes(x.graph, shape)], { type: x.type, shape }, { gradient: (g) => [() => g] });
}

/** Adds axes of size 1 at these places of the result. */
export function Unsqueeze(x: Value, axes: readonly number[]): Value {
  const rank = x.shape.length + axes.length;
  const at = axes.map((axis) => axisOf('Unsqueeze', axis, rank));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, axis) => (at.includes(axis) ? 1 : (rest.shift() as Dim)));
  return apply(
    'Unsqueeze',
    [x, integers(x.graph, at)],
    { type: x.type, shape },
    {
      gradient: (g) => [() => Squeeze(g, at)],
    },
  );
}

/** Removes axes of size 1. */
export function Squeeze(x: Value, axes: readonly number[]): Value {
  const at = axes.map((axis) => axisOf('Squeeze', axis, x.shape.length));
  if (at.some((axis) => x.shape[axis] !== 1)) fail('Squeeze', `of axes [${at}] needs them to be of size 1`, x);
  const shape = x.shape.filter((_, axis) => !at.includes(axis));
  return apply(
    'Squeeze',
    [x, integers(x.graph, at)],
    { type: x.type, shape },
    {
      gradient: (g) => [() => Unsqueeze(g, at)],
    },
  );
}

/** Whole numbers 0, 1, .. up to a size that may be symbolic, int64 [size]. */
export function range(graph: Graph, size: Dim): Value {
  const limit = Squeeze(sizes(graph, [size]), [0]);
  expectType('Range', limit, 'int64');
  const [zero, one] = [scalar(graph, 0, 'int64'), scalar(graph, 1, 'int64')];
  return apply('Range', [zero, limit, one], { type: 'int64', shape: [canonicalDim(size)] });
}
