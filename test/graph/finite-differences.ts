/** Runs graphs through onnxruntime and compares their gradients with central differences. */
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { Random } from '../../src/common/random.js';
import {
  type DataType,
  type Dim,
  encodeModel,
  Graph,
  gradients,
  Mul,
  ReduceSum,
  type Value,
} from '../../src/graph/index.js';

export type Data = Float32Array | BigInt64Array | Uint8Array;

export interface Fed {
  type?: DataType;
  /** What the graph declares. */
  shape: readonly Dim[];
  /** What a symbol stands for in this run. */
  sizes?: Readonly<Record<string, number>>;
  data?: Data;
  /** For data drawn at random: standard normals times `scale` plus `offset`. */
  scale?: number;
  offset?: number;
  /** Not differentiated. */
  frozen?: boolean;
}

/** The outputs of one run by name. */
export async function run(
  model: Uint8Array | string,
  feeds: Record<string, ort.Tensor>,
): Promise<Record<string, { dims: readonly number[]; data: number[] }>> {
  const options: ort.InferenceSession.SessionOptions = { intraOpNumThreads: 1, logSeverityLevel: 3 };
  const session =
    typeof model === 'string'
      ? await ort.InferenceSession.create(model, options)
      : await ort.InferenceSession.create(model, options);
  const results = await session.run(feeds);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [
      name,
      { dims: tensor.dims, data: Array.from(tensor.data as Float32Array, Number) },
    ]),
  );
}

export function feed(fed: Fed, random: Random): ort.Tensor {
  const dims = fed.shape.map((dim) => (typeof dim === 'number' ? dim : sizeOf(dim, fed)));
  const count = dims.reduce((a, b) => a * b, 1);
  const drawn = () =>
    Float32Array.from({ length: count }, () => random.normal() * (fed.scale ?? 1) + (fed.offset ?? 0));
  return new ort.Tensor((fed.type ?? 'float32') as 'float32', (fed.data ?? drawn()) as Float32Array, dims);
}

function sizeOf(dim: string, fed: Fed): number {
  const size = fed.sizes?.[dim];
  if (size === undefined) throw new Error(`the test gives no size for ${dim}`);
  return size;
}

/**
 * Builds `forward` on inputs x0, x1, .., weighs all its outputs with random numbers into a loss, and checks the gradient
 * at every float input that is not frozen, element by element, within `tolerance` (relative to 1 + its size).
 */
export async function checkGradients(
  fed: readonly Fed[],
  forward: (...inputs: Value[]) => Value | Value[],
  { tolerance = 2e-2, step = 1e-2, seed = 7 } = {},
): Promise<{ loss: number; gradients: number[][] }> {
  const random = new Random(seed);
  const graph = new Graph('check');
  const inputs = fed.map(({ type, shape }, i) => graph.input(`x${i}`, type ?? 'float32', shape));
  const outputs = [forward(...inputs)].flat();
  const feeds: Record<string, ort.Tensor> = {};
  fed.forEach((each, i) => {
    feeds[`x${i}`] = feed(each, random);
  });
  const loss = outputs
    .map((output, i) => {
      const weight = graph.input(`w${i}`, 'float32', output.shape);
      graph.output(`y${i}`, output);
      return ReduceSum(Mul(output, weight));
    })
    .reduce((a, b) => sum(a, b));
  graph.output('loss', loss);
  const wrt = inputs.filter((_, i) => !fed[i].frozen && (fed[i].type ?? 'float32') === 'float32');
  gradients(loss, wrt).forEach((gradient, i) => {
    expect(gradient.shape).toEqual(wrt[i].shape);
    graph.output(`d_${wrt[i].name}`, gradient);
  });
  const session = await ort.InferenceSession.create(encodeModel(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const shapes = await outputShapes(fed, forward, feeds);
  shapes.forEach((dims, i) => {
    const count = dims.reduce((a, b) => a * b, 1);
    feeds[`w${i}`] = new ort.Tensor('float32', random.normals(count), [...dims]);
  });
  const results = await session.run(feeds);
  const lossAt = async (name: string, data: Float32Array) => {
    const out = await session.run({ ...feeds, [name]: new ort.Tensor('float32', data, feeds[name].dims) }, ['loss']);
    return (out.loss.data as Float32Array)[0];
  };
  for (const { name } of wrt) {
    const got = results[`d_${name}`];
    expect(got.dims).toEqual(feeds[name].dims);
    const data = feeds[name].data as Float32Array;
    for (let i = 0; i < data.length; i++) {
      const moved = (by: number) => Float32Array.from(data, (value, j) => (j === i ? value + by : value));
      const slope = ((await lossAt(name, moved(step))) - (await lossAt(name, moved(-step)))) / (2 * step);
      const analytic = (got.data as Float32Array)[i];
      const error = Math.abs(analytic - slope) / (1 + Math.abs(slope));
      expect(error, `d loss / d ${name}[${i}]: ${analytic}, by differences ${slope}`).toBeLessThan(tolerance);
    }
  }
  await session.release();
  return {
    loss: (results.loss.data as Float32Array)[0],
    gradients: wrt.map(({ name }) => Array.from(results[`d_${name}`].data as Float32Array)),
  };
}

function sum(a: Value, b: Value): Value {
  return a.graph.node('Add', [a, b], {}, [{ type: 'float32', shape: [] }], '', (g) => [() => g, () => g])[0];
}

/** What the runtime says the outputs' sizes are, so that symbolic ones can be weighed. */
async function outputShapes(
  fed: readonly Fed[],
  forward: (...inputs: Value[]) => Value | Value[],
  feeds: Record<string, ort.Tensor>,
): Promise<readonly (readonly number[])[]> {
  const graph = new Graph('shapes');
  const inputs = fed.map(({ type, shape }, i) => graph.input(`x${i}`, type ?? 'float32', shape));
  const outputs = [forward(...inputs)].flat();
  outputs.forEach((output, i) => {
    graph.output(`y${i}`, output);
  });
  const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => name.startsWith('x')));
  const results = await run(encodeModel(graph), used);
  return outputs.map((output, i) => {
    const { dims } = results[`y${i}`];
    output.shape.forEach((dim, axis) => {
      if (typeof dim === 'number') expect(dims[axis]).toBe(dim);
    });
    expect(dims.length).toBe(output.shape.length);
    return dims;
  });
}
