/** A Llama-family decoder as graph nodes: the same arithmetic for serving and for training. */
import {
  Add,
  Concat,
  type Dim,
  FusedMatMul,
  Gather,
  GatherElements,
  type Graph,
  LogSoftmax,
  Mul,
  Reshape,
  RotaryEmbedding,
  Sigmoid,
  SimplifiedLayerNormalization,
  Softmax,
  Split,
  Squeeze,
  Transpose,
  Unsqueeze,
  type Value,
} from '../../graph/index.js';
import type { LanguageModelConfig } from '../model.js';
import type { FrozenWeights } from './linear.js';

/** What a mask adds to scores that must not be seen. */
export const HIDDEN_SCORE = -1e9;

/** Keys and values that were there before the new tokens: a Value a layer, each [batch or 1, kvHeads, length, headSize]. */
export interface CachedSegment {
  keys: Value[];
  values: Value[];
  length: Dim;
}

export interface DecoderInput {
  /** Token ids, int64 [batch, sequence]. */
  ids: Value;
  /** Their positions, int64 [batch, sequence]. */
  positions: Value;
  segments: CachedSegment[];
  /** Added to the scores before softmax; broadcasts to [batch, kvHeads, sequence x group, all segments + sequence]. */
  mask: Value;
  /** int64: the lengths of all segments and of the new tokens; only needed where one of them is symbolic. */
  lengths?: Value;
}

export interface DecoderOutput {
  /** The input of each layer, then the output of the final norm: layers + 1 Values [batch, sequence, hidden]. */
  hidden: Value[];
  /** The new tokens' keys and values, a Value a layer [batch, kvHeads, sequence, headSize]. */
  keys: Value[];
  values: Value[];
}

