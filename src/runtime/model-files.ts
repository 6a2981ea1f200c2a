/** Compiled graphs on disk: written once for a model and a checkpoint, then opened in a moment. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
  await compileOnce(folder, async (target) => {
    const weights = await WeightsFile.create(join(target, 'weights.bin'));
    for (const [name, build] of Object.entries(builders)) {
      await build(new FrozenWeights(new Graph(name), file, precision)).write(target, { weightsFile: weights });
    }
    await weights.close();
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
  await compileOnce(folder, async (target) => {
    const weights = await WeightsFile.create(join(target, 'weights.bin'));
    const graph = new Graph('adapter');
    buildAdapterGraph(graph, new FrozenWeights(graph, file, 'float32'), adapter, adapter.latentSize, adapter.middle);
    await graph.write(target, { weightsFile: weights });
    await weights.close();
  });
  return join(folder, 'adapter.onnx');
}

/** Writes into a folder beside and renames it, so that an interrupted write is never taken for a whole one. */
export async function compileOnce(folder: string, write: (target: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const target = `${folder}.${process.pid}`;
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  try {
    await write(target);
    await rename(target, folder);
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  }
}
