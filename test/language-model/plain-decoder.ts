/**
 * A Llama-family decoder written as plainly as it can be, one token at a time in loops over numbers: what the graphs are
 * compared with. Shares nothing with them but the names of the weights.
 */

export interface PlainConfig {
  layers: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  normEpsilon: number;
  ropeTheta: number;
}

type Vector = Float64Array;
type Weights = ReadonlyMap<string, { rows: number; columns: number; values: Float32Array }>;

/** The latent adapter's parameters, layer by layer, row-major as in language-model/graphs/adapter.ts. */
export interface PlainAdapter {
  latentSize: number;
  middle: number;
  w1: Float32Array;
  b1: Float32Array;
  w2: Float32Array;
  b2: Float32Array;
}

export class PlainDecoder {
  /** Keys (rotated) and values by layer and position, all heads side by side. */
  readonly keys: Vector[][];
  readonly values: Vector[][];

  constructor(
    private readonly config: PlainConfig,
    private readonly weights: Weights,
  ) {
    this.keys = Array.from({ length: config.layers }, () => []);
    this.values = Array.from({ length: config.layers }, () => []);
  }

  /** Positions read so far. */
  get length(): number {
    return this.keys[0].length;
  }

  /** A decoder that has read the same and goes on by itself. */
  copy(): PlainDecoder {
    const copy = new PlainDecoder(this.config, this.weights);
    this.keys.forEach((keys, layer) => copy.keys[layer].push(...keys));
    this.values.forEach((values, layer) => copy.values[layer].push(...values));
    return copy;
  }

  /** Reads one token behind what was read. @returns the input of each layer, the final norm's output last; the logits */
  read(token: number): { hidden: Vector[]; logits: Vector } {
    const embedding = this.matrix('token_embd.weight');
    let x: Vector = Float64Array.from(
      embedding.values.subarray(token * embedding.columns, (token + 1) * embedding.columns),
    );
    const hidden: Vector[] = [];
    const position = this.length;
    for (let layer = 0; layer < this.config.layers; layer++) {
      hidden.push(x);
      const name = (part: string) => `blk.${layer}.${part}.weight`;
      const attended = add(x, this.attention(layer, position, this.norm(x, name('attn_norm'))));
      const inner = this.norm(attended, name('ffn_norm'));
      const gate = this.times(name('ffn_gate'), inner).map((g) => g / (1 + Math.exp(-g)));
      const up = this.times(name('ffn_up'), inner);
      const gated = gate.map((g, i) => g * up[i]);
      x = add(attended, this.times(name('ffn_down'), gated));
    }
    hidden.push(this.norm(x, 'output_norm.weight'));
    const output = this.weights.has('output.weight') ? 'output.weight' : 'token_embd.weight';
    return { hidden, logits: this.times(output, hidden[this.config.layers]) };
  }

  /** Puts the virtual tokens that a latent stands for behind what was read. */
  addPrefix(adapter: PlainAdapter, latent: ArrayLike<number>): void {
    const { latentSize, middle } = adapter;
    const hidden = this.matrix('token_embd.weight').columns;
    const wide = adapter.b2.length / this.config.layers;
    const first = this.length;
    for (let layer = 0; layer < this.config.layers; layer++) {
      const inner = new Float64Array(middle).map((_, j) => {
        let sum = adapter.b1[layer * middle + j];
        for (let i = 0; i < latentSize; i++) sum += latent[i] * adapter.w1[(layer * latentSize + i) * middle + j];
        return gelu(sum);
      });
      const all = new Float64Array(wide).map((_, k) => {
        let sum = adapter.b2[layer * wide + k];
        for (let j = 0; j < middle; j++) sum += inner[j] * adapter.w2[(layer * middle + j) * wide + k];
        return sum;
      });
      for (let virtual = 0; virtual < wide / hidden; virtual++) {
        const x = all.slice(virtual * hidden, (virtual + 1) * hidden);
        const normed = this.norm(x, `blk.${layer}.attn_norm.weight`, 1e-5);
        this.remember(layer, first + virtual, normed);
      }
    }
  }

  private attention(layer: number, position: number, x: Vector): Vector {
    const { heads, kvHeads, headSize } = this.config;
    const queries = this.rotate(this.times(`blk.${layer}.attn_q.weight`, x), position);
    this.remember(layer, position, x);
    const out = new Float64Array(heads * headSize);
    for (let head = 0; head < heads; head++) {
      const at = Math.floor(head / (heads / kvHeads)) * headSize;
      const scores = this.keys[layer].map((key) => {
        let sum = 0;
        for (let i = 0; i < headSize; i++) sum += queries[head * headSize + i] * key[at + i];
        return Math.exp(sum / Math.sqrt(headSize));
      });
      const total = scores.reduce((a, b) => a + b);
      this.values[layer].forEach((value, t) => {
        for (let i = 0; i < headSize; i++) out[head * headSize + i] += (scores[t] / total) * value[at + i];
      });
    }
    return this.times(`blk.${layer}.attn_output.weight`, out);
  }

  private remember(layer: number, position: number, x: Vector): void {
    this.keys[layer].push(this.rotate(this.times(`blk.${layer}.attn_k.weight`, x), position));
    this.values[layer].push(this.times(`blk.${layer}.attn_v.weight`, x));
  }

  /** Turns component i of a head against component i + half a head. */
  private rotate(x: Vector, position: number): Vector {
    const { headSize, ropeTheta } = this.config;
    const half = headSize / 2;
    return x.map((value, i) => {
      const within = i % headSize;
      const angle = position * ropeTheta ** ((-2 * (within % half)) / headSize);
      const other = within < half ? -x[i + half] : x[i - half];
      return value * Math.cos(angle) + other * Math.sin(angle);
    });
  }

  private norm(x: Vector, name: string, epsilon = this.config.normEpsilon): Vector {
    const { values } = this.matrix(name);
    const square = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    return x.map((value, i) => (value / Math.sqrt(square + epsilon)) * values[i]);
  }

  private times(name: string, x: Vector): Vector {
    const { rows, columns, values } = this.matrix(name);
    const out = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) out[row] += values[row * columns + column] * x[column];
    }
    return out;
  }

  private matrix(name: string) {
    const weight = this.weights.get(name);
    if (!weight) throw new Error(`no weight ${name}`);
    return weight;
  }
}

function add(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]);
}

/** x Phi(x), with the normal distribution summed by Simpson's rule. */
function gelu(x: number): number {
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const steps = 200;
  const width = x / steps;
  let area = 0;
  for (let i = 0; i < steps; i++) {
    const [a, b] = [i * width, (i + 1) * width];
    area += (width / 6) * (density(a) + 4 * density((a + b) / 2) + density(b));
  }
  return x * (0.5 + area);
}
