/** Operations that move elements, reduce them, normalise them and pick them, against central differences. */
import { describe, expect, it } from 'vitest';
import * as g from '../../src/graph/index.js';
import { checkGradients, run } from './finite-differences.js';

const sizes = { batch: 2, length: 3, past: 2 };
const x = { shape: ['batch', 'length', 4] as g.Dim[], sizes };

describe('shape', () => {
  it.each([
    [['batch', 'length', 2, 2]],
    [[0, 'length', -1, 1]],
    [['batch*length', 4]],
    [[-1]],
    [['batch', '4*length']],
    [[2, 'length', 2, 'batch']],
    [['length', 'batch', 4]],
  ] as [g.Dim[]][])('Reshape to %j', async (dims) => {
    await checkGradients([x], (v) => g.Reshape(v, dims));
  });

  it.each([[[2, 0, 1]], [[1, 0, 2]]])('Transpose %j', async (permutation) => {
    await checkGradients([x], (v) => g.Transpose(v, permutation));
  });

  it('Concat of fixed and of symbolic lengths', async () => {
    await checkGradients([x, { shape: ['batch', 'past', 4], sizes }, { shape: ['batch', 1, 4], sizes }], (...v) =>
      g.Concat(v, 1),
    );
    await checkGradients([x, { shape: ['batch', 'length', 1], sizes }], (...v) => g.Concat(v, -1));
  });

  it('Split, also where one part is not used', async () => {
    await checkGradients([x], (v) => g.Split(v, 2, [1, 1, 2]));
    await checkGradients([x], (v) => g.Split(v, 2, [1, 3])[1]);
    await checkGradients([x, { shape: ['batch', 'past', 4], sizes }], (a, b) => {
      const [head, tail] = g.Split(g.Concat([a, b], 1), 1, ['length', 'past']);
      return [g.Mul(head, 2), g.Exp(tail)];
    });
  });

  it.each([
    [[1], [3], [2]],
    [[-2], [Number.POSITIVE_INFINITY], [1]],
    [
      [0, 1],
      [-1, 2],
      [1, 2],
    ],
    [[0], [1], [0]],
    [[1], ['length'], [1]],
  ] as [g.Dim[], g.Dim[], number[]][])('Slice from %j to %j along %j', async (starts, ends, axes) => {
    await checkGradients([x], (v) => g.Slice(v, starts, ends, axes));
  });

  it('Pad', async () => {
    await checkGradients([x], (v) => g.Pad(v, [1, 0], ['length', 2], [1, 2]));
  });

  it('Expand, Unsqueeze, Squeeze', async () => {
    await checkGradients([{ shape: ['batch', 1, 2], sizes }], (v) => g.Expand(v, [3, 'batch', 2, 2]));
    await checkGradients([x], (v) => g.Squeeze(g.Mul(g.Unsqueeze(v, [0, 2, 4]), 2), [0, 4]));
  });

  it('sizes, ranges and zeros are read at run time', async () => {
    const graph = new g.Graph('sizes');
    const a = graph.input('a', 'float32', ['batch', 'length']);
    graph.output('sizes', g.sizes(graph, [7, 'batch', '2*batch*length+length-1', 'length']));
    graph.output('range', g.range(graph, 'batch+length'));
    graph.output('zeros', g.zeros(graph, ['length', 2]));
    graph.output('same', a);
    const { Tensor } = await import('onnxruntime-node');
    const results = await run(g.encodeModel(graph), { a: new Tensor('float32', new Float32Array(6), [2, 3]) });
    expect(results.sizes.data).toEqual([7, 2, 14, 3]);
    expect(results.range.data).toEqual([0, 1, 2, 3, 4]);
    expect(results.zeros).toEqual({ dims: [3, 2], data: [0, 0, 0, 0, 0, 0] });
  });
});

describe('reductions', () => {
  const operations = {
    ReduceSum: g.ReduceSum,
    ReduceMean: g.ReduceMean,
    ReduceMax: g.ReduceMax,
    ReduceLogSumExp: g.ReduceLogSumExp,
  };
  for (const [name, operation] of Object.entries(operations)) {
    it.each([
      [[-1], false],
      [[2, 0], false],
      [[0, 1], true],
      [undefined, false],
    ] as [number[] | undefined, boolean][])(`${name} over %j, axes kept: %j`, async (axes, keepdims) => {
      await checkGradients([x], (v) => operation(v, axes, { keepdims }), { step: 2e-3 });
    });
  }

  it('ReduceMax shares the gradient among equal maxima', async () => {
    const graph = new g.Graph('ties');
    const a = graph.constant([3, 1, 3], [3]);
    const b = g.Identity(a);
    graph.output('gradient', g.gradients(g.ReduceMax(b), [b])[0]);
    expect((await run(g.encodeModel(graph), {})).gradient.data).toEqual([0.5, 0, 0.5]);
  });
});

