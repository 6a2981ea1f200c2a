/** Matrix products: gradients with every combination of transposes and broadcasts, and quantised products. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import {
  type Dim,
  encodeModel,
  FusedMatMul,
  Graph,
  gradients,
  MatMul,
  MatMulNBits,
  ReduceSum,
} from '../../src/graph/index.js';
import { checkGradients, run } from './finite-differences.js';

const sizes = { batch: 2, heads: 2, length: 3 };

describe('MatMul', () => {
  const shapes: [Dim[], Dim[]][] = [
    [
      [2, 3],
      [3, 4],
    ],
    [
      ['batch', 'length', 4],
      [4, 2],
    ],
    [
      ['batch', 'heads', 2, 3],
      ['batch', 'heads', 3, 2],
    ],
    [
      ['batch', 'heads', 2, 3],
      [1, 'heads', 3, 2],
    ],
    [
      ['batch', 1, 2, 3],
      [2, 3, 2],
    ],
    [
      [2, 3],
      ['batch', 3, 2],
    ],
  ];
  it.each(shapes)('%j by %j', async (a, b) => {
    await checkGradients(
      [
        { shape: a, sizes },
        { shape: b, sizes },
      ],
      MatMul,
    );
  });
});

describe('FusedMatMul', () => {
  const flags = [false, true].flatMap((transA) => [false, true].map((transB) => ({ transA, transB, alpha: 0.5 })));
  const swap = (shape: Dim[], swapped: boolean): Dim[] =>
    swapped ? [...shape.slice(0, -2), shape[shape.length - 1], shape[shape.length - 2]] : shape;
  for (const options of flags) {
    const shapes: [Dim[], Dim[]][] = [
      [
        [2, 3],
        [3, 4],
      ],
      [
        ['batch', 2, 3],
        [3, 4],
      ],
      [
        ['batch', 'heads', 2, 3],
        [1, 'heads', 3, 2],
      ],
      [
        ['batch', 'heads', 2, 'length'],
        ['batch', 1, 'length', 2],
      ],
      [
        [2, 3],
        ['batch', 3, 4],
      ],
    ];
    it.each(shapes)(`%j by %j with ${JSON.stringify(options)}`, async (a, b) => {
      const inputs = [
        { shape: swap(a, options.transA), sizes },
        { shape: swap(b, options.transB), sizes },
      ];
      await checkGradients(inputs, (x, y) => FusedMatMul(x, y, options));
    });
  }

  it('adds one product and nothing else for the gradient behind a frozen weight', () => {
    const graph = new Graph('frozen');
    const x = graph.input('x', 'float32', ['batch', 'length', 4]);
    const weight = graph.weight('w', 'float32', [8, 4], new Uint8Array(8 * 4 * 4));
    const loss = ReduceSum(FusedMatMul(x, weight, { transB: true }));
    const before = graph.nodes.length;
    gradients(loss, [x]);
    const added = graph.nodes.slice(before);
    expect(added.filter(({ op }) => op === 'FusedMatMul')).toHaveLength(1);
    expect(added.filter(({ op }) => op === 'Transpose' || op === 'ReduceSum')).toHaveLength(0);
    expect(added.at(-1)?.inputs[1]).toBe(weight);
  });
});

describe('MatMulNBits', () => {
  const [N, K, block] = [3, 64, 32];
  const blocks = K / block;
  const random = new Random(3);
  const x = random.normals(2 * K);

  for (const bits of [4, 8] as const) {
    const levels = 2 ** bits;
    const codes = Array.from({ length: N * K }, () => random.integer(levels));
    const scales = Float32Array.from({ length: N * blocks }, () => 0.01 + 0.02 * random.uniform());
    const zeros = Array.from({ length: N * blocks }, () => random.integer(levels));

    it.each(['none', 'uint8', 'bias', ...(bits === 4 ? ['float32'] : [])])(
      `multiplies ${bits}-bit codes, zero points: %s`,
      async (kind) => {
        const graph = new Graph('packed');
        const input = graph.input('x', 'float32', ['rows', K]);
        const packed = graph.weight('codes', 'uint8', [N, blocks, (block * bits) / 8], pack(codes, bits));
        const scale = graph.weight('scales', 'float32', [N * blocks], new Uint8Array(scales.buffer));
        // A row's zero points start at a whole byte; with two 4-bit blocks a row they fill it.
        const zeroPoints =
          kind === 'uint8'
            ? graph.weight('zeros', 'uint8', [N * Math.ceil((blocks * bits) / 8)], pack(zeros, bits))
            : kind === 'float32'
              ? graph.constant(zeros, [N * blocks])
              : undefined;
        const bias = kind === 'bias' ? graph.constant([1, 2, 3], [N]) : undefined;
        const options = { N, K, bits, block_size: block, accuracy_level: 1 as const };
        graph.output('y', MatMulNBits(input, packed, scale, zeroPoints, options, bias));
        const { Tensor } = await import('onnxruntime-node');
        const { y } = await run(encodeModel(graph), { x: new Tensor('float32', x, [2, K]) });
        expect(y.dims).toEqual([2, N]);
        for (let row = 0; row < 2; row++) {
          for (let n = 0; n < N; n++) {
            let expected = bias ? n + 1 : 0;
            for (let k = 0; k < K; k++) {
              const at = n * blocks + Math.floor(k / block);
              const zero = zeroPoints ? zeros[at] : levels / 2;
              expected += x[row * K + k] * (codes[n * K + k] - zero) * scales[at];
            }
            expect(Math.abs(y.data[row * N + n] - expected)).toBeLessThan(1e-3 * (1 + Math.abs(expected)));
          }
        }
      },
    );
  }
});

/** Two 4-bit codes a byte, the first in the low half; 8-bit codes as they are. */
function pack(codes: readonly number[], bits: 4 | 8): Uint8Array {
  if (bits === 8) return Uint8Array.from(codes);
  return Uint8Array.from({ length: codes.length / 2 }, (_, i) => codes[2 * i] | (codes[2 * i + 1] << 4));
}
