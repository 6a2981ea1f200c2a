/** Building, encoding and printing graphs, and what is refused. */
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import * as g from '../../src/graph/index.js';
import { run } from './finite-differences.js';

const bytesOf = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);

describe('encoding', () => {
  it('refuses another size than it was told, and one name for two tensors', () => {
    const graph = new g.Graph('refused');
    graph.weight('w', 'float32', [2], bytesOf(1, 2));
    expect(() => graph.weight('w', 'float32', [3], bytesOf(1, 2, 3))).toThrow(/w is float32\[2\] already/);
    const short = new g.Graph('short');
    short.weight('w', 'float32', [3], () => bytesOf(1, 2));
    expect(() => g.encodeModel(short)).toThrow('Weight w of float32[3] takes 12 bytes, not 8.');
  });

  it('names outputs that are inputs, weights or outputs already', async () => {
    const graph = new g.Graph('names');
    const x = graph.input('x', 'float32', [1]);
    const y = g.Mul(x, 2);
    graph.output('double', y);
    graph.output('again', y);
    graph.output('same', x);
    graph.output('weight', graph.weight('w', 'float32', [1], bytesOf(5)));
    graph.output('next', g.Add(y, 1));
    const results = await run(g.encodeModel(graph), { x: new Tensor('float32', Float32Array.of(3), [1]) });
    expect(Object.entries(results).map(([name, { data }]) => [name, data[0]])).toEqual([
      ['double', 6],
      ['again', 6],
      ['same', 3],
      ['weight', 5],
      ['next', 7],
    ]);
  });

  it('carries half-float weights', async () => {
    const graph = new g.Graph('half');
    const half = graph.weight('half', 'float16', [2], new Uint8Array(Uint16Array.of(0x3c00, 0xc100).buffer));
    graph.output('y', g.Cast(half, 'float32'));
    expect((await run(g.encodeModel(graph), {})).y.data).toEqual([1, -2.5]);
  });
});

describe('constants', () => {
  it('keep their types, and equal ones are one', async () => {
    const graph = new g.Graph('constants');
    expect(graph.constant([1, 2], [2])).toBe(graph.constant(Float32Array.of(1, 2), [2]));
    expect(graph.constant([1, 2], [2])).not.toBe(graph.constant([1, 2], [2], 'int64'));
    expect(graph.constant([1n, 2n], [2])).toBe(graph.constant([1, 2], [2], 'int64'));
    const all: [string, g.Value][] = [
      ['int32', graph.constant(Int32Array.of(-7), [1])],
      ['int64', graph.constant([-(2 ** 40)], [1], 'int64')],
      ['uint8', graph.constant(Uint8Array.of(200), [1])],
      ['bool', graph.constant([1], [1], 'bool')],
      ['float16', graph.constant(Uint16Array.of(0x4200), [1])],
    ];
    for (const [name, value] of all) {
      expect(value.type).toBe(name);
      graph.output(name, g.Identity(value));
    }
    const results = await run(g.encodeModel(graph), {});
    expect(['int32', 'int64', 'uint8', 'bool'].map((name) => results[name].data[0])).toEqual([-7, -(2 ** 40), 200, 1]);
    expect(() => graph.constant([1, 2], [3])).toThrow(
      'A constant in graph constants of float32[3] takes 12 bytes, not 8.',
    );
  });
});

