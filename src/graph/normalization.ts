/** Softmax and its logarithm, and root-mean-square normalisation. */

import { sameDim } from './dims.js';
import { Add, Div, Exp, Mul, Sqrt, Sub } from './elementwise.js';
import type { Value } from './graph.js';
import { apply, axisOf, expectType, fail } from './operation.js';
import { ReduceMean, ReduceSum } from './reduce.js';

export function Softmax(x: Value, axis = -1): Value {
  expectType('Softmax', x, 'float32');
  const at = axisOf('Softmax', axis, x.shape.length);
  const y: Value = apply('Softmax', [x], x, {
    attributes: { axis: at },
    gradient: (g) => [
      () => {
        const weighted = Mul(g, y);
        return Sub(weighted, Mul(y, ReduceSum(weighted, [at], { keepdims: true })));
      },
    ],
  });
  return y;
}

export function LogSoftmax(x: Value, axis = -1): Value {
  expectType('LogSoftmax', x, 'float32');
  const at = axisOf('LogSoftmax', axis, x.shape.length);
  const y: Value = apply('LogSoftmax', [x], x, {
    attributes: { axis: at },
    gradient: (g) => [() => Sub(g, Mul(Exp(y), ReduceSum(g, [at], { keepdims: true })))],
  });
  return y;
}

/**
 * RMS norm (Zhang and Sennrich 2019) over the last axis: `x / sqrt(mean(x^2) + epsilon) * scale`, x [.., size],
 * scale [size].
 */
export function SimplifiedLayerNormalization(x: Value, scale: Value, options: { epsilon?: number } = {}): Value {
  const { epsilon = 1e-5 } = options;
  expectType('SimplifiedLayerNormalization', x, 'float32');
  const size = x.shape[x.shape.length - 1];
  if (scale.type !== x.type || scale.shape.length !== 1 || !sameDim(scale.shape[0], size)) {
    fail('SimplifiedLayerNormalization', 'takes x [.., size] and a scale [size]', x, scale);
  }
  // dx = (u - n mean(u n)) / rms with n = x / rms and u = g scale.
  const rms = once(() => Sqrt(Add(ReduceMean(Mul(x, x), [-1], { keepdims: true }), epsilon)));
  const normal = once(() => Div(x, rms()));
  return apply('SimplifiedLayerNormalization', [x, scale], x, {
    attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
    gradient: (g) => [
      () => {
        const u = Mul(g, scale);
        return Div(Sub(u, Mul(normal(), ReduceMean(Mul(u, normal()), [-1], { keepdims: true }))), rms());
      },
      () => Mul(g, normal()),
    ],
  });
}

function once(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
