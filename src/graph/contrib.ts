/** Operations of onnxruntime's own domain, com.microsoft. */
import { sameDim } from './dims.js';
import { Add, Erf, Exp, Mul, Neg } from './elementwise.js';
import type { Value } from './graph.js';
import { apply, expectType, fail, sameShape } from './operation.js';

const DOMAIN = 'com.microsoft';

/** Gaussian error linear unit, exact form: `x Phi(x)` (Hendrycks and Gimpel 2016). */
export function Gelu(x: Value): Value {
  expectType('Gelu', x, 'float32');
  return apply('Gelu', [x], x, {
    domain: DOMAIN,
    gradient: (g) => [
      () => {
        const distribution = Mul(Add(Erf(Mul(x, Math.SQRT1_2)), 1), 0.5);
        const density = Mul(Exp(Mul(Mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return Mul(g, Add(distribution, Mul(x, density)));
      },
    ],
  });
}

/**
 * Rotary position embedding (Su et al. 2021), halves rotated against each other (not interleaved).
 * x [batch, sequence, heads * size] or [batch, heads, sequence, size]; positions int64 [batch, sequence];
 * cos and sin [positions, size / 2].
 */
export function RotaryEmbedding(x: Value, positions: Value, cos: Value, sin: Value): Value {
  const [rank, half] = [x.shape.length, cos.shape[1]];
  expectType('RotaryEmbedding', x, 'float32');
  expectType('RotaryEmbedding', positions, 'int64');
  const width = x.shape[rank - 1];
  const fits =
    (rank === 3 || rank === 4) &&
    typeof half === 'number' &&
    typeof width === 'number' &&
    sameShape(cos.shape, sin.shape);
  if (!fits || (rank === 3 ? width % (2 * half) !== 0 : width !== 2 * half)) {
    fail('RotaryEmbedding', 'takes heads of twice the width of the tables', x, cos, sin);
  }
  if (positions.shape.length !== 2 || !sameDim(positions.shape[1], x.shape[rank - 2])) {
    fail('RotaryEmbedding', 'takes one position a row and token', x, positions);
  }
  return apply('RotaryEmbedding', [x, positions, cos, sin], x, {
    domain: DOMAIN,
    attributes: { interleaved: 0 },
    // A rotation's transpose is the rotation back.
    gradient: (g) => [() => RotaryEmbedding(g, positions, cos, Neg(sin))],
  });
}

export interface MatMulNBitsOptions {
  /** Output features. */
  N: number;
  /** Input features. */
  K: number;
  bits: 4 | 8;
  /** Weights that share a scale: a power of two from 16. */
  block_size: number;
  /** 4 lets the kernel round activations to int8; 0 and 1 keep float32. */
  accuracy_level?: 0 | 1 | 2 | 3 | 4;
}

/**
 * `x W^T` with W quantised in blocks along K: x [.., K] -> [.., N]. `codes` uint8 [N, blocks, block_size * bits / 8],
 * `scales` float32 [N * blocks], `zeroPoints` uint8 [N * ceil(blocks * bits / 8)] packed like the codes, or float32
 * [N * blocks] (4 bits only, and slow on CPU: the kernel unpacks the whole weight at each run); without them the middle of
 * the range is zero. `bias` float32 [N]. Not differentiable.
 */
export function MatMulNBits(
  x: Value,
  codes: Value,
  scales: Value,
  zeroPoints: Value | undefined,
  options: MatMulNBitsOptions,
  bias?: Value,
): Value {
  const { N, K, bits, block_size, accuracy_level = 0 } = options;
  const blocks = Math.ceil(K / block_size);
  expectType('MatMulNBits', x, 'float32');
  if (x.shape[x.shape.length - 1] !== K) fail('MatMulNBits', `sums over K = ${K}`, x);
  expectForm(codes, 'uint8', [N, blocks, (block_size * bits) / 8]);
  expectElements(scales, 'float32', N * blocks);
  if (zeroPoints?.type === 'float32') {
    if (bits === 8) fail('MatMulNBits', 'of 8 bits takes uint8 zero points only', zeroPoints);
    expectElements(zeroPoints, 'float32', N * blocks);
  }
  if (zeroPoints && zeroPoints.type !== 'float32')
    expectElements(zeroPoints, 'uint8', N * Math.ceil((blocks * bits) / 8));
  if (bias) expectForm(bias, 'float32', [N]);
  const trailing = bias ? [zeroPoints, undefined, bias] : zeroPoints ? [zeroPoints] : [];
  return apply(
    'MatMulNBits',
    [x, codes, scales, ...trailing],
    { type: 'float32', shape: [...x.shape.slice(0, -1), N] },
    {
      domain: DOMAIN,
      attributes: { N, K, bits, block_size, accuracy_level },
    },
  );
}

function expectForm(value: Value, type: Value['type'], shape: readonly number[]): void {
  if (value.type !== type || !sameShape(value.shape, shape)) {
    fail('MatMulNBits', `takes ${type}[${shape.join(', ')}] there`, value);
  }
}

function expectElements(value: Value, type: Value['type'], count: number): void {
  const elements = value.shape.reduce<number>((product, dim) => product * Number(dim), 1);
  if (value.type !== type || elements !== count) fail('MatMulNBits', `takes ${count} elements of ${type} there`, value);
}
