/** What a checkpoint is worth on prompts it never saw (docs/method.md 5, reconstruction). */
import type { LanguageModelConfig } from '../../language-model/model.js';
import type { KeyValues } from '../../runtime/kv-cache.js';
import type { GraphRunner } from '../../runtime/session.js';
import { decoderFeeds } from './batch.js';
import type { AdapterName, ClapSizes } from './graph.js';
import type { ClapSample } from './samples.js';
import { joined, parameterFeeds } from './trainer.js';

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

export interface ScoringTools {
  config: LanguageModelConfig;
  sizes: ClapSizes;
  shapes: Record<AdapterName, number[]>;
  /** The graph of `buildClapScoreGraph`. */
  score: GraphRunner;
  readPrompt: (sample: ClapSample) => Promise<KeyValues>;
}

/** @param latents posterior means, [prompts][replies][latent] */
export async function evaluateReconstruction(
  adapter: Record<AdapterName, Float32Array>,
  samples: readonly ClapSample[],
  latents: readonly (readonly Float32Array[])[],
  tools: ScoringTools,
): Promise<Reconstruction> {
  const { replies: rows } = tools.sizes;
  const sums = { own: 0, other: 0, zero: 0, none: 0 };
  let closer = 0;
  for (const [i, sample] of samples.entries()) {
    const score = await scorerOf(adapter, sample, tools);
    const own = latents[i].slice(0, rows);
    const behindOwn = await score(own);
    const behindOther = await score([...own.slice(1), own[0]]);
    sums.own += sumOf(behindOwn);
    sums.other += sumOf(behindOther);
    sums.zero += sumOf(await score('zero'));
    sums.none += sumOf(await score('none'));
    closer += behindOwn.filter((nll, r) => nll < behindOther[r]).length;
  }
  const tokens = tokensOf(samples, tools.sizes);
  const replies = samples.length * rows;
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

/** Negative log-likelihood a token behind z = 0, in nat: `zero` of a whole evaluation. */
export async function likelihoodBehindZero(
  adapter: Record<AdapterName, Float32Array>,
  samples: readonly ClapSample[],
  tools: ScoringTools,
): Promise<number> {
  let sum = 0;
  for (const sample of samples) sum += sumOf(await (await scorerOf(adapter, sample, tools))('zero'));
  return sum / tokensOf(samples, tools.sizes);
}

/** Scores a sample's first replies, each behind a latent, or all behind z = 0 or no prefix: a sum over tokens for each reply. */
async function scorerOf(
  adapter: Record<AdapterName, Float32Array>,
  sample: ClapSample,
  { config, sizes, shapes, score, readPrompt }: ScoringTools,
) {
  const cache = await readPrompt(sample);
  const replies = sample.replies.slice(0, sizes.replies);
  const zeros = new Float32Array(sizes.replies * sizes.latent);
  return async (behind: readonly Float32Array[] | 'zero' | 'none'): Promise<Float32Array> => {
    const latents = typeof behind === 'string' ? zeros : joined(behind);
    const { nll } = await score.run({
      ...parameterFeeds(adapter, shapes),
      ...decoderFeeds(config, sizes, sample.promptIds, cache, replies, behind !== 'none'),
      latents: { data: latents, dims: [sizes.replies, sizes.latent] },
    });
    return nll;
  };
}

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/** That are scored. */
const tokensOf = (samples: readonly ClapSample[], sizes: ClapSizes): number =>
  samples
    .flatMap(({ replies }) => replies.slice(0, sizes.replies))
    .reduce((sum, reply) => sum + Math.min(reply.length, sizes.tokens), 0);
