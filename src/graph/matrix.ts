/** Matrix products. */
import type { Dim } from './dims.js';
import { sameDim } from './dims.js';
import type { Value } from './graph.js';
import { apply, broadcastShapes, expectType, fail } from './operation.js';
import { Reshape } from './shape.js';

export interface FusedMatMulOptions {
  /** Swap the last two axes of a. */
  transA?: boolean;
  /** Swap the last two axes of b. */
  transB?: boolean;
  /** The product's factor; default 1. */
  alpha?: number;
}

/** `a b` over the last two axes, [.., m, k] by [.., k, n]; the axes before them broadcast. */
export function MatMul(a: Value, b: Value): Value {
  const output = product('MatMul', a, b, false, false);
  return apply('MatMul', [a, b], output, { gradient: (g) => productGradient(a, b, g, {}) });
}

/** `alpha op(a) op(b)` (com.microsoft) where op swaps the last two axes if asked: no transposed copy is made. */
export function FusedMatMul(a: Value, b: Value, options: FusedMatMulOptions = {}): Value {
  const { transA = false, transB = false, alpha = 1 } = options;
  return apply('FusedMatMul', [a, b], product('FusedMatMul', a, b, transA, transB), {
    domain: 'com.microsoft',
    attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } },
    gradient: (g) => productGradient(a, b, g, options),
  });
}

function product(op: string, a: Value, b: Value, transA: boolean, transB: boolean): { type: 'float32'; shape: Dim[] } {
  expectType(op, a, 'float32');
  expectType(op, b, 'float32');
  if (a.shape.length < 2 || b.shape.length < 2) fail(op, 'takes tensors of two axes or more', a, b);
  const [m, k] = matrixOf(a, transA);
  const [kOther, n] = matrixOf(b, transB);
  if (!sameDim(k, kOther)) fail(op, `sums over ${k} on the left and ${kOther} on the right`, a, b);
  return { type: 'float32', shape: [...broadcastShapes(op, a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] };
}

function matrixOf(x: Value, transposed: boolean): Dim[] {
  const last = x.shape.slice(-2);
  return transposed ? last.reverse() : last;
}

function productGradient(
  a: Value,
  b: Value,
  g: Value,
  { transA = false, transB = false, alpha = 1 }: FusedMatMulOptions,
) {
  return [
    () =>
      transA
        ? FusedMatMul(b, g, { transA: transB, transB: true, alpha })
        : FusedMatMul(g, b, { transB: !transB, alpha }),
    () => {
      // A matrix shared by the whole batch: one product over all rows, instead of one a batch and their sum.
      const shared = b.shape.length === 2 && a.shape.length > 2 && !transA;
      const [x, y] = shared ? [rowsOf(a), rowsOf(g)] : [a, g];
      return transB
        ? FusedMatMul(y, x, { transA: true, transB: transA, alpha })
        : FusedMatMul(x, y, { transA: !transA, alpha });
    },
  ];
}

function rowsOf(x: Value): Value {
  return Reshape(x, [-1, x.shape[x.shape.length - 1]]);
}
