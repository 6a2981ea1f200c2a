/** Arrays of one CLaP step: replies of one prompt, padded to the graph's fixed sizes. */

import { PREFIX_LENGTH } from '../../language-model/graphs/adapter.js';
import { HIDDEN_SCORE } from '../../language-model/graphs/decoder.js';
import { cacheNames } from '../../language-model/graphs/serving.js';
import type { LanguageModelConfig } from '../../language-model/model.js';
import type { KeyValues } from '../../runtime/kv-cache.js';
import { type Feed, int64 } from '../../runtime/session.js';
import type { ClapSizes } from './graph.js';

/**
 * Feeds of the frozen decoder: cached prompt, prefix positions, reply tokens with their targets.
 * @param promptIds all of the prompt; its last token is the first that the rows read
 * @param replies one reply a row; longer ones are cut to `sizes.tokens`
 * @param prefixed false hides the prefix and lets positions count on as if there were none
 */
export function decoderFeeds(
  config: LanguageModelConfig,
  sizes: ClapSizes,
  promptIds: readonly number[],
  cache: KeyValues,
  replies: readonly (readonly number[])[],
  prefixed = true,
): Record<string, Feed> {
  const rows = replies.length;
  const before = promptIds.length - 1;
  const first = before + (prefixed ? PREFIX_LENGTH : 0);
  const cut = replies.map((reply) => reply.slice(0, sizes.tokens));
  const padded = (values: readonly number[]) => [...values, ...Array<number>(sizes.tokens - values.length).fill(0)];
  const counted = cut.flatMap((reply) => padded(reply.map(() => 1)));
  const inputs = cut.map((reply) => padded([promptIds[before], ...reply.slice(0, -1)]));
  const dims = [rows, sizes.tokens];
  const feeds: Record<string, Feed> = {
    ids: { data: int64(inputs.flat()), dims },
    positions: { data: int64(inputs.flatMap((row) => row.map((_, t) => first + t))), dims },
    targets: { data: int64(cut.flatMap(padded)), dims },
    target_mask: { data: Float32Array.from(counted), dims },
    prefix_positions: {
      data: int64(inputs.flatMap(() => Array.from({ length: PREFIX_LENGTH }, (_, i) => before + i))),
      dims: [rows, PREFIX_LENGTH],
    },
    mask: stepMask(config, sizes, before, prefixed),
  };
  for (let layer = 0; layer < config.layers; layer++) {
    feeds[cacheNames.pastKey(layer)] = paddedCache(config, sizes, cache.keys[layer], cache.length);
    feeds[cacheNames.pastValue(layer)] = paddedCache(config, sizes, cache.values[layer], cache.length);
  }
  return feeds;
}

/** [1, 1, tokens x group, prompt + prefix + tokens]: padding of the prompt is hidden, reply tokens see what is before them. */
function stepMask(config: LanguageModelConfig, sizes: ClapSizes, cached: number, prefixed: boolean): Feed {
  const group = config.heads / config.kvHeads;
  const width = sizes.prompt + PREFIX_LENGTH + sizes.tokens;
  const mask = new Float32Array(sizes.tokens * group * width);
  for (let query = 0; query < sizes.tokens * group; query++) {
    const row = query * width;
    mask.fill(HIDDEN_SCORE, row + cached, row + sizes.prompt);
    if (!prefixed) mask.fill(HIDDEN_SCORE, row + sizes.prompt, row + sizes.prompt + PREFIX_LENGTH);
    mask.fill(HIDDEN_SCORE, row + sizes.prompt + PREFIX_LENGTH + Math.floor(query / group) + 1, row + width);
  }
  return { data: mask, dims: [1, 1, sizes.tokens * group, width] };
}

function paddedCache(config: LanguageModelConfig, sizes: ClapSizes, data: Float32Array, length: number): Feed {
  const { kvHeads, headSize } = config;
  const padded = new Float32Array(kvHeads * sizes.prompt * headSize);
  for (let head = 0; head < kvHeads; head++) {
    padded.set(data.subarray(head * length * headSize, (head + 1) * length * headSize), head * sizes.prompt * headSize);
  }
  return { data: padded, dims: [1, kvHeads, sizes.prompt, headSize] };
}
