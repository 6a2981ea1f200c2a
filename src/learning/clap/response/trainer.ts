/**
 * Trains the adapter on its own replies, so that they go further along the latents they are written behind (docs/method.md 2, response):
 * policy gradient with REINFORCE (Williams 1992), and CLaP in between, so that the adapter goes on telling replies apart.
 */
import { Random } from '../../../common/random.js';
import type { LanguageModelConfig } from '../../../language-model/model.js';
import type { KeyValues } from '../../../runtime/kv-cache.js';
import type { GraphRunner } from '../../../runtime/session.js';
import { warmupThenDecay } from '../../adamw.js';
import { decoderFeeds } from '../batch.js';
import type { AdapterName, ClapSizes } from '../graph.js';
import type { ChatPrompt } from '../samples.js';
import { joined, parameterFeeds, type StepOutcome, type TrainerState, takeStep } from '../trainer.js';
import { responseAdvantages, type SignedReply } from './advantages.js';
import { drawDirection } from './direction.js';
import { hasToken, type OnPolicy } from './on-policy.js';
import type { ResponseSettings } from './settings.js';

export interface ResponseReport extends StepOutcome {
  responseStep: number;
  kind: 'policy' | 'clap';
  /** Of the replies: how far they went along z per unit of it, against those behind -z. Not told of CLaP. */
  moved?: number;
  /** Negative log-likelihood a token, in nat: of a policy step's replies under the untouched model, of CLaP's behind their own z. */
  nll?: number;
}

interface Batch {
  kind: ResponseReport['kind'];
  replies: number[][];
  latents: Float32Array[];
  /** Of each reply; where all are 0 there is nothing to learn. */
  weights: Float32Array;
  contrast: number;
  moved?: number;
  nll?: number;
}

export interface ResponseTrainerTools {
  config: LanguageModelConfig;
  sizes: ClapSizes;
  shapes: Record<AdapterName, number[]>;
  policy: OnPolicy;
  /** The graph of `buildResponseGraph`. */
  step: GraphRunner;
  readPrompt: (prompt: ChatPrompt) => Promise<KeyValues>;
  /** The model's own replies to a prompt, behind no prefix, as CLaP learns from. */
  sampleReplies: (prompt: ChatPrompt, count: number, maxTokens: number, random: Random) => Promise<number[][]>;
}

export class ResponseTrainer {
  constructor(
    private readonly settings: ResponseSettings & { seed: number; clip: number; shrinkShare: number },
    private readonly prompts: readonly ChatPrompt[],
    private readonly tools: ResponseTrainerTools,
    readonly state: TrainerState<AdapterName>,
  ) {}

  /** One step; its randomness depends on the seed and the step's number only. */
  async train(): Promise<ResponseReport> {
    const { clapEvery, clip, learningRate, seed, steps } = this.settings;
    const { config, sizes, shapes, step, readPrompt } = this.tools;
    const at = this.state.step;
    const random = new Random(`${seed}/response/step/${at}`);
    const prompt = this.prompts[random.integer(this.prompts.length)];
    const ofClap = at % clapEvery === clapEvery - 1;
    const batch = await (ofClap ? this.clapBatch(prompt, random) : this.policyBatch(prompt, random));
    const { kind, moved, nll } = batch;
    if (batch.weights.every((weight) => weight === 0)) {
      this.state.step++;
      return { responseStep: this.state.step, kind, moved, nll, skipped: 'no reply earns more than another' };
    }
    const rows = batch.replies.length;
    const out = await step.run({
      ...parameterFeeds(this.state.parameters, shapes),
      ...decoderFeeds(config, sizes, prompt.promptIds, await readPrompt(prompt), batch.replies),
      latents: { data: joined(batch.latents), dims: [rows, sizes.latent] },
      row_weights: { data: batch.weights, dims: [rows] },
      contrast_weight: { data: Float32Array.of(batch.contrast), dims: [1] },
    });
    const rate = learningRate * warmupThenDecay(at, steps);
    const outcome = takeStep(this.state, out, clip, () => rate);
    const likelihood = nll ?? nllPerToken(out.nll, batch.replies.slice(0, sizes.signed));
    return { responseStep: this.state.step, kind, moved, nll: likelihood, ...outcome };
  }

  /** Replies behind a drawn z and behind -z, weighted by how much better each is than those beside it. */
  private async policyBatch(prompt: ChatPrompt, random: Random): Promise<Batch> {
    const { sizes, policy } = this.tools;
    const { driftWeight, longest, shortest } = this.settings;
    const direction = drawDirection(random, sizes.latent);
    const length = shortest + (longest - shortest) * random.uniform();
    const signs = Array.from({ length: 2 * sizes.signed }, (_, row): 1 | -1 => (row < sizes.signed ? 1 : -1));
    const latents = signs.map((sign) => direction.map((value) => sign * length * value));
    const replies = await policy.write(this.state.parameters, prompt, latents, sizes.tokens, random);
    const judged = (await policy.judge(prompt, replies)).map((reply, row): SignedReply | undefined => {
      if (!reply) return undefined;
      const projection = reply.posterior.mean.reduce((sum, value, k) => sum + value * direction[k], 0);
      return { sign: signs[row], projection, drift: reply.drift };
    });
    const written = judged.filter((reply) => reply !== undefined);
    return {
      kind: 'policy',
      replies,
      latents,
      weights: responseAdvantages(judged, driftWeight),
      contrast: 0,
      moved: meanOf(written, ({ sign, projection }) => (sign * projection) / length),
      nll: meanOf(written, ({ drift }) => drift),
    };
  }

  /** The model's own replies, each behind its own z and behind its neighbour's: CLaP's step without its aggregate term, which no adapter is in. */
  private async clapBatch(prompt: ChatPrompt, random: Random): Promise<Batch> {
    const { sizes, policy, sampleReplies } = this.tools;
    const written = (await sampleReplies(prompt, sizes.signed, sizes.tokens, random)).filter(hasToken);
    if (written.length === 0)
      return { kind: 'clap', replies: [], latents: [], weights: Float32Array.of(), contrast: 0 };
    // The others stand in for those without a token.
    const replies = Array.from({ length: sizes.signed }, (_, row) => written[row % written.length]);
    const own = (await policy.posteriors(prompt, replies)).map(({ mean, logVariance }) => {
      const shrink = random.uniform() < this.settings.shrinkShare ? random.uniform() : 1;
      return mean.map((value, k) => shrink * (value + Math.exp(logVariance[k] / 2) * random.normal()));
    });
    return {
      kind: 'clap',
      replies: [...replies, ...replies],
      latents: [...own, ...own.slice(1), own[0]],
      // The mean over all rows is then the mean over the first half.
      weights: Float32Array.from({ length: 2 * sizes.signed }, (_, row) => (row < sizes.signed ? 2 : 0)),
      contrast: 1,
    };
  }
}

function meanOf<T>(values: readonly T[], of: (value: T) => number): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + of(value), 0) / values.length;
}

/** @param replies each of at least a token */
function nllPerToken(sums: Float32Array, replies: readonly number[][]): number {
  const tokens = replies.reduce((sum, reply) => sum + reply.length, 0);
  return replies.reduce((sum, _, row) => sum + sums[row], 0) / tokens;
}