/** Cosine and sine tables of rotary position embedding (Su et al. 2021), each [positions, headSize / 2]. */
export function rotaryTables(graph: Graph, config: LanguageModelConfig): { cos: Value; sin: Value } {
  const half = config.headSize / 2;
  const cos = new Float32Array(config.contextLength * half);
  const sin = new Float32Array(config.contextLength * half);
  for (let position = 0; position < config.contextLength; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * config.ropeTheta ** (-i / half);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  const shape = [config.contextLength, half];
  return {
    cos: graph.weight('rotary.cos', 'float32', shape, new Uint8Array(cos.buffer)),
    sin: graph.weight('rotary.sin', 'float32', shape, new Uint8Array(sin.buffer)),
  };
}

/** Runs the new tokens through every layer behind the cached segments. */
export function runDecoder(weights: FrozenWeights, input: DecoderInput): DecoderOutput {
  const { config } = weights.file;
  const tables = rotaryTables(weights.graph, config);
  const embedding = weights.matrix(['token_embd.weight']);
  const output: DecoderOutput = { hidden: [Gather(embedding, input.ids)], keys: [], values: [] };
  for (let layer = 0; layer < config.layers; layer++) {
    const x = output.hidden[layer];
    const attended = Add(x, attention(weights, layer, x, input, tables, output));
    output.hidden.push(Add(attended, feedForward(weights, layer, attended)));
  }
  output.hidden[config.layers] = norm(weights, output.hidden[config.layers], 'output_norm.weight');
  return output;
}

/** Logits [.., vocabulary] of final-normed hidden states. */
export function logitsOf(weights: FrozenWeights, hidden: Value): Value {
  return weights.linear(hidden, [weights.file.has('output.weight') ? 'output.weight' : 'token_embd.weight']);
}

/** Log-probabilities of the target tokens, int64 [batch, sequence], that follow final-normed hidden states [batch, sequence, hidden]: [batch, sequence]. */
export function logProbabilitiesOf(weights: FrozenWeights, hidden: Value, targets: Value): Value {
  const logProbabilities = LogSoftmax(logitsOf(weights, hidden), 2);
  return Squeeze(GatherElements(logProbabilities, Unsqueeze(targets, [2]), 2), [2]);
}

function norm(weights: FrozenWeights, x: Value, name: string): Value {
  return SimplifiedLayerNormalization(x, weights.vector(name), { epsilon: weights.file.config.normEpsilon });
}

/** Grouped-query attention whose queries of one key/value head lie side by side, so that no key is repeated. */
function attention(
  weights: FrozenWeights,
  layer: number,
  x: Value,
  input: DecoderInput,
  tables: { cos: Value; sin: Value },
  output: DecoderOutput,
): Value {
  const { heads, kvHeads, headSize } = weights.file.config;
  const group = heads / kvHeads;
  const [batch, sequence] = x.shape;
  const name = (part: string) => `blk.${layer}.attn_${part}.weight`;
  const projected = weights.linear(norm(weights, x, name('norm')), [name('q'), name('k'), name('v')]);
  const [q, k, v] = Split(projected, 2, [heads * headSize, kvHeads * headSize, kvHeads * headSize]);
  const rotate = (u: Value) => RotaryEmbedding(u, input.positions, tables.cos, tables.sin);
  const queries = Reshape(Transpose(Reshape(rotate(q), [batch, sequence, kvHeads, group, headSize]), [0, 2, 1, 3, 4]), [
    batch,
    kvHeads,
    times(sequence, group),
    headSize,
  ]);
  const keys = splitHeads(rotate(k), kvHeads, headSize);
  const values = splitHeads(v, kvHeads, headSize);
  output.keys.push(keys);
  output.values.push(values);
  const context = attend(
    queries,
    [...input.segments.map((s) => ({ k: s.keys[layer], v: s.values[layer] })), { k: keys, v: values }],
    input,
    headSize,
  );
  const merged = Reshape(Transpose(Reshape(context, [batch, kvHeads, sequence, group, headSize]), [0, 2, 1, 3, 4]), [
    batch,
    sequence,
    heads * headSize,
  ]);
  return weights.linear(merged, [name('output')]);
}

/** One softmax over the scores against every part; the parts' keys are never joined, so that a cache is only read. */
function attend(queries: Value, parts: { k: Value; v: Value }[], input: DecoderInput, headSize: number): Value {
  const alpha = headSize ** -0.5;
  const scores = parts.map(({ k }) => FusedMatMul(queries, k, { transB: true, alpha }));
  const joined = scores.length === 1 ? scores[0] : Concat(scores, 3);
  const probabilities = Softmax(Add(joined, input.mask), 3);
  if (parts.length === 1) return FusedMatMul(probabilities, parts[0].v, {});
  const lengths = parts.map(({ k }) => k.shape[2]);
  const shares = Split(probabilities, 3, lengths, input.lengths);
  return shares.map((share, i) => FusedMatMul(share, parts[i].v, {})).reduce((a, b) => Add(a, b));
}

/** [batch, sequence, heads x headSize] -> [batch, heads, sequence, headSize]. */
export function splitHeads(x: Value, heads: number, headSize: number): Value {
  const [batch, sequence] = x.shape;
  return Transpose(Reshape(x, [batch, sequence, heads, headSize]), [0, 2, 1, 3]);
}

/** SwiGLU (Shazeer 2020). */
function feedForward(weights: FrozenWeights, layer: number, x: Value): Value {
  const { feedForward: size } = weights.file.config;
  const name = (part: string) => `blk.${layer}.ffn_${part}.weight`;
  const both = weights.linear(norm(weights, x, name('norm')), [name('gate'), name('up')]);
  const [gate, up] = Split(both, 2, [size, size]);
  return weights.linear(Mul(Mul(gate, Sigmoid(gate)), up), [name('down')]);
}

/** A size multiplied, symbolic or not. */
export function times(dim: Dim, factor: number): Dim {
  return typeof dim === 'number' ? dim * factor : `${dim}*${factor}`;
}
