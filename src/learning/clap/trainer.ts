/** The CLaP training loop: picks a batch by its seed, runs the step's graph, updates the parameters. */
import { Random } from '../../common/random.js';
import type { LanguageModelConfig } from '../../language-model/model.js';
import type { KeyValues } from '../../runtime/kv-cache.js';
import type { Feed, GraphRunner } from '../../runtime/session.js';
import { type AdamState, clipGradients, initAdam, updateAdam, warmupThenDecay } from '../adamw.js';
import { decoderFeeds } from './batch.js';
import type { ClapSizes, ParameterName } from './graph.js';
import type { ClapSample } from './samples.js';

export interface TrainerSettings {
  seed: number;
  steps: number;
  /** Learning rate of the adapter. */
  learningRate: number;
  /** Learning rate of the posterior's heads. */
  headLearningRate: number;
  /** Bound on the gradients' joint norm. */
  clip: number;
  /** Share of rows whose latent is shortened by a uniform factor (docs/method.md 2, shrunk z). */
  shrinkShare: number;
}

export type Parameters = Record<ParameterName, Float32Array>;

/** Everything a run needs to go on as if it had not stopped. */
export interface TrainerState<Name extends string = ParameterName> {
  step: number;
  parameters: Record<Name, Float32Array>;
  moments: Record<Name, AdamState>;
}

/** What became of a step. */
export interface StepOutcome {
  /** Joint norm of the gradients before they were clipped. */
  gradientNorm?: number;
  /** Why the parameters were left as they are. */
  skipped?: string;
}

export interface StepReport extends StepOutcome {
  step: number;
  /** Negative log-likelihood a token of the replies behind their own latents, in nat. */
  reconstruction: number;
  contrast: number;
  /** Share of replies that are likelier behind their own latent than behind another's. */
  accuracy: number;
  densityGap: number;
}

export interface TrainingData {
  samples: readonly ClapSample[];
  /** Cross-fitted whitened features, [prompts][replies][projected]. */
  white: readonly (readonly Float32Array[])[];
}

export function initialState<Name extends string>(parameters: Record<Name, Float32Array>): TrainerState<Name> {
  const moments = Object.fromEntries(
    namesOf(parameters).map((name) => [name, initAdam(parameters[name].length)]),
  ) as TrainerState<Name>['moments'];
  return { step: 0, parameters, moments };
}

/**
 * Takes one Adam step from a graph's outputs `d_<name>`, clipped together. Where `loss` or one of them is not finite, the step is counted and
 * otherwise skipped: neither parameters nor moments would ever lose such a number again.
 * @param learningRate of each parameter at this step
 */
export function takeStep<Name extends string>(
  state: TrainerState<Name>,
  outputs: Record<string, Float32Array>,
  clip: number,
  learningRate: (name: Name) => number,
): StepOutcome {
  const names = namesOf(state.parameters);
  const gradients = names.map((name) => outputs[`d_${name}`]);
  const gradientNorm = clipGradients(gradients, clip);
  state.step++;
  if (!Number.isFinite(outputs.loss[0])) return { skipped: 'the loss is not finite' };
  if (!Number.isFinite(gradientNorm)) return { skipped: 'the gradient is not finite' };
  names.forEach((name, i) => {
    const settings = { learningRate: learningRate(name) };
    updateAdam(state.parameters[name], gradients[i], state.moments[name], state.step, settings);
  });
  return { gradientNorm };
}

export const namesOf = <Name extends string>(record: Record<Name, unknown>): Name[] => Object.keys(record) as Name[];

/** Feeds of the parameters, by their names. */
export function parameterFeeds<Name extends string>(
  parameters: Record<Name, Float32Array>,
  shapes: Record<Name, number[]>,
): Record<string, Feed> {
  return Object.fromEntries(namesOf(parameters).map((name) => [name, { data: parameters[name], dims: shapes[name] }]));
}

