/** Replies written behind latents by an adapter as it is at this step of its training, and what is read out of them without any prefix. */
import { DEFAULT_LIMITS } from '../../../common/config.js';
import type { Random } from '../../../common/random.js';
import { PREFIX_LENGTH } from '../../../language-model/graphs/adapter.js';
import { cacheNames } from '../../../language-model/graphs/serving.js';
import type { LanguageModelConfig } from '../../../language-model/model.js';
import { type KeyValues, rowOf } from '../../../runtime/kv-cache.js';
import { type GraphRunner, int64 } from '../../../runtime/session.js';
import type { LanguageModelRuntime } from '../../../runtime/types.js';
import {
  type Posterior,
  type PosteriorHeads,
  type Projection,
  posteriorOf,
  projectPrompt,
  projectReply,
} from '../../posterior.js';
import type { AdapterName } from '../graph.js';
import type { ChatPrompt } from '../samples.js';
import { joined, parameterFeeds } from '../trainer.js';

export type AdapterValues = Record<AdapterName, Float32Array>;

export interface OnPolicyTools {
  config: LanguageModelConfig;
  stopTokens: readonly number[];
  shapes: Record<AdapterName, number[]>;
  runtime: LanguageModelRuntime;
  /** The graph of `buildPrefixGraph`. */
  prefix: GraphRunner;
}

export interface JudgedReply {
  /** q(z | reply, prompt). */
  posterior: Posterior;
  /** Negative log-likelihood a token under the untouched model, in nat. */
  drift: number;
}

/** A reply that was broken off before its first token has none; one that the model ended by itself has the stop token. */
export const hasToken = (reply: readonly number[]): boolean => reply.length > 0;

export class OnPolicy {
  constructor(
    private readonly encoder: Projection & PosteriorHeads,
    private readonly tools: OnPolicyTools,
  ) {}

  /**
   * A reply behind each latent, sampled as served. The runtime decodes behind the prefixes that the adapter makes of the latents, so that
   * it need not know the adapter, which is another one at every step.
   */
  async write(
    adapter: AdapterValues,
    { promptIds, lastUserTurn }: ChatPrompt,
    latents: readonly Float32Array[],
    maxTokens: number,
    random: Random,
  ): Promise<number[][]> {
    const { config, runtime, stopTokens } = this.tools;
    const prefixes = await this.prefixes(adapter, latents, promptIds.length - 1);
    const rows = latents.map((_, row) => ({
      latent: null,
      prefix: rowOf(prefixes, row, config),
      seed: random.next(),
      temperature: DEFAULT_LIMITS.temperatureDefault,
      topP: DEFAULT_LIMITS.topPDefault,
      minP: DEFAULT_LIMITS.minPDefault,
      dryMultiplier: DEFAULT_LIMITS.dryMultiplierDefault,
    }));
    const request = { promptIds, lastUserTurn, rows, maxTokens, stopTokens: [...stopTokens] };
    return (await runtime.generate(request, () => {})).map(({ tokens }) => tokens);
  }

  /** What is read out of each reply; undefined for one that has no token, of which there is nothing to read. */
  async judge(prompt: ChatPrompt, replies: readonly number[][]): Promise<(JudgedReply | undefined)[]> {
    const written = replies.filter(hasToken);
    if (written.length === 0) return replies.map(() => undefined);
    const posteriors = await this.posteriors(prompt, written);
    const scores = await this.tools.runtime.score(prompt.promptIds, written);
    const judged = scores
      .map((values, i) => ({
        posterior: posteriors[i],
        drift: -values.reduce((sum, value) => sum + value, 0) / values.length,
      }))
      .values();
    return replies.map((reply) => (hasToken(reply) ? judged.next().value : undefined));
  }

  /** q(z | reply, prompt) of each reply. */
  async posteriors({ promptIds, lastUserTurn }: ChatPrompt, replies: number[][]): Promise<Posterior[]> {
    const read = await this.tools.runtime.read({ promptIds, lastUserTurn, replies });
    const expected = projectPrompt(this.encoder, read.prompt);
    return read.replies.map((features) => posteriorOf(this.encoder, projectReply(this.encoder, features), expected));
  }

  private async prefixes(adapter: AdapterValues, latents: readonly Float32Array[], first: number): Promise<KeyValues> {
    const { config, prefix, shapes } = this.tools;
    const positions = latents.flatMap(() => Array.from({ length: PREFIX_LENGTH }, (_, i) => first + i));
    const out = await prefix.run({
      ...parameterFeeds(adapter, shapes),
      latents: { data: joined(latents), dims: [latents.length, latents[0].length] },
      prefix_positions: { data: int64(positions), dims: [latents.length, PREFIX_LENGTH] },
    });
    const layers = Array.from({ length: config.layers }, (_, layer) => layer);
    return {
      keys: layers.map((layer) => out[cacheNames.newKey(layer)]),
      values: layers.map((layer) => out[cacheNames.newValue(layer)]),
      length: PREFIX_LENGTH,
    };
  }
}
