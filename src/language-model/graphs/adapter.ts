/** The latent adapter: z becomes a prefix of four virtual tokens' keys and values in every layer (docs/method.md 1). */
import {
  Add,
  Gelu,
  type Graph,
  MatMul,
  Reshape,
  RotaryEmbedding,
  SimplifiedLayerNormalization,
  Split,
  Squeeze,
  Unsqueeze,
  type Value,
} from '../../graph/index.js';
import type { LanguageModelConfig } from '../model.js';
import { type CachedSegment, rotaryTables, splitHeads } from './decoder.js';
import type { FrozenWeights } from './linear.js';
import { cacheNames } from './serving.js';

/** Virtual tokens a layer. */
export const PREFIX_LENGTH = 4;

/** Epsilon of the virtual hidden states' RMS norm. */
const ADAPTER_EPSILON = 1e-5;

/** Trained parameters as Values: w1 [layers, latent, middle], b1 [layers, 1, middle], w2 [layers, middle, 4 x hidden], b2 [layers, 1, 4 x hidden]. */
export interface AdapterParameters {
  w1: Value;
  b1: Value;
  w2: Value;
  b2: Value;
}

/** The parameters' shapes for a model, in the order of their names. */
export function adapterShapes(config: LanguageModelConfig, latent: number, middle: number) {
  const wide = PREFIX_LENGTH * config.hidden;
  return {
    w1: [config.layers, latent, middle],
    b1: [config.layers, 1, middle],
    w2: [config.layers, middle, wide],
    b2: [config.layers, 1, wide],
  } satisfies Record<keyof AdapterParameters, number[]>;
}

/**
 * @param latent z [rows, latent]
 * @param positions int64 [rows, 4], the prefix's positions in each row's text
 * @returns keys and values [rows, kvHeads, 4, headSize] a layer
 */
export function latentPrefix(
  weights: FrozenWeights,
  parameters: AdapterParameters,
  latent: Value,
  positions: Value,
): CachedSegment {
  const { layers, hidden, kvHeads, headSize } = weights.file.config;
  const { graph } = weights;
  const tables = rotaryTables(graph, weights.file.config);
  const rows = latent.shape[0];
  const middle = Gelu(Add(MatMul(Unsqueeze(latent, [0]), parameters.w1), parameters.b1));
  const all = Add(MatMul(middle, parameters.w2), parameters.b2);
  const segment: CachedSegment = { keys: [], values: [], length: PREFIX_LENGTH };
  Split(all, 0, Array<number>(layers).fill(1)).forEach((wide, layer) => {
    const name = (part: string) => `blk.${layer}.attn_${part}.weight`;
    const virtual = Reshape(Squeeze(wide, [0]), [rows, PREFIX_LENGTH, hidden]);
    const x = SimplifiedLayerNormalization(virtual, weights.vector(name('norm')), { epsilon: ADAPTER_EPSILON });
    const projected = weights.linear(x, [name('k'), name('v')]);
    const [k, v] = Split(projected, 2, [kvHeads * headSize, kvHeads * headSize]);
    segment.keys.push(splitHeads(RotaryEmbedding(k, positions, tables.cos, tables.sin), kvHeads, headSize));
    segment.values.push(splitHeads(v, kvHeads, headSize));
  });
  return segment;
}

/**
 * The adapter alone, for serving. In: latent float32 [rows, latent], positions int64 [rows, 4].
 * Out: new keys and values [rows, kvHeads, 4, headSize] a layer.
 */
export function buildAdapterGraph(
  graph: Graph,
  weights: FrozenWeights,
  parameters: Record<keyof AdapterParameters, Float32Array>,
  latentSize: number,
  middle: number,
): Graph {
  const shapes = adapterShapes(weights.file.config, latentSize, middle);
  const hold = (name: keyof AdapterParameters) => {
    const data = parameters[name];
    return graph.weight(
      `adapter.${name}`,
      'float32',
      shapes[name],
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
  };
  const segment = latentPrefix(
    weights,
    { w1: hold('w1'), b1: hold('b1'), w2: hold('w2'), b2: hold('b2') },
    graph.input('latent', 'float32', ['rows', latentSize]),
    graph.input('positions', 'int64', ['rows', PREFIX_LENGTH]),
  );
  outputPrefix(graph, segment);
  return graph;
}

/** Makes a prefix's keys and values outputs, under the names that every serving graph has for new ones. */
export function outputPrefix(graph: Graph, { keys, values }: CachedSegment): void {
  keys.forEach((value, layer) => graph.output(cacheNames.newKey(layer), value));
  values.forEach((value, layer) => graph.output(cacheNames.newValue(layer), value));
}
