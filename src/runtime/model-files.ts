/** Compiled graphs on disk: written once for a model and a checkpoint, then opened in a moment. */
import { join } from 'node:path';
import { makeFolderOnce } from '../common/whole-files.js';
import { Graph } from '../graph/index.js';
import { buildAdapterGraph } from '../language-model/graphs/adapter.js';
import { FrozenWeights, type Precision } from '../language-model/graphs/linear.js';
import {
  buildDecodeGraph,
  buildInspectGraph,
  buildReadGraph,
  buildScoreGraph,
} from '../language-model/graphs/serving.js';
import type { LanguageModelFile } from '../language-model/model.js';
import { writeGraphs } from './graph-files.js';
import type { AdapterWeights } from './messages.js';

/** Raised whenever a graph's arithmetic or layout changes, so that older files are made again. */
const LAYOUT = 2;

const builders = { decode: buildDecodeGraph, read: buildReadGraph, score: buildScoreGraph, inspect: buildInspectGraph };

/** Paths of the compiled graphs by name. */
export type CompiledModel = Record<keyof typeof builders, string>;

/** Compiles the serving graphs of one precision unless they are there. */
export async function compileModel(
  file: LanguageModelFile,
  cacheFolder: string,
  precision: Precision,
): Promise<CompiledModel> {
  const folder = join(cacheFolder, `${file.digest.slice(0, 16)}-${precision}-${LAYOUT}`);
  await makeFolderOnce(folder, async (target) => {
    const weightsOf = (name: string) => new FrozenWeights(new Graph(name), file, precision);
    const graphs = Object.entries(builders).map(([name, build]) => build(weightsOf(name)));
    await writeGraphs(target, graphs);
  });
  const path = (name: string) => join(folder, `${name}.onnx`);
  return { decode: path('decode'), read: path('read'), score: path('score'), inspect: path('inspect') };
}

/** Compiles a checkpoint's adapter unless it is there. */
export async function compileAdapter(
  file: LanguageModelFile,
  cacheFolder: string,
  adapter: AdapterWeights,
): Promise<string> {
  const folder = join(cacheFolder, `${file.digest.slice(0, 16)}-adapter-${adapter.digest.slice(0, 16)}-${LAYOUT}`);
  await makeFolderOnce(folder, async (target) => {
    const graph = new Graph('adapter');
    buildAdapterGraph(graph, new FrozenWeights(graph, file, 'float32'), adapter, adapter.latentSize, adapter.middle);
    await writeGraphs(target, [graph]);
  });
  return join(folder, 'adapter.onnx');
}
