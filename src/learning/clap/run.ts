/** The compiled graphs of a CLaP run, opened, and the parameters it starts from. */
import { join } from 'node:path';
import { Random } from '../../common/random.js';
import { makeFolderOnce } from '../../common/whole-files.js';
import { Graph } from '../../graph/index.js';
import { PREFIX_LENGTH } from '../../language-model/graphs/adapter.js';
import { FrozenWeights } from '../../language-model/graphs/linear.js';
import { writeGraphs } from '../../runtime/graph-files.js';
import type { KeyValues } from '../../runtime/kv-cache.js';
import { compileModel } from '../../runtime/model-files.js';
import { ServingModel } from '../../runtime/serving-model.js';
import type { GraphRunner } from '../../runtime/session.js';
import {
  buildClapGraph,
  buildClapScoreGraph,
  buildPrefixGraph,
  buildResponseGraph,
  type ClapSizes,
  parameterShapes,
} from './graph.js';
import type { ChatPrompt } from './samples.js';
import type { PretrainSettings, PretrainTools } from './settings.js';
import type { Parameters } from './trainer.js';

/** Graphs of a run, each opened when it is first asked for. */
type GraphName = 'step' | 'score' | 'response' | 'prefix' | 'inspect';

export interface Run {
  sizes: ClapSizes;
  shapes: ReturnType<typeof parameterShapes>;
  open: (name: GraphName) => Promise<GraphRunner>;
  readPrompt: (prompt: ChatPrompt) => Promise<KeyValues>;
}

/** Compiles the training graphs over the float32 weights that the exact serving graphs use too. */
export async function openRun(
  settings: PretrainSettings,
  tools: PretrainTools,
  prompts: readonly ChatPrompt[],
): Promise<Run> {
  const { file, thread, threads } = tools;
  const longest = Math.max(...prompts.map(({ promptIds }) => promptIds.length - 1));
  const sizes: ClapSizes = {
    latent: settings.latent,
    middle: settings.middle,
    projected: settings.projected,
    replies: settings.batch,
    signed: settings.response.signed,
    prompt: Math.ceil(longest / 8) * 8,
    tokens: settings.tokens,
    aggregate: Math.min(64, settings.prompts),
    draws: 16,
  };
  const compiled = await compileModel(file, tools.cacheFolder, 'float32');
  const folder = join(tools.cacheFolder, `${file.digest.slice(0, 16)}-clap-${Object.values(sizes).join('-')}`);
  await makeFolderOnce(folder, async (target) => {
    const weightsOf = (name: string) => new FrozenWeights(new Graph(name), file, 'float32');
    await writeGraphs(target, [
      buildClapGraph(weightsOf('step'), sizes),
      buildClapScoreGraph(weightsOf('score'), sizes),
      buildResponseGraph(weightsOf('response'), sizes),
      buildPrefixGraph(weightsOf('prefix'), sizes),
    ]);
  });
  const opened = new Map<GraphName, Promise<GraphRunner>>();
  const read = await thread.open(compiled.read, threads);
  const model = new ServingModel(file.config, { read });
  return {
    sizes,
    shapes: parameterShapes(new FrozenWeights(new Graph('shapes'), file, 'float32'), sizes),
    open: (name) => {
      const path = name === 'inspect' ? compiled.inspect : join(folder, `${name}.onnx`);
      const graph = opened.get(name) ?? thread.open(path, threads);
      opened.set(name, graph);
      return graph;
    },
    readPrompt: async (prompt) => (await model.readPrompt(prompt.promptIds, prompt.lastUserTurn)).cache,
  };
}

/** Mean = the first whitened directions, log-variance = -2; the adapter starts as the layer inputs of four real tokens. */
export async function initialParameters(
  settings: PretrainSettings,
  tools: PretrainTools,
  run: Run,
): Promise<Parameters> {
  const random = new Random(`${settings.seed}/parameters`);
  const { latent, middle, projected } = settings;
  const size = (name: keyof Parameters) => run.shapes[name].reduce((product, n) => product * n, 1);
  const scaled = (name: 'w1' | 'w2', scale: number) =>
    random
      .fork(name)
      .normals(size(name))
      .map((value) => value * scale);
  const meanWeight = new Float32Array(latent * projected);
  for (let i = 0; i < latent; i++) meanWeight[i * projected + i] = 1;
  return {
    w1: scaled('w1', latent ** -0.5),
    b1: new Float32Array(size('b1')),
    w2: scaled('w2', 0.5 * middle ** -0.5),
    b2: await realTokens(tools, run),
    mean_weight: meanWeight,
    mean_bias: new Float32Array(latent),
    log_variance_weight: new Float32Array(latent * projected),
    log_variance_bias: new Float32Array(latent).fill(-2),
  };
}

/** RMS-normalised layer inputs of the last four tokens of a short chat prompt: [layers, 4 x hidden]. */
async function realTokens(tools: PretrainTools, run: Run): Promise<Float32Array> {
  const { layers, hidden } = tools.file.config;
  const ids = tools.file.tokenizer.encodeChat([{ role: 'user', content: 'Hello.' }]).ids.slice(0, -1);
  const model = new ServingModel(tools.file.config, {});
  const inspect = await run.open('inspect');
  const out = await inspect.run(model.readFeeds([ids], model.emptyCache(), {}));
  const start = new Float32Array(layers * PREFIX_LENGTH * hidden);
  for (let layer = 0; layer < layers; layer++) {
    for (let token = 0; token < PREFIX_LENGTH; token++) {
      const at = (ids.length - PREFIX_LENGTH + token) * hidden;
      const row = out[`hidden_${layer}`].subarray(at, at + hidden);
      const scale = (row.reduce((sum, value) => sum + value * value, 0) / hidden + 1e-5) ** -0.5;
      start.set(
        row.map((value) => value * scale),
        (layer * PREFIX_LENGTH + token) * hidden,
      );
    }
  }
  return start;
}
