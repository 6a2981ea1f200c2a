/**
 * The posterior encoder `pooled`: what a reply says beyond what its prompt predicts, as a diagonal Gaussian over latents.
 * White = projected reply - projected prompt; two linear heads on it give mean and log-variance.
 */

/** A diagonal Gaussian over latents of size d. */
export interface Posterior {
  readonly mean: Float32Array;
  readonly logVariance: Float32Array;
}

/** y = weight x + bias; weight is row-major [outputs, inputs]. */
export interface LinearHead {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** The fixed part: two affine maps from features (2,304 numbers) to 128, both centred on the training replies. */
export interface Projection {
  /** Row-major [128, 2304]. */
  readonly replyProjection: Float32Array;
  readonly replyOffset: Float32Array;
  /** Row-major [128, 2304]: the ridge regression of reply features on prompt features, composed with the projection. */
  readonly promptProjection: Float32Array;
  readonly promptOffset: Float32Array;
}

/** The trained part. */
export interface PosteriorHeads {
  readonly meanHead: LinearHead;
  readonly logVarianceHead: LinearHead;
}

/** A reply's pooled features -> 128 numbers near unit variance: what is stored with a candidate (as half floats). */
export function projectReply(projection: Projection, features: Float32Array): Float32Array {
  return linear({ weight: projection.replyProjection, bias: projection.replyOffset }, features);
}

/** A prompt's pooled features -> 128 numbers: what its replies are expected to be. Stored with the generation. */
export function projectPrompt(projection: Projection, features: Float32Array): Float32Array {
  return linear({ weight: projection.promptProjection, bias: projection.promptOffset }, features);
}

/** q(z | reply, prompt) from the two projected vectors. */
export function posteriorOf(heads: PosteriorHeads, reply: Float32Array, prompt: Float32Array): Posterior {
  const white = reply.map((value, i) => value - prompt[i]);
  return { mean: linear(heads.meanHead, white), logVariance: linear(heads.logVarianceHead, white) };
}

/** N(0, I). */
export function standardNormal(size: number): Posterior {
  return { mean: new Float32Array(size), logVariance: new Float32Array(size) };
}

/** Keeps a variance from vanishing in the density, as the published training code does. */
export const VARIANCE_FLOOR = 1e-4;

/** log q(z), summed over dimensions: -½ log 2π - ½ log σ² - (z - μ)² / (2σ² + 1e-4). */
export function logDensity({ mean, logVariance }: Posterior, z: ArrayLike<number>): number {
  let sum = -0.5 * Math.log(2 * Math.PI) * mean.length;
  for (let i = 0; i < mean.length; i++) {
    const distance = z[i] - mean[i];
    sum -= 0.5 * logVariance[i] + (distance * distance) / (2 * Math.exp(logVariance[i]) + VARIANCE_FLOOR);
  }
  return sum;
}

function linear({ weight, bias }: LinearHead, x: Float32Array): Float32Array {
  const out = new Float32Array(bias.length);
  for (let row = 0; row < out.length; row++) {
    let sum = bias[row];
    for (let i = 0, at = row * x.length; i < x.length; i++, at++) sum += weight[at] * x[i];
    out[row] = sum;
  }
  return out;
}
