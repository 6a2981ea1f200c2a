/** Element-by-element operations against central differences, alone and broadcast. */
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import * as g from '../../src/graph/index.js';
import { checkGradients, run } from './finite-differences.js';

const batch = { sizes: { batch: 3 } };

describe('unary operations', () => {
  const smooth = {
    Neg: g.Neg,
    Exp: g.Exp,
    Sigmoid: g.Sigmoid,
    Tanh: g.Tanh,
    Softplus: g.Softplus,
    Erf: g.Erf,
    Gelu: g.Gelu,
    Identity: g.Identity,
  };
  it.each(Object.entries(smooth))('%s has the slope that differences show', async (_, operation) => {
    await checkGradients([{ shape: ['batch', 4], ...batch }], operation);
  });

  const positive = { Log: g.Log, Sqrt: g.Sqrt, Reciprocal: g.Reciprocal };
  it.each(Object.entries(positive))('%s has the slope that differences show, right of zero', async (_, operation) => {
    await checkGradients([{ shape: [2, 3], scale: 0.2, offset: 2 }], operation);
  });

  const kinked = { Abs: g.Abs, Relu: g.Relu, Clip: (x: g.Value) => g.Clip(x, -0.9, 0.8) };
  it.each(Object.entries(kinked))('%s has the slope that differences show, off its kinks', async (_, operation) => {
    const data = Float32Array.of(-2, -1, -0.5, 0.3, 0.7, 1.5);
    await checkGradients([{ shape: [6], data }], operation);
  });
});

describe('binary operations', () => {
  const operations = { Add: g.Add, Sub: g.Sub, Mul: g.Mul, Div: g.Div, Max: g.Max, Min: g.Min };
  const shapes: [g.Dim[], g.Dim[]][] = [
    [
      ['batch', 4],
      ['batch', 4],
    ],
    [['batch', 4], [4]],
    [
      ['batch', 1],
      [2, 1, 4],
    ],
    [[], ['batch', 2]],
    [
      ['batch', 'batch'],
      [1, 'batch'],
    ],
  ];
  for (const [name, operation] of Object.entries(operations)) {
    it.each(shapes)(`${name} of %j and %j sums its gradient over repeated axes`, async (a, b) => {
      await checkGradients(
        [
          { shape: a, ...batch },
          { shape: b, ...batch, offset: 4, scale: 0.5 },
        ],
        operation,
      );
    });
  }

  it('Pow differentiates base and exponent', async () => {
    await checkGradients(
      [
        { shape: [2, 3], offset: 2, scale: 0.3 },
        { shape: [3], offset: 1.5, scale: 0.3 },
      ],
      g.Pow,
    );
    await checkGradients([{ shape: [2, 3], offset: 2, scale: 0.3 }], (x) => g.Pow(x, 3));
  });

  it('Max and Min give the gradient to the side that won, and to the first where both are equal', async () => {
    const [a, b] = [Float32Array.of(1, 5, -2, 0), Float32Array.of(3, 2)];
    for (const operation of [g.Max, g.Min]) {
      await checkGradients(
        [
          { shape: [2, 2], data: a },
          { shape: [2], data: b },
        ],
        operation,
      );
      const graph = new g.Graph('tie');
      const [x, y] = [graph.input('x', 'float32', []), graph.input('y', 'float32', [])];
      g.gradients(operation(x, y), [x, y]).forEach((gradient, i) => {
        graph.output(`d${i}`, gradient);
      });
      const two = new Tensor('float32', Float32Array.of(2), []);
      const results = await run(g.encodeModel(graph), { x: two, y: two });
      expect([results.d0.data, results.d1.data]).toEqual([[1], [0]]);
    }
  });

  it('takes numbers as either operand', async () => {
    await checkGradients([{ shape: [3], offset: 3, scale: 0.3 }], (x) => g.Div(1, g.Add(2, g.Mul(x, 0.5))));
  });

  it('adds up what comes back to a value used twice', async () => {
    await checkGradients([{ shape: [2, 2] }], (x) => g.Mul(g.Add(x, x), g.Sigmoid(x)));
  });
});

describe('selection and comparison', () => {
  it('Where routes the gradient', async () => {
    const data = Uint8Array.of(1, 0, 1);
    await checkGradients(
      [{ type: 'bool', shape: ['batch', 1], data, ...batch }, { shape: ['batch', 2], ...batch }, { shape: [2] }],
      (c, a, b) => g.Where(c, a, b),
    );
  });

  it('comparisons give booleans', async () => {
    const graph = new g.Graph('compare');
    const [a, b] = [graph.constant([1, 2, 3], [3]), graph.constant([2, 2, 2], [3])];
    const all = {
      less: g.Less(a, b),
      equal: g.Equal(a, b),
      more: g.Greater(a, b),
      atLeast: g.GreaterOrEqual(a, b),
      atMost: g.LessOrEqual(a, b),
    };
    for (const [name, value] of Object.entries(all)) graph.output(name, g.Cast(value, 'int32'));
    graph.output('both', g.Cast(g.And(all.atLeast, g.Not(g.Or(all.more, all.less))), 'int32'));
    const results = await run(g.encodeModel(graph), {});
    expect(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data.join('')]))).toEqual({
      less: '100',
      equal: '010',
      more: '001',
      atLeast: '011',
      atMost: '110',
      both: '010',
    });
  });

  it('Cast goes through half floats and back, gradient included', async () => {
    await checkGradients([{ shape: [4] }], (x) => g.Mul(g.Cast(g.Cast(x, 'float16'), 'float32'), 2), {
      step: 0.125,
      tolerance: 0.05,
    });
  });
});
