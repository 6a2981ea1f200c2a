/** Reverse mode as a whole: what it walks, what it leaves out, and an attention layer end to end. */
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import * as g from '../../src/graph/index.js';
import { checkGradients, run } from './finite-differences.js';

describe('what is walked', () => {
  it('leaves out frozen weights and branches that do not lead to what was asked', () => {
    const graph = new g.Graph('walk');
    const x = graph.input('x', 'float32', [2, 3]);
    const side = graph.input('side', 'float32', [2, 3]);
    const w = graph.weight('w', 'float32', [3, 3], new Uint8Array(36));
    const y = g.Add(g.Tanh(g.MatMul(x, w)), g.Exp(g.MatMul(side, w)));
    const loss = g.ReduceSum(y);
    const before = graph.nodes.length;
    g.gradients(loss, [x]);
    // Expand of the seed, the slope of Tanh (three nodes), one product.
    expect(graph.nodes.slice(before).map(({ op }) => op)).toEqual(['Expand', 'Mul', 'Sub', 'Mul', 'FusedMatMul']);
  });

  it('gives the gradient at values in the middle, and at the loss', async () => {
    const graph = new g.Graph('middle');
    const x = graph.input('x', 'float32', [2]);
    const middle = g.Mul(x, x);
    const loss = g.ReduceSum(g.Mul(middle, 3));
    const [atMiddle, atX, atLoss] = g.gradients(loss, [middle, x, loss]);
    graph.output('middle', atMiddle);
    graph.output('x_', atX);
    graph.output('loss', atLoss);
    const results = await run(g.encodeModel(graph), { x: new Tensor('float32', Float32Array.of(1, -2), [2]) });
    expect([results.middle.data, results.x_.data, results.loss.data]).toEqual([[3, 3], [6, -12], [1]]);
  });

  it('pulls cotangents of several outputs back', async () => {
    const graph = new g.Graph('pull');
    const x = graph.input('x', 'float32', [2]);
    const cotangents = [graph.constant([1, 10], [2]), graph.constant([100], [])];
    const [pulled] = g.vectorJacobianProduct([g.Mul(x, x), g.ReduceSum(x)], cotangents, [x]);
    graph.output('pulled', pulled);
    const { pulled: got } = await run(g.encodeModel(graph), { x: new Tensor('float32', Float32Array.of(2, 3), [2]) });
    expect(got.data).toEqual([104, 160]);
  });

  it('refuses a loss that is no scalar, a value the loss does not depend on, and a way without gradient', () => {
    const graph = new g.Graph('refuse');
    const [x, other] = [graph.input('x', 'float32', ['n']), graph.input('other', 'float32', [])];
    expect(() => g.gradients(x, [x])).toThrow('The loss must be one float32, not float32[n]: reduce it first.');
    expect(() => g.gradients(g.ReduceSum(x), [other])).toThrow(/does not depend on other: there is no gradient/);
    const rounded = graph.node('Round', [x], {}, [x])[0];
    expect(() => g.gradients(g.ReduceSum(rounded), [x])).toThrow(
      'Round (Round_0) lies on the way of a gradient and has none.',
    );
    expect(() => g.gradients(g.ReduceSum(g.Cast(g.Cast(x, 'int64'), 'float32')), [x])).toThrow(/lies on the way/);
  });

  it('stops at a comparison without complaint where another way leads on', async () => {
    await checkGradients([{ shape: [4] }], (x) => g.Where(g.Greater(x, 0.1), g.Mul(x, 2), 0), { step: 1e-3 });
  });
});

describe('a decoder layer', () => {
  const sizes = { batch: 2, sequence: 3, past: 2 };
  const [heads, kvHeads, size] = [4, 2, 4];
  const group = heads / kvHeads;
  const hidden = 6;

  /** Grouped-query attention over a shared cache, a differentiated prefix and the new tokens; then SwiGLU and a loss. */
  function layer(
    x: g.Value,
    prefix: g.Value,
    positions: g.Value,
    ids: g.Value,
    pastKeys: g.Value,
    w: g.Value[],
  ): g.Value {
    const { graph } = x;
    const [qkv, output, gateUp, down, head] = w;
    const scale = graph.constant(Array(hidden).fill(0.9), [hidden]);
    const projected = g.FusedMatMul(g.SimplifiedLayerNormalization(x, scale), qkv, { transB: true });
    const [q, k, v] = g.Split(projected, 2, [heads * size, kvHeads * size, kvHeads * size]);
    const tables = [Math.cos, Math.sin].map((f) =>
      graph.constant(
        Float32Array.from({ length: 20 }, (_, i) => f((i >> 1) * (i % 2 ? 0.1 : 1))),
        [10, 2],
      ),
    );
    const rotate = (u: g.Value) => g.RotaryEmbedding(u, positions, tables[0], tables[1]);
    const split = (u: g.Value) => g.Transpose(g.Reshape(u, ['batch', 'sequence', kvHeads, size]), [0, 2, 1, 3]);
    const grouped = g.Reshape(rotate(q), ['batch', 'sequence', kvHeads, group, size]);
    const queries = g.Reshape(g.Transpose(grouped, [0, 2, 1, 3, 4]), ['batch', kvHeads, 'sequence*2', size]);
    const keys = [pastKeys, prefix, split(rotate(k))];
    const values = [pastKeys, prefix, split(v)];
    const scores = keys.map((key) => g.FusedMatMul(queries, key, { transB: true, alpha: size ** -0.5 }));
    const probabilities = g.Softmax(g.Concat(scores, 3), 3);
    const shares = g.Split(
      probabilities,
      3,
      keys.map((key) => key.shape[2]),
    );
    const context = shares.map((share, i) => g.FusedMatMul(share, values[i])).reduce((a, b) => g.Add(a, b));
    const back = g.Transpose(g.Reshape(context, ['batch', kvHeads, 'sequence', group, size]), [0, 2, 1, 3, 4]);
    const merged = g.Reshape(back, ['batch', 'sequence', heads * size]);
    const attended = g.Add(x, g.FusedMatMul(merged, output, { transB: true }));
    const [gate, up] = g.Split(g.FusedMatMul(attended, gateUp, { transB: true }), 2, [5, 5]);
    const fed = g.FusedMatMul(g.Mul(g.Mul(gate, g.Sigmoid(gate)), up), down, { transB: true });
    const logits = g.LogSoftmax(g.FusedMatMul(g.Add(attended, fed), head, { transB: true }));
    return g.Neg(g.Squeeze(g.GatherElements(logits, g.Unsqueeze(ids, [2]), 2), [2]));
  }

  it('has the slopes that differences show at tokens, prefix and every weight', async () => {
    const int64 = (...values: number[]) => ({
      type: 'int64' as const,
      shape: ['batch', 'sequence'] as g.Dim[],
      sizes,
      data: BigInt64Array.from(values, BigInt),
    });
    await checkGradients(
      [
        { shape: ['batch', 'sequence', hidden], sizes },
        { shape: ['batch', kvHeads, 1, size], sizes },
        int64(3, 4, 5, 1, 2, 3),
        int64(0, 1, 2, 6, 5, 4),
        { shape: [1, kvHeads, 'past', size], sizes, frozen: true },
        { shape: [2 * heads * size, hidden], scale: 0.5 },
        { shape: [hidden, heads * size], scale: 0.5 },
        { shape: [10, hidden], scale: 0.5 },
        { shape: [hidden, 5], scale: 0.5 },
        { shape: [7, hidden], scale: 0.5 },
      ],
      (x, prefix, positions, ids, past, ...w) => layer(x, prefix, positions, ids, past, w),
    );
  });
});
