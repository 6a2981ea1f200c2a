/** CLaP's loss and its gradients as one graph (docs/method.md 2): posterior, adapter, frozen decoder, three terms. */
import {
  Add,
  Concat,
  Div,
  Exp,
  FusedMatMul,
  type Graph,
  gradients,
  Mul,
  Neg,
  ReduceLogSumExp,
  ReduceMean,
  ReduceSum,
  Softplus,
  Split,
  Squeeze,
  Sub,
  Unsqueeze,
  type Value,
} from '../../graph/index.js';
import {
  type AdapterParameters,
  adapterShapes,
  latentPrefix,
  outputPrefix,
  PREFIX_LENGTH,
} from '../../language-model/graphs/adapter.js';
import { type CachedSegment, logProbabilitiesOf, runDecoder } from '../../language-model/graphs/decoder.js';
import type { FrozenWeights } from '../../language-model/graphs/linear.js';
import { cacheNames } from '../../language-model/graphs/serving.js';
import { VARIANCE_FLOOR } from '../posterior.js';

/** Every size of the graph is fixed: shorter prompts and replies are padded and masked. */
export interface ClapSizes {
  /** d. */
  latent: number;
  /** m, the adapter's inner width. */
  middle: number;
  /** Numbers in a projected feature vector. */
  projected: number;
  /** Replies of one prompt in a step. */
  replies: number;
  /** Replies behind z in a step that trains the response; as many are behind -z. */
  signed: number;
  /** Cached prompt positions. */
  prompt: number;
  /** Reply tokens. */
  tokens: number;
  /** Replies in the aggregate posterior. */
  aggregate: number;
  /** Draws a reply in the aggregate term. */
  draws: number;
}

export const parameterNames = [
  'w1',
  'b1',
  'w2',
  'b2',
  'mean_weight',
  'mean_bias',
  'log_variance_weight',
  'log_variance_bias',
] as const;
export type ParameterName = (typeof parameterNames)[number];

/** Those of the adapter, which are all that the response is trained by. */
export const adapterNames = ['w1', 'b1', 'w2', 'b2'] as const;
export type AdapterName = (typeof adapterNames)[number];

/** Something for each of the adapter's parameters, in the order of their names. */
export function eachOfAdapter<T>(make: (name: AdapterName) => T): Record<AdapterName, T> {
  return Object.fromEntries(adapterNames.map((name) => [name, make(name)])) as Record<AdapterName, T>;
}

/** The trained parameters' shapes. */
export function parameterShapes(weights: FrozenWeights, sizes: ClapSizes): Record<ParameterName, number[]> {
  const { latent, projected } = sizes;
  return {
    ...adapterShapes(weights.file.config, latent, sizes.middle),
    mean_weight: [latent, projected],
    mean_bias: [latent],
    log_variance_weight: [latent, projected],
    log_variance_bias: [latent],
  };
}

/**
 * Adds the training step. Rows of the decoder: every reply behind its own latent, then every reply behind its neighbour's.
 * Out: rec, con, kl, loss (scalars), nll [2 x replies], and `d_<name>` for every parameter.
 */
export function buildClapGraph(weights: FrozenWeights, sizes: ClapSizes): Graph {
  const { graph } = weights;
  const shapes = parameterShapes(weights, sizes);
  const parameters = Object.fromEntries(
    parameterNames.map((name) => [name, graph.input(name, 'float32', shapes[name])]),
  ) as Record<ParameterName, Value>;
  const posterior = (features: Value) => ({
    mean: Add(FusedMatMul(features, parameters.mean_weight, { transB: true }), parameters.mean_bias),
    logVariance: Add(
      FusedMatMul(features, parameters.log_variance_weight, { transB: true }),
      parameters.log_variance_bias,
    ),
  });
  const latents = drawnLatents(graph, sizes, posterior);
  const nll = replyLosses(weights, sizes, parameters, latents, 2 * sizes.replies);
  const [own, other] = Split(nll, 0, [sizes.replies, sizes.replies]);
  const rec = ReduceMean(own, [0], { keepdims: false });
  const con = ReduceMean(Softplus(Sub(own, other)), [0], { keepdims: false });
  const kl = densityGap(graph, sizes, posterior);
  const loss = Add(Add(rec, con), kl);
  for (const [name, value] of Object.entries({ rec, con, kl, loss, nll })) graph.output(name, value);
  const wrt = parameterNames.map((name) => parameters[name]);
  gradients(loss, wrt).forEach((gradient, i) => graph.output(`d_${parameterNames[i]}`, gradient));
  return graph;
}

/** Scores replies behind given latents, or behind none where `mask` hides the prefix. Out: nll [rows]. */
export function buildClapScoreGraph(weights: FrozenWeights, sizes: ClapSizes): Graph {
  const { graph } = weights;
  const latents = graph.input('latents', 'float32', [sizes.replies, sizes.latent]);
  graph.output('nll', replyLosses(weights, sizes, adapterInputs(weights, sizes), latents, sizes.replies));
  return graph;
}

/**
 * Adds a step that trains the adapter alone, on replies behind given latents: the mean over rows of weight x nll, and `contrast_weight` times
 * the mean of softplus(nll - nll') over rows i and i + signed. Out: loss, nll [2 x signed], and `d_<name>` for the adapter's parameters.
 */