export class ClapTrainer {
  constructor(
    private readonly config: LanguageModelConfig,
    private readonly sizes: ClapSizes,
    private readonly shapes: Record<ParameterName, number[]>,
    private readonly settings: TrainerSettings,
    private readonly data: TrainingData,
    private readonly tools: { step: GraphRunner; readPrompt: (sample: ClapSample) => Promise<KeyValues> },
    readonly state: TrainerState,
  ) {}

  /** One step; its randomness depends on the seed and the step's number only. */
  async train(): Promise<StepReport> {
    const random = new Random(`${this.settings.seed}/step/${this.state.step}`);
    const prompt = random.integer(this.data.samples.length);
    const sample = this.data.samples[prompt];
    const picked = random.sample(
      sample.replies.map((_, i) => i),
      this.sizes.replies,
    );
    const replies = picked.map((i) => sample.replies[i]);
    const out = await this.tools.step.run({
      ...parameterFeeds(this.state.parameters, this.shapes),
      ...this.posteriorFeeds(
        random,
        picked.map((i) => this.data.white[prompt][i]),
      ),
      ...decoderFeeds(this.config, this.sizes, sample.promptIds, await this.tools.readPrompt(sample), [
        ...replies,
        ...replies,
      ]),
    });
    const outcome = this.update(out);
    const tokens = replies.reduce((sum, reply) => sum + Math.min(reply.length, this.sizes.tokens), 0);
    const closer = picked.filter((_, i) => out.nll[i] < out.nll[this.sizes.replies + i]).length;
    return {
      step: this.state.step,
      reconstruction: (out.rec[0] * this.sizes.replies) / tokens,
      contrast: out.con[0],
      accuracy: closer / picked.length,
      densityGap: out.kl[0],
      ...outcome,
    };
  }

  private posteriorFeeds(random: Random, rows: readonly Float32Array[]): Record<string, Feed> {
    const { replies, latent, projected, aggregate, draws } = this.sizes;
    const shrink = Float32Array.from(rows, () => (random.uniform() < this.settings.shrinkShare ? random.uniform() : 1));
    const prompts = random.sample(
      this.data.white.map((_, i) => i),
      aggregate,
    );
    const others = prompts.map((i) => this.data.white[i][random.integer(this.data.white[i].length)]);
    return {
      features: { data: joined(rows), dims: [replies, projected] },
      noise: { data: random.normals(replies * latent), dims: [replies, latent] },
      shrink: { data: shrink, dims: [replies, 1] },
      aggregate_features: { data: joined(others), dims: [aggregate, projected] },
      aggregate_noise: { data: stratifiedNormals(random, draws, aggregate * latent), dims: [draws, aggregate, latent] },
    };
  }

  private update(out: Record<string, Float32Array>): StepOutcome {
    const { clip, headLearningRate, learningRate, steps } = this.settings;
    const rate = warmupThenDecay(this.state.step, steps);
    const isHead = (name: ParameterName) => name.startsWith('mean') || name.startsWith('log_variance');
    return takeStep(this.state, out, clip, (name) => rate * (isHead(name) ? headLearningRate : learningRate));
  }
}

/** Rows of one length behind one another. */
export function joined(rows: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(rows.length * rows[0].length);
  rows.forEach((row, i) => out.set(row, i * row.length));
  return out;
}

/** `draws` standard normals for each of `count` numbers, one out of each of `draws` equally likely strata: [draws, count]. */
function stratifiedNormals(random: Random, draws: number, count: number): Float32Array {
  const out = new Float32Array(draws * count);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < count; i++) out[draw * count + i] = normalQuantile((draw + random.uniform()) / draws);
  }
  return out;
}

/** The standard normal's quantile, rational approximation (Abramowitz & Stegun 26.2.23, |error| < 4.5e-4). */
function normalQuantile(p: number): number {
  const tail = Math.min(p, 1 - p);
  const t = Math.sqrt(-2 * Math.log(Math.max(tail, 1e-12)));
  const value = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return p < 0.5 ? -value : value;
}
