/** Sums, means, maxima and log-sum-exp over axes. */
import { type Dim, sameDim } from './dims.js';
import { Cast, Div, Equal, Exp, Mul, Sub } from './elementwise.js';
import type { Value } from './graph.js';
import { apply, axisOf, expectType, fail, integers, scalar } from './operation.js';
import { Expand, Reshape, Shape, Squeeze, Unsqueeze } from './shape.js';

export interface ReduceOptions {
  /** Keep the reduced axes with size 1; default false. */
  keepdims?: boolean;
}

/** Sum over `axes`, all of them by default. */
export function ReduceSum(x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value {
  return reduce('ReduceSum', x, axes, options, (g) => g);
}

export function ReduceMean(x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value {
  return reduce('ReduceMean', x, axes, options, (g, _, at) => Div(g, countOf(x, at)));
}

/** Equal maxima share the gradient. */
export function ReduceMax(x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value {
  return reduce('ReduceMax', x, axes, options, (g, y, at) => {
    const hits = Cast(Equal(x, y()), x.type);
    return Mul(Div(g, ReduceSum(hits, at, { keepdims: true })), hits);
  });
}

/** `log(sum(exp(x)))`, safe against overflow. */
export function ReduceLogSumExp(x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value {
  return reduce('ReduceLogSumExp', x, axes, options, (g, y) => Mul(g, Exp(Sub(x, y()))));
}

/** Sums a gradient over the axes along which a tensor of `shape` was repeated to reach it. */
export function sumToShape(gradient: Value, shape: readonly Dim[]): Value {
  const extra = gradient.shape.length - shape.length;
  if (extra < 0) fail('A gradient', 'has fewer axes than what it belongs to', gradient);
  const leading = Array.from({ length: extra }, (_, axis) => axis);
  const repeated = shape.flatMap((dim, axis) =>
    dim === 1 && !sameDim(gradient.shape[axis + extra], 1) ? [axis + extra] : [],
  );
  if (leading.length + repeated.length === 0) return gradient;
  if (repeated.length === 0) return ReduceSum(gradient, leading);
  const summed = ReduceSum(gradient, [...leading, ...repeated], { keepdims: true });
  return leading.length === 0 ? summed : Squeeze(summed, leading);
}

/** How many elements are joined into one, as a scalar that is read at run time where sizes are symbolic. */
function countOf(x: Value, axes: readonly number[]): Value {
  const dims = axes.map((axis) => x.shape[axis]);
  const fixed = dims.filter((dim) => typeof dim === 'number').reduce((a, b) => a * b, 1);
  const open = axes.filter((axis) => typeof x.shape[axis] === 'string');
  const known = scalar(x.graph, fixed, x.type);
  const read = open.map((axis) => Reshape(Cast(Shape(x, axis, axis + 1), x.type), []));
  return [known, ...read].reduce((a, b) => Mul(a, b));
}

/**
 * `derivative` gets the gradient and the output in shapes that broadcast against x, and may answer in x's shape or in one
 * that broadcasts to it.
 */
function reduce(
  op: string,
  x: Value,
  axes: readonly number[] | undefined,
  { keepdims = false }: ReduceOptions,
  derivative: (g: Value, y: () => Value, axes: readonly number[]) => Value,
): Value {
  expectType(op, x, 'float32', 'int64', 'int32');
  const at = axes ? axes.map((axis) => axisOf(op, axis, x.shape.length)) : x.shape.map((_, axis) => axis);
  if (at.length === 0) return x;
  const kept = x.shape.map((dim, axis) => (at.includes(axis) ? 1 : dim));
  const shape = keepdims ? kept : x.shape.filter((_, axis) => !at.includes(axis));
  const keep = (value: Value) => (keepdims || shape.length === 0 ? value : Unsqueeze(value, at));
  const y: Value = apply(
    op,
    [x, integers(x.graph, at)],
    { type: x.type, shape },
    {
      attributes: { keepdims: keepdims ? 1 : 0 },
      gradient: (g) => [
        () =>
          Expand(
            derivative(keep(g), () => keep(y), at),
            x.shape,
          ),
      ],
    },
  );
  return y;
}