describe('normalisation', () => {
  it.each([-1, 1, 0])('Softmax and LogSoftmax over axis %j', async (axis) => {
    await checkGradients([x], (v) => g.Softmax(v, axis));
    await checkGradients([x], (v) => g.LogSoftmax(v, axis));
  });

  it('SimplifiedLayerNormalization is an RMS norm and differentiates input and scale', async () => {
    await checkGradients([x, { shape: [4] }], (v, scale) =>
      g.SimplifiedLayerNormalization(v, scale, { epsilon: 1e-3 }),
    );
    const graph = new g.Graph('rms');
    graph.output(
      'y',
      g.SimplifiedLayerNormalization(graph.constant([3, 4], [1, 2]), graph.constant([1, 2], [2]), { epsilon: 0.5 }),
    );
    const { y } = await run(g.encodeModel(graph), {});
    y.data.forEach((value, i) => {
      expect(value).toBeCloseTo([3, 8][i] / Math.sqrt(13), 5);
    });
  });
});

describe('indexing', () => {
  const indices = (shape: g.Dim[], ...values: number[]) => ({
    type: 'int64' as const,
    shape,
    sizes,
    data: BigInt64Array.from(values, BigInt),
  });

  it.each([0, 1, 2])('Gather along axis %j, with an index that comes twice', async (axis) => {
    await checkGradients([x, indices([3], 1, 0, 1)], (v, i) => g.Gather(v, i, axis));
    await checkGradients([x, indices(['batch', 2], 1, 0, 1, 1)], (v, i) => g.Gather(v, i, axis));
    await checkGradients([x, indices([], 1)], (v, i) => g.Gather(v, i, axis));
  });

  it('GatherElements and ScatterElements', async () => {
    await checkGradients([x, indices(['batch', 'length', 1], 3, 0, 1, 1, 2, 3)], (v, i) => g.GatherElements(v, i, 2));
    await checkGradients([x, indices(['batch', 'length', 2], 3, 3, 0, 1, 1, 1, 2, 0, 3, 0, 1, 2)], (v, i) =>
      g.GatherElements(v, i, -1),
    );
    const updates = { shape: ['batch', 'length', 1] as g.Dim[], sizes };
    for (const reduction of ['none', 'add'] as const) {
      await checkGradients([x, indices(['batch', 'length', 1], 3, 0, 1, 1, 2, 3), updates], (v, i, u) =>
        g.ScatterElements(v, i, u, 2, { reduction }),
      );
    }
  });
});

describe('rotary position embedding', () => {
  const positions = {
    type: 'int64' as const,
    shape: ['batch', 'length'] as g.Dim[],
    sizes,
    data: BigInt64Array.of(0n, 1n, 2n, 5n, 6n, 7n),
  };
  const tables = (graph: g.Graph) =>
    [Math.cos, Math.sin].map((f) =>
      graph.constant(
        Float32Array.from({ length: 16 }, (_, i) => f((i >> 1) * (i % 2 ? 0.1 : 1))),
        [8, 2],
      ),
    );

  it.each([[['batch', 'length', 8]], [['batch', 2, 'length', 4]]] as [g.Dim[]][])(
    'rotates %j and back',
    async (shape) => {
      await checkGradients([{ shape, sizes }, positions], (v, p) => {
        const [cos, sin] = tables(v.graph);
        return g.RotaryEmbedding(v, p, cos, sin);
      });
    },
  );

  it('turns halves against each other by the position', async () => {
    const graph = new g.Graph('rotary');
    const [cos, sin] = tables(graph);
    const rotated = g.RotaryEmbedding(graph.constant([1, 0, 0, 1], [1, 1, 4]), graph.constant([3n], [1, 1]), cos, sin);
    graph.output('y', rotated);
    const { y } = await run(g.encodeModel(graph), {});
    [Math.cos(3), -Math.sin(0.3), Math.sin(3), Math.cos(0.3)].forEach((value, i) => {
      expect(y.data[i]).toBeCloseTo(value, 5);
    });
  });
});
