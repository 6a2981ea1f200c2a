/** Graphs on disk: shared weights, what is written anew, and what is refused. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as g from '../../src/graph/index.js';
import { WeightsFile, writeGraphs } from '../../src/runtime/graph-files.js';
import { run } from '../graph/finite-differences.js';

const bytesOf = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-graph-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('puts weights beside the model and small constants inside', async () => {
  const graph = new g.Graph('single');
  const x = graph.input('x', 'float32', ['rows', 2]);
  const w = graph.weight('w', 'float32', [2, 2], bytesOf(1, 2, 3, 4));
  graph.output('y', g.Add(g.MatMul(x, w), graph.constant([0.5, -0.5], [2])));
  await writeGraphs(folder, [graph]);
  expect((await readdir(folder)).sort()).toEqual(['single.onnx', 'weights.bin']);
  const { y } = await run(join(folder, 'single.onnx'), {
    x: new Tensor('float32', Float32Array.of(1, 1, 0, 2), [2, 2]),
  });
  expect(y).toEqual({ dims: [2, 2], data: [4.5, 5.5, 6.5, 7.5] });
});

it('shares the weights among the graphs: a name is stored once, page-aligned', async () => {
  let loads = 0;
  const build = (name: string, extra: string) => {
    const graph = new g.Graph(name);
    const x = graph.input('x', 'float32', [1, 2]);
    const both = graph.weight('both', 'float32', [2, 2], () => {
      loads++;
      return bytesOf(1, 0, 0, 2);
    });
    graph.output('y', g.Add(g.MatMul(x, both), graph.weight(extra, 'float32', [2], bytesOf(name.length, 0))));
    return graph;
  };
  await writeGraphs(folder, [build('first', 'one'), build('second', 'other')], 'shared.weights');
  expect(loads).toBe(1);
  expect((await stat(join(folder, 'shared.weights'))).size).toBe(2 * 4096 + 8);
  const results = await Promise.all(
    ['first', 'second'].map((name) =>
      run(join(folder, `${name}.onnx`), { x: new Tensor('float32', Float32Array.of(3, 4), [1, 2]) }),
    ),
  );
  expect(results.map(({ y }) => y.data)).toEqual([
    [8, 8],
    [9, 8],
  ]);
});

it('says what to do when weights cannot be written, and goes on after one that cannot be loaded', async () => {
  const file = await WeightsFile.create(join(folder, 'closed.weights'));
  const form = { name: 'w', type: 'float32', shape: [1] } as const;
  const broken = file.place(form, () => {
    throw new Error('the source is gone');
  });
  await expect(broken).rejects.toThrow('the source is gone');
  expect(await file.place(form, () => bytesOf(1))).toMatchObject({ location: 'closed.weights', offset: 0, length: 4 });
  await file.close();
  await expect(file.place({ ...form, name: 'late' }, () => bytesOf(1))).rejects.toThrow(
    /4 bytes of weights could not be written to .*closed.weights .*: make room there or choose another folder/,
  );
});

it('keeps a written model whole when it is written again', async () => {
  const build = (value: number) => {
    const graph = new g.Graph('again');
    graph.output('y', g.Neg(graph.weight('w', 'float32', [1], bytesOf(value))));
    return writeGraphs(folder, [graph]);
  };
  await build(1);
  await build(2);
  expect((await run(join(folder, 'again.onnx'), {})).y.data).toEqual([-2]);
  expect((await readFile(join(folder, 'weights.bin'))).equals(Buffer.from(bytesOf(2)))).toBe(true);
});

it('refuses one name for two tensors of different shapes', async () => {
  const named = (name: string, length: number) => {
    const graph = new g.Graph(name);
    graph.weight('w', 'float32', [length], new Uint8Array(4 * length));
    return graph;
  };
  await expect(writeGraphs(folder, [named('one', 2), named('other', 1)])).rejects.toThrow(/holds w as float32\[2\]/);
});
