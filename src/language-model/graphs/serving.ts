/** The graphs that serve: one decodes a token a row, one reads texts for their features, one scores texts. */
import { Concat, type Graph, MatMul, SimplifiedLayerNormalization, type Value } from '../../graph/index.js';
import type { LanguageModelConfig } from '../model.js';
import { type CachedSegment, type DecoderOutput, logitsOf, logProbabilitiesOf, runDecoder } from './decoder.js';
import type { FrozenWeights } from './linear.js';

/** Names of a layer's cache tensors in every serving graph. */
export const cacheNames = {
  pastKey: (layer: number) => `past_key_${layer}`,
  pastValue: (layer: number) => `past_value_${layer}`,
  newKey: (layer: number) => `new_key_${layer}`,
  newValue: (layer: number) => `new_value_${layer}`,
};

/** The epsilon of the features' RMS norm (docs/method.md 1). */
const FEATURE_EPSILON = 1e-6;

/** The depths whose hidden states are pooled: inputs of three layers (8, 15 and 22 of 30) and the final norm's output. */
export function featureDepths(layers: number): number[] {
  return [Math.round((layers * 8) / 30), Math.round(layers / 2), Math.round((layers * 22) / 30), layers];
}

/**
 * One step of a running batch: each row one new token against its own cache.
 * In: ids, positions int64 [batch, 1]; mask float32 [batch, 1, group, past + 1]; past keys and values. Out: logits [batch, 1, vocabulary], new keys and values.
 */
export function buildDecodeGraph(weights: FrozenWeights): Graph {
  const { graph } = weights;
  const output = decoderOf(weights, { batch: 'batch', sequence: 1, cacheBatch: 'batch' });
  graph.output('logits', logitsOf(weights, output.hidden[weights.file.config.layers]));
  outputCache(graph, output);
  return graph;
}

/**
 * Reads texts behind one shared cache, without any prefix.
 * In: ids, positions int64 [batch, sequence]; mask float32 [batch, 1, sequence x group, past + sequence]; lengths int64 [2]; pool float32 [batch, 1, sequence], weights that sum to 1 over a text's tokens;
 * past keys and values [1, ...]. Out: features [batch, 1, 4 x hidden], new keys and values.
 */
export function buildReadGraph(weights: FrozenWeights): Graph {
  const { graph } = weights;
  const output = decoderOf(weights, { batch: 'batch', sequence: 'sequence', cacheBatch: 1 });
  const pool = graph.input('pool', 'float32', ['batch', 1, 'sequence']);
  graph.output('features', pooledFeatures(graph, weights.file.config, output, pool));
  outputCache(graph, output);
  return graph;
}

/**
 * Scores texts behind one shared cache. In: as the read graph, with targets int64 [batch, sequence] for pool.
 * Out: log_probabilities float32 [batch, sequence] of the targets.
 */
export function buildScoreGraph(weights: FrozenWeights): Graph {
  const { graph } = weights;
  const output = decoderOf(weights, { batch: 'batch', sequence: 'sequence', cacheBatch: 1 });
  const targets = graph.input('targets', 'int64', ['batch', 'sequence']);
  const hidden = output.hidden[weights.file.config.layers];
  graph.output('log_probabilities', logProbabilitiesOf(weights, hidden, targets));
  return graph;
}

/**
 * Shows what the decoder computes inside. In: as the read graph without pool. Out: hidden_<l>, the input of each layer and
 * the final norm's output [batch, sequence, hidden], and logits.
 */
export function buildInspectGraph(weights: FrozenWeights): Graph {
  const { graph } = weights;
  const output = decoderOf(weights, { batch: 'batch', sequence: 'sequence', cacheBatch: 1 });
  output.hidden.forEach((value, layer) => graph.output(`hidden_${layer}`, value));
  graph.output('logits', logitsOf(weights, output.hidden[weights.file.config.layers]));
  return graph;
}

function decoderOf(
  weights: FrozenWeights,
  shape: { batch: string; sequence: number | string; cacheBatch: string | number },
): DecoderOutput {
  const { graph } = weights;
  const { layers, kvHeads, headSize, heads } = weights.file.config;
  const { batch, sequence } = shape;
  const group = heads / kvHeads;
  const segment: CachedSegment = { keys: [], values: [], length: 'past' };
  for (let layer = 0; layer < layers; layer++) {
    const dims = [shape.cacheBatch, kvHeads, 'past', headSize];
    segment.keys.push(graph.input(cacheNames.pastKey(layer), 'float32', dims));
    segment.values.push(graph.input(cacheNames.pastValue(layer), 'float32', dims));
  }
  const queries = typeof sequence === 'number' ? sequence * group : `${sequence}*${group}`;
  return runDecoder(weights, {
    ids: graph.input('ids', 'int64', [batch, sequence]),
    positions: graph.input('positions', 'int64', [batch, sequence]),
    segments: [segment],
    mask: graph.input('mask', 'float32', [batch, 1, queries, `past+${sequence}`]),
    lengths: graph.input('lengths', 'int64', [2]),
  });
}

function outputCache(graph: Graph, output: DecoderOutput): void {
  output.keys.forEach((value, layer) => graph.output(cacheNames.newKey(layer), value));
  output.values.forEach((value, layer) => graph.output(cacheNames.newValue(layer), value));
}

/** Each depth's hidden states RMS-normalised without weight, averaged by `pool`, side by side. */
function pooledFeatures(graph: Graph, config: LanguageModelConfig, output: DecoderOutput, pool: Value): Value {
  const ones = graph.constant(new Float32Array(config.hidden).fill(1), [config.hidden]);
  const pooled = featureDepths(config.layers).map((depth) =>
    MatMul(pool, SimplifiedLayerNormalization(output.hidden[depth], ones, { epsilon: FEATURE_EPSILON })),
  );
  return Concat(pooled, 2);
}
