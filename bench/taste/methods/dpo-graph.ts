/** Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290) as one graph: the replies' log-likelihoods, the loss, its gradients. */
import {
  addDims,
  Graph,
  gradients,
  Mul,
  ReduceSum,
  Slice,
  Softplus,
  Sub,
  type Value,
} from '../../../src/graph/index.js';
import {
  type CachedSegment,
  logProbabilitiesOf,
  runDecoder,
  times,
} from '../../../src/language-model/graphs/decoder.js';
import type { FrozenWeights } from '../../../src/language-model/graphs/linear.js';
import type { LanguageModelConfig, LanguageModelFile } from '../../../src/language-model/model.js';
import { namesOf } from '../../../src/learning/clap/trainer.js';
import { causalMask, pad } from '../../../src/runtime/serving-model.js';
import { type Feed, int64 } from '../../../src/runtime/session.js';

/** What is trained for a member beside the frozen model: its parameters' shapes, and where they come into the computation. */
export interface TunedPart<Name extends string> {
  shapes(config: LanguageModelConfig): Record<Name, number[]>;
  /** Positions that are neither the prompt's nor the reply's. */
  prefixLength: number;
  /** The weights to run with, and all that the rows read their prompt's last token behind; the prompt's other tokens have the symbolic length `prompt`. */
  behind(
    graph: Graph,
    file: LanguageModelFile,
    parameters: Record<Name, Value>,
  ): { weights: FrozenWeights; segments: CachedSegment[] };
}

/** A graph's inputs for the trained parameters, by their names. */
export function parameterInputs<Name extends string>(graph: Graph, shapes: Record<Name, number[]>) {
  const entries = namesOf(shapes).map((name) => [name, graph.input(name, 'float32', shapes[name])]);
  return Object.fromEntries(entries) as Record<Name, Value>;
}

/**
 * A step on the candidates of one vote, the chosen one first. With g = log p(reply) - log p_reference(reply), the loss is
 * Σ_j weight_j · softplus(beta · (g_j - g_0)): one pair for each candidate whose weight is not 0.
 * In: ids, positions, targets int64 [rows, tokens]; target_mask float32 [rows, tokens]; mask float32 [1, 1, tokens x group, all];
 * reference, pair_weights float32 [rows]; beta float32 [1]; the parameters; what the part takes of its own.
 * Out: log_likelihoods [rows], loss [], `d_<name>` for every parameter.
 */
export function buildDpoGraph<Name extends string>(file: LanguageModelFile, part: TunedPart<Name>): Graph {
  const graph = new Graph('step');
  const shapes = part.shapes(file.config);
  const parameters = parameterInputs(graph, shapes);
  const { weights, segments } = part.behind(graph, file, parameters);
  const { layers, heads, kvHeads } = file.config;
  const all = addDims(...segments.map(({ length }) => length), 'tokens');
  const output = runDecoder(weights, {
    ids: graph.input('ids', 'int64', ['rows', 'tokens']),
    positions: graph.input('positions', 'int64', ['rows', 'tokens']),
    segments,
    mask: graph.input('mask', 'float32', [1, 1, times('tokens', heads / kvHeads), all]),
  });
  const targets = graph.input('targets', 'int64', ['rows', 'tokens']);
  const counted = graph.input('target_mask', 'float32', ['rows', 'tokens']);
  const logLikelihoods = ReduceSum(Mul(logProbabilitiesOf(weights, output.hidden[layers], targets), counted), [1]);
  const gains = Sub(logLikelihoods, graph.input('reference', 'float32', ['rows']));
  const behindChosen = Mul(Sub(gains, Slice(gains, [0], [1], [0])), graph.input('beta', 'float32', [1]));
  const loss = ReduceSum(Mul(Softplus(behindChosen), graph.input('pair_weights', 'float32', ['rows'])));
  graph.output('log_likelihoods', logLikelihoods);
  graph.output('loss', loss);
  const names = namesOf(shapes);
  gradients(
    loss,
    names.map((name) => parameters[name]),
  ).forEach((gradient, i) => graph.output(`d_${names[i]}`, gradient));
  return graph;
}

/** Feeds of the replies' tokens: each row reads the prompt's last token and its reply, padded to the longest. */
export function replyFeeds(
  { heads, kvHeads }: LanguageModelConfig,
  promptIds: readonly number[],
  replies: readonly (readonly number[])[],
  prefixLength: number,
): Record<string, Feed> {
  const past = promptIds.length - 1 + prefixLength;
  const tokens = Math.max(...replies.map(({ length }) => length));
  const group = heads / kvHeads;
  const dims = [replies.length, tokens];
  const whole = (rows: readonly (readonly number[])[]): Feed => ({ data: int64(pad(rows, tokens).flat()), dims });
  const counted = pad(
    replies.map((reply) => reply.map(() => 1)),
    tokens,
  );
  return {
    ids: whole(replies.map((reply) => [promptIds[promptIds.length - 1], ...reply.slice(0, -1)])),
    positions: whole(replies.map(() => Array.from({ length: tokens }, (_, i) => past + i))),
    targets: whole(replies),
    target_mask: { data: Float32Array.from(counted.flat()), dims },
    mask: { data: causalMask(tokens, group, past), dims: [1, 1, tokens * group, past + tokens] },
  };
}
