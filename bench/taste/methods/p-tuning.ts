/**
 * Prefix tuning (Li and Liang 2021, arXiv 2101.00190), which is P-Tuning v2 (Liu et al. 2022, arXiv 2110.07602): in every layer the keys and
 * values of four positions are the member's own numbers and trained directly. They lie where the served prefix lies, just before the prompt's last
 * token; keys are kept as they are before their rotation, so that they mean the same behind prompts of all lengths. Nothing of the checkpoint is in
 * them. No four positions say nothing at all: training starts from those of four real tokens, which says next to nothing.
 */
import { RotaryEmbedding, Split, type Value } from '../../../src/graph/index.js';
import { PREFIX_LENGTH } from '../../../src/language-model/graphs/adapter.js';
import { type CachedSegment, rotaryTables } from '../../../src/language-model/graphs/decoder.js';
import { FrozenWeights } from '../../../src/language-model/graphs/linear.js';
import { cacheNames } from '../../../src/language-model/graphs/serving.js';
import type { LanguageModelConfig } from '../../../src/language-model/model.js';
import { joined } from '../../../src/learning/clap/trainer.js';
import type { KeyValues } from '../../../src/runtime/kv-cache.js';
import { type Feed, int64 } from '../../../src/runtime/session.js';
import type { DpoPart } from './dpo.js';
import { writeBehind } from './method.js';

type PrefixName = 'keys' | 'values';

const shapesOf = ({ layers, kvHeads, headSize }: LanguageModelConfig): Record<PrefixName, number[]> => {
  const shape = [layers, kvHeads, PREFIX_LENGTH, headSize];
  return { keys: shape, values: shape };
};

const positionsFrom = (first: number): number[] => Array.from({ length: PREFIX_LENGTH }, (_, i) => first + i);

export const pTuning: DpoPart<PrefixName> = {
  name: 'P-Tuning',
  rates: [1e-3, 5e-3, 2e-2],
  shapes: shapesOf,
  prefixLength: PREFIX_LENGTH,

  behind(graph, file, { keys, values }) {
    const { layers, kvHeads, headSize } = file.config;
    const prompt: CachedSegment = { keys: [], values: [], length: 'prompt' };
    for (let layer = 0; layer < layers; layer++) {
      const dims = [1, kvHeads, 'prompt', headSize];
      prompt.keys.push(graph.input(cacheNames.pastKey(layer), 'float32', dims));
      prompt.values.push(graph.input(cacheNames.pastValue(layer), 'float32', dims));
    }
    const { cos, sin } = rotaryTables(graph, file.config);
    const positions = graph.input('prefix_positions', 'int64', [1, PREFIX_LENGTH]);
    const ofLayers = (stacked: Value) => Split(stacked, 0, Array<number>(layers).fill(1));
    const prefix: CachedSegment = {
      keys: ofLayers(keys).map((own) => RotaryEmbedding(own, positions, cos, sin)),
      values: ofLayers(values),
      length: PREFIX_LENGTH,
    };
    return { weights: new FrozenWeights(graph, file, 'float32'), segments: [prompt, prefix] };
  },

  /** The prompt's keys and values do not depend on the prefix behind them. */
  async promptFeeds(reader, promptIds) {
    const { kvHeads, headSize } = reader.config;
    const { cache } = await reader.readPrompt(promptIds, [0, promptIds.length - 1]);
    const dims = [1, kvHeads, cache.length, headSize];
    const feeds: Record<string, Feed> = {
      prefix_positions: { data: int64(positionsFrom(cache.length)), dims: [1, PREFIX_LENGTH] },
    };
    cache.keys.forEach((data, layer) => {
      feeds[cacheNames.pastKey(layer)] = { data, dims };
      feeds[cacheNames.pastValue(layer)] = { data: cache.values[layer], dims };
    });
    return feeds;
  },

  /** The last four tokens of a short chat prompt before its last one. */
  async start(reader, { config, tokenizer }) {
    const { ids } = tokenizer.encodeChat([{ role: 'user', content: 'Hello.' }]);
    const { cache } = await reader.readPrompt(ids, [0, ids.length - 1]);
    const { kvHeads, headSize } = config;
    const first = cache.length - PREFIX_LENGTH;
    const lastOf = (array: Float32Array) =>
      Array.from({ length: kvHeads }, (_, head) =>
        array.subarray((head * cache.length + first) * headSize, (head + 1) * cache.length * headSize),
      );
    const back = positionsFrom(first).map((position) => -position);
    return {
      keys: rotated(config, joined(cache.keys.flatMap(lastOf)), back),
      values: joined(cache.values.flatMap(lastOf)),
    };
  },

  async writer(parameters, { file: { config } }) {
    return (task) => writeBehind(task, { prefix: (position) => prefixAt(config, parameters, position) });
  },
};

/** The member's prefix as it is served from a position on. */
export function prefixAt(
  config: LanguageModelConfig,
  { keys, values }: Record<PrefixName, Float32Array>,
  first: number,
): KeyValues {
  const { layers, kvHeads, headSize } = config;
  const size = kvHeads * PREFIX_LENGTH * headSize;
  const ofLayers = (all: Float32Array) =>
    Array.from({ length: layers }, (_, layer) => all.slice(layer * size, (layer + 1) * size));
  return {
    keys: ofLayers(rotated(config, keys, positionsFrom(first))),
    values: ofLayers(values),
    length: PREFIX_LENGTH,
  };
}

/** Rotary position embedding (Su et al. 2021) of keys [.., positions, headSize], halves against each other; negative positions take it back. */
function rotated(
  { headSize, ropeTheta }: LanguageModelConfig,
  keys: Float32Array,
  positions: readonly number[],
): Float32Array {
  const half = headSize / 2;
  return keys.map((value, i) => {
    const within = i % headSize;
    const position = positions[Math.floor(i / headSize) % positions.length];
    const angle = position * ropeTheta ** (-(within % half) / half);
    const other = within < half ? -keys[i + half] : keys[i - half];
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}
