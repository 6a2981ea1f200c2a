/**
 * Low-rank adaptation (Hu et al. 2022, arXiv 2106.09685) of the query and value projections of every layer: W x + B A x, with W frozen. B starts
 * at zero, so that an untrained adaptation changes nothing, to the last bit.
 */
import { Add, Concat, FusedMatMul, Graph, Split, Squeeze, type Value } from '../../../src/graph/index.js';
import { type CachedSegment, runDecoder, times } from '../../../src/language-model/graphs/decoder.js';
import { FrozenWeights, type Precision } from '../../../src/language-model/graphs/linear.js';
import { buildDecodeGraph, buildReadGraph } from '../../../src/language-model/graphs/serving.js';
import type { LanguageModelConfig, LanguageModelFile } from '../../../src/language-model/model.js';
import { parameterFeeds } from '../../../src/learning/clap/trainer.js';
import { causalMask, ServingModel } from '../../../src/runtime/serving-model.js';
import { type GraphRunner, int64 } from '../../../src/runtime/session.js';
import { writerOf } from '../served-model.js';
import type { DpoPart } from './dpo.js';
import { parameterInputs } from './dpo-graph.js';
import { decodeInProcess } from './in-process-decoding.js';
import { writeBehind } from './method.js';

const RANK = 8;

/** a: the rows of A for queries, then those for values. */
type LoraName = 'a' | 'b_query' | 'b_value';

const shapesOf = ({ layers, hidden, heads, kvHeads, headSize }: LanguageModelConfig): Record<LoraName, number[]> => ({
  a: [layers, 2 * RANK, hidden],
  b_query: [layers, heads * headSize, RANK],
  b_value: [layers, kvHeads * headSize, RANK],
});

export const lora: DpoPart<LoraName> = {
  name: `LoRA r=${RANK}`,
  rates: [1e-4, 5e-4, 2e-3],
  shapes: shapesOf,
  prefixLength: 0,

  /** The prompt is read once for all rows, and trained through: the adaptation is in its keys and values too. */
  behind(graph, file, parameters) {
    const weights = new LoraWeights(graph, file, 'float32', parameters);
    const group = file.config.heads / file.config.kvHeads;
    const { keys, values } = runDecoder(weights, {
      ids: graph.input('prompt_ids', 'int64', [1, 'prompt']),
      positions: graph.input('prompt_positions', 'int64', [1, 'prompt']),
      segments: [],
      mask: graph.input('prompt_mask', 'float32', [1, 1, times('prompt', group), 'prompt']),
    });
    return { weights, segments: [{ keys, values, length: 'prompt' } satisfies CachedSegment] };
  },

  async promptFeeds({ config }, promptIds) {
    const length = promptIds.length - 1;
    const queries = (length * config.heads) / config.kvHeads;
    return {
      prompt_ids: { data: int64(promptIds.slice(0, -1)), dims: [1, length] },
      prompt_positions: { data: int64(promptIds.slice(0, -1).map((_, i) => i)), dims: [1, length] },
      prompt_mask: {
        data: causalMask(length, config.heads / config.kvHeads, 0),
        dims: [1, 1, queries, length],
      },
    };
  },

  async start(_, { config }, random) {
    const shapes = shapesOf(config);
    const size = (name: LoraName) => shapes[name].reduce((product, n) => product * n, 1);
    const spread = config.hidden ** -0.5;
    return {
      a: random.normals(size('a')).map((value) => spread * value),
      b_query: new Float32Array(size('b_query')),
      b_value: new Float32Array(size('b_value')),
    };
  },

  /** Writes with the served graphs' own weights, the adaptation added beside them and fed at every step. */
  async writer(parameters, { file, slots }, open) {
    const feeds = parameterFeeds(parameters, shapesOf(file.config));
    const adapted = async (name: string): Promise<GraphRunner> => {
      const runner = await open(name);
      return { run: (others, fetches) => runner.run({ ...others, ...feeds }, fetches) };
    };
    const serving = new ServingModel(file.config, { decode: await adapted('decode'), read: await adapted('read') });
    const write = writerOf(file.tokenizer, decodeInProcess(serving, slots));
    return (task) => writeBehind({ ...task, model: { ...task.model, write } });
  },

  servingGraphs: (file) =>
    Object.entries({ decode: buildDecodeGraph, read: buildReadGraph }).map(([name, build]) => {
      const graph = new Graph(name);
      return build(new LoraWeights(graph, file, 'packed', parameterInputs(graph, shapesOf(file.config))));
    }),
};

/** The frozen weights with an adaptation beside those of queries and values. */
export class LoraWeights extends FrozenWeights {
  private readonly layers: Record<LoraName, Value[]>;

  constructor(graph: Graph, file: LanguageModelFile, precision: Precision, parameters: Record<LoraName, Value>) {
    super(graph, file, precision);
    const { a, b_query, b_value } = parameters;
    const ofLayers = (stacked: Value) =>
      Split(stacked, 0, Array<number>(file.config.layers).fill(1)).map((one) => Squeeze(one, [0]));
    this.layers = { a: ofLayers(a), b_query: ofLayers(b_query), b_value: ofLayers(b_value) };
  }

  override linear(x: Value, names: readonly string[]): Value {
    const frozen = super.linear(x, names);
    const layer = /^blk\.(\d+)\.attn_q\.weight$/.exec(names[0])?.[1];
    return layer === undefined ? frozen : this.adapted(x, frozen, Number(layer));
  }

  /** @param frozen queries, keys and values side by side */
  private adapted(x: Value, frozen: Value, layer: number): Value {
    const { heads, kvHeads, headSize } = this.file.config;
    const last = x.shape.length - 1;
    const low = FusedMatMul(x, this.layers.a[layer], { transB: true });
    const [lowQuery, lowValue] = Split(low, last, [RANK, RANK]);
    const [query, key, value] = Split(frozen, last, [heads * headSize, kvHeads * headSize, kvHeads * headSize]);
    return Concat(
      [
        Add(query, FusedMatMul(lowQuery, this.layers.b_query[layer], { transB: true })),
        key,
        Add(value, FusedMatMul(lowValue, this.layers.b_value[layer], { transB: true })),
      ],
      last,
    );
  }
}
