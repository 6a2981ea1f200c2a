/** What a checkpoint is worth on prompts it never saw (docs/method.md 5, reconstruction). */
import type { LanguageModelConfig } from '../../language-model/model.js';
import type { KeyValues } from '../../runtime/kv-cache.js';
import type { GraphRunner } from '../../runtime/session.js';
import { decoderFeeds } from './batch.js';
import type { AdapterName, ClapSizes } from './graph.js';
import type { ClapSample } from './samples.js';
import { parameterFeeds } from './trainer.js';

/** Negative log-likelihoods a token in nat: behind a reply's own z, another reply's, z = 0, and no prefix. */
export interface Reconstruction {
  own: number;
  other: number;
  zero: number;
  none: number;
  /** Share of replies likelier behind their own z than behind another's. */
  contrastAccuracy: number;
  prompts: number;
  replies: number;
}

/** @param latents posterior means, [prompts][replies][latent] */
export async function evaluateReconstruction(
  config: LanguageModelConfig,
  sizes: ClapSizes,
  shapes: Record<AdapterName, number[]>,
  parameters: Record<AdapterName, Float32Array>,
  samples: readonly ClapSample[],
  latents: readonly (readonly Float32Array[])[],
  tools: { score: GraphRunner; readPrompt: (sample: ClapSample) => Promise<KeyValues> },
): Promise<Reconstruction> {
  const adapter = parameterFeeds(parameters, shapes);
  const sums = { own: 0, other: 0, zero: 0, none: 0 };
  let tokens = 0;
  let closer = 0;
  for (const [i, sample] of samples.entries()) {
    const replies = sample.replies.slice(0, sizes.replies);
    const own = latents[i].slice(0, sizes.replies);
    const other = [...own.slice(1), own[0]];
    const zero = own.map((z) => new Float32Array(z.length));
    const cache = await tools.readPrompt(sample);
    const score = async (rows: readonly Float32Array[], prefixed: boolean) => {
      const latent = new Float32Array(rows.length * sizes.latent);
      rows.forEach((row, r) => latent.set(row, r * sizes.latent));
      const feeds = decoderFeeds(config, sizes, sample.promptIds, cache, replies, prefixed);
      const out = await tools.score.run({
        ...adapter,
        ...feeds,
        latents: { data: latent, dims: [rows.length, sizes.latent] },
      });
      return out.nll;
    };
    const behindOwn = await score(own, true);
    const behindOther = await score(other, true);
    const add = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
    sums.own += add(behindOwn);
    sums.other += add(behindOther);
    sums.zero += add(await score(zero, true));
    sums.none += add(await score(zero, false));
    tokens += replies.reduce((sum, reply) => sum + Math.min(reply.length, sizes.tokens), 0);
    closer += replies.filter((_, r) => behindOwn[r] < behindOther[r]).length;
  }
  const replies = samples.length * sizes.replies;
  return {
    own: sums.own / tokens,
    other: sums.other / tokens,
    zero: sums.zero / tokens,
    none: sums.none / tokens,
    contrastAccuracy: closer / replies,
    prompts: samples.length,
    replies,
  };
}