describe('errors name the operation and the shapes', () => {
  const graph = new g.Graph('errors');
  const a = graph.input('a', 'float32', ['batch', 4]);
  const b = graph.input('b', 'float32', ['length', 3]);
  const i = graph.input('i', 'int64', ['batch']);
  const other = new g.Graph('other').input('a', 'float32', [4]);
  it.each([
    [
      'INTERNAL: Add: the shapes [batch, 4] and [length, 3] do not broadcast (batch against length).',
      () => g.Add(a, b),
    ],
    [
      'INTERNAL: Add takes operands of one type; it was given a: float32[batch, 4], i: int64[batch].',
      () => g.Add(a, i),
    ],
    ['INTERNAL: Add in graph errors was given a, which belongs to graph other.', () => g.Add(a, other)],
    [
      'INTERNAL: MatMul sums over 4 on the left and length on the right; it was given a: float32[batch, 4], b: float32[length, 3].',
      () => g.MatMul(a, b),
    ],
    [
      'INTERNAL: Reshape to [batch, 3] has 3*batch elements instead of 4*batch; it was given a: float32[batch, 4].',
      () => g.Reshape(a, ['batch', 3]),
    ],
    [
      'INTERNAL: Reshape to [3, -1] does not divide: 4*batch by 3; it was given a: float32[batch, 4].',
      () => g.Reshape(a, [3, -1]),
    ],
    [
      'INTERNAL: Concat along axis 1 takes tensors that differ there only; it was given a: float32[batch, 4], b: float32[length, 3].',
      () => g.Concat([a, b], 1),
    ],
    [
      'INTERNAL: Split along axis 1 needs lengths that add up to its size, not [1, 2]; it was given a: float32[batch, 4].',
      () => g.Split(a, 1, [1, 2]),
    ],
    [
      'INTERNAL: Slice from 1 to 5 does not lie inside axis 1; it was given a: float32[batch, 4].',
      () => g.Slice(a, [1], [5], [1]),
    ],
    ['INTERNAL: Softmax: there is no axis 2 in a tensor of rank 2.', () => g.Softmax(a, 2)],
    ['INTERNAL: Gather takes int64 or int32; it was given b: float32[length, 3].', () => g.Gather(a, b)],
    [
      'INTERNAL: Transpose needs every axis once, not [0,0]; it was given a: float32[batch, 4].',
      () => g.Transpose(a, [0, 0]),
    ],
    [
      'INTERNAL: Graph errors: no tensor has an axis of size width, so it cannot be read.',
      () => g.sizes(graph, ['width']),
    ],
    ['INTERNAL: Graph errors: two values cannot both be named a.', () => graph.input('a', 'float32', [])],
    ['INTERNAL: Graph errors: the name b is taken; name the output otherwise.', () => graph.output('b', a)],
  ])('%s', (message, act) => {
    let seen = '';
    try {
      act();
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      seen = `${code}: ${message}`;
    }
    expect(seen).toBe(message);
  });

  it('asks for whole attributes or { float }', () => {
    const bad = new g.Graph('attributes');
    const x = bad.input('x', 'float32', [1]);
    bad.node('LeakyRelu', [x], { alpha: 0.1 }, [x]);
    expect(() => g.encodeModel(bad)).toThrow('Attribute alpha is 0.1: write a real number as { float: 0.1 }.');
  });
});

it('prints as text', () => {
  const graph = new g.Graph('printed');
  const x = graph.input('x', 'float32', ['batch', 3]);
  const w = graph.weight('w', 'float32', [2, 3], new Uint8Array(24));
  const y = g.FusedMatMul(x, w, { transB: true, alpha: 0.5 });
  graph.output('loss', g.ReduceSum(g.Mul(y, y)));
  graph.output('gradient', g.gradients(g.ReduceSum(g.Mul(y, y)), [x])[0]);
  expect(g.print(graph)).toMatchInlineSnapshot(`
    "graph printed
    input x: float32[batch, 3]
    weight w: float32[2, 3]
    constant constant_0: int64[2] = [0, 1]
    constant constant_1: float32[] = [1]
    constant constant_2: int64[1] = [2]
    FusedMatMul_0: float32[batch, 2] = com.microsoft.FusedMatMul(x, w) {transA=0, transB=1, alpha=0.5}
    Mul_0: float32[batch, 2] = Mul(FusedMatMul_0, FusedMatMul_0)
    ReduceSum_0: float32[] = ReduceSum(Mul_0, constant_0) {keepdims=0}
    Mul_1: float32[batch, 2] = Mul(FusedMatMul_0, FusedMatMul_0)
    ReduceSum_1: float32[] = ReduceSum(Mul_1, constant_0) {keepdims=0}
    Shape_0: int64[1] = Shape(x) {start=0, end=1}
    Concat_0: int64[2] = Concat(Shape_0, constant_2) {axis=0}
    Expand_0: float32[batch, 2] = Expand(constant_1, Concat_0)
    Mul_2: float32[batch, 2] = Mul(Expand_0, FusedMatMul_0)
    Mul_3: float32[batch, 2] = Mul(Expand_0, FusedMatMul_0)
    Add_0: float32[batch, 2] = Add(Mul_2, Mul_3)
    FusedMatMul_1: float32[batch, 3] = com.microsoft.FusedMatMul(Add_0, w) {transA=0, transB=0, alpha=0.5}
    output loss = ReduceSum_0
    output gradient = FusedMatMul_1
    "
  `);
});