export function buildResponseGraph(weights: FrozenWeights, sizes: ClapSizes): Graph {
  const { graph } = weights;
  const { signed, latent } = sizes;
  const rows = 2 * signed;
  const parameters = adapterInputs(weights, sizes);
  const nll = replyLosses(weights, sizes, parameters, graph.input('latents', 'float32', [rows, latent]), rows);
  const weighted = ReduceMean(Mul(nll, graph.input('row_weights', 'float32', [rows])), [0], { keepdims: false });
  const [own, other] = Split(nll, 0, [signed, signed]);
  const contrast = ReduceMean(Softplus(Sub(own, other)), [0]);
  const loss = Add(weighted, Squeeze(Mul(contrast, graph.input('contrast_weight', 'float32', [1])), [0]));
  graph.output('loss', loss);
  graph.output('nll', nll);
  const wrt = adapterNames.map((name) => parameters[name]);
  gradients(loss, wrt).forEach((gradient, i) => graph.output(`d_${adapterNames[i]}`, gradient));
  return graph;
}

/** An adapter in training, alone: its parameters are fed. In: latents [rows, latent], prefix_positions [rows, 4]. Out: as the serving adapter. */
export function buildPrefixGraph(weights: FrozenWeights, sizes: ClapSizes): Graph {
  const { graph } = weights;
  const latents = graph.input('latents', 'float32', ['rows', sizes.latent]);
  const positions = graph.input('prefix_positions', 'int64', ['rows', PREFIX_LENGTH]);
  outputPrefix(graph, latentPrefix(weights, adapterInputs(weights, sizes), latents, positions));
  return graph;
}

function adapterInputs(weights: FrozenWeights, sizes: ClapSizes): AdapterParameters {
  const shapes = adapterShapes(weights.file.config, sizes.latent, sizes.middle);
  return eachOfAdapter((name) => weights.graph.input(name, 'float32', shapes[name]));
}

type PosteriorOf = (features: Value) => { mean: Value; logVariance: Value };

/** z = (mean + sigma x noise) x shrink, each reply's own and then its neighbour's: [2 x replies, latent]. */
function drawnLatents(graph: Graph, sizes: ClapSizes, posterior: PosteriorOf): Value {
  const { replies, latent, projected } = sizes;
  const { mean, logVariance } = posterior(graph.input('features', 'float32', [replies, projected]));
  const noise = graph.input('noise', 'float32', [replies, latent]);
  const shrink = graph.input('shrink', 'float32', [replies, 1]);
  const z = Mul(Add(mean, Mul(noise, deviation(logVariance))), shrink);
  const [first, rest] = Split(z, 0, [1, replies - 1]);
  return Concat([z, rest, first], 0);
}

function deviation(logVariance: Value): Value {
  return Exp(Mul(logVariance, 0.5));
}

/** -log p(reply | prompt, z) summed over a reply's tokens, a number a row. */
function replyLosses(
  weights: FrozenWeights,
  sizes: ClapSizes,
  parameters: AdapterParameters,
  latents: Value,
  rows: number,
): Value {
  const { graph } = weights;
  const { layers, kvHeads, headSize, heads } = weights.file.config;
  const group = heads / kvHeads;
  const prompt: CachedSegment = { keys: [], values: [], length: sizes.prompt };
  for (let layer = 0; layer < layers; layer++) {
    const dims = [1, kvHeads, sizes.prompt, headSize];
    prompt.keys.push(graph.input(cacheNames.pastKey(layer), 'float32', dims));
    prompt.values.push(graph.input(cacheNames.pastValue(layer), 'float32', dims));
  }
  const prefix = latentPrefix(
    weights,
    parameters,
    latents,
    graph.input('prefix_positions', 'int64', [rows, PREFIX_LENGTH]),
  );
  const total = sizes.prompt + PREFIX_LENGTH + sizes.tokens;
  const output = runDecoder(weights, {
    ids: graph.input('ids', 'int64', [rows, sizes.tokens]),
    positions: graph.input('positions', 'int64', [rows, sizes.tokens]),
    segments: [prompt, prefix],
    mask: graph.input('mask', 'float32', [1, 1, sizes.tokens * group, total]),
  });
  const targets = graph.input('targets', 'int64', [rows, sizes.tokens]);
  const logProbabilities = logProbabilitiesOf(weights, output.hidden[layers], targets);
  const counted = graph.input('target_mask', 'float32', [rows, sizes.tokens]);
  return Neg(ReduceSum(Mul(logProbabilities, counted), [1], { keepdims: false }));
}

/** Density-gap KL a dimension: the aggregate posterior of the batch against N(0, 1), by draws from its members. */
function densityGap(graph: Graph, sizes: ClapSizes, posterior: PosteriorOf): Value {
  const { aggregate, draws, latent, projected } = sizes;
  const { mean, logVariance } = posterior(graph.input('aggregate_features', 'float32', [aggregate, projected]));
  const noise = graph.input('aggregate_noise', 'float32', [draws, aggregate, latent]);
  const z = Add(Unsqueeze(mean, [0]), Mul(noise, Unsqueeze(deviation(logVariance), [0])));
  const members = logDensities(Unsqueeze(z, [2]), Unsqueeze(mean, [0, 1]), Unsqueeze(logVariance, [0, 1]));
  const mixture = Sub(ReduceLogSumExp(members, [2], { keepdims: false }), Math.log(aggregate));
  const zero = graph.constant(new Float32Array(1), [1]);
  const gap = Sub(mixture, logDensities(z, zero, zero));
  return ReduceSum(ReduceMean(gap, [0, 1], { keepdims: false }), [0], { keepdims: false });
}

/** Elementwise Gaussian log-density: -½ log 2π - ½ log σ² - (z - μ)² / (2σ² + 1e-4). */
function logDensities(z: Value, mean: Value, logVariance: Value): Value {
  const distance = Sub(z, mean);
  const spread = Add(Mul(Exp(logVariance), 2), VARIANCE_FLOOR);
  const quadratic = Div(Mul(distance, distance), spread);
  const constant = Add(Mul(logVariance, -0.5), -0.5 * Math.log(2 * Math.PI));
  return Sub(constant, quadratic);
}
