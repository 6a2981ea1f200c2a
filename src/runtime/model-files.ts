/** Compiled graphs on disk: written once for a model and a checkpoint, then opened in a moment. */
import { join } from 'node:path';
import { makeFolderOnce } from '../common/whole-files.js';
import { Graph, WeightsFile } from '../graph/index.js';
import { buildAdapterGraph } from '../language-model/graphs/adapter.js';
import { FrozenWeights, type Precision } from '../language-model/graphs/linear.js';
import {
  buildDecodeGraph,
  buildInspectGraph,
  buildReadGraph,
  buildScoreGraph,
} from '../language-model/graphs/serving.js';
import type { LanguageModelFile } from '../language-model/model.js';
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
    const weights = await WeightsFile.create(join(target, 'weights.bin'));
    try {
      for (const [name, build] of Object.entries(builders)) {
        await build(new FrozenWeights(new Graph(name), file, precision)).write(target, { weightsFile: weights });
      }
    } finally {
      await weights.close();
    }
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
    const weights = await WeightsFile.create(join(target, 'weights.bin'));
    const graph = new Graph('adapter');
    try {
      buildAdapterGraph(graph, new FrozenWeights(graph, file, 'float32'), adapter, adapter.latentSize, adapter.middle);
      await graph.write(target, { weightsFile: weights });
    } finally {
      await weights.close();
    }
  });
  return join(folder, 'adapter.onnx');
}
