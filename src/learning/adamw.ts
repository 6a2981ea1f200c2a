/** AdamW (Loshchilov & Hutter 2019) over named float arrays, with the schedule and the clipping that CLaP uses. */

export interface AdamState {
  /** First and second moments, by parameter. */
  mean: Float32Array;
  square: Float32Array;
}

export interface AdamSettings {
  learningRate: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
}

export function initAdam(size: number): AdamState {
  return { mean: new Float32Array(size), square: new Float32Array(size) };
}

/** One update in place; `step` counts from 1. */
export function updateAdam(
  parameter: Float32Array,
  gradient: Float32Array,
  state: AdamState,
  step: number,
  { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamSettings,
): void {
  const scale = learningRate / (1 - beta1 ** step);
  const correction = 1 / (1 - beta2 ** step);
  const { mean, square } = state;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i];
    mean[i] += (1 - beta1) * (g - mean[i]);
    square[i] += (1 - beta2) * (g * g - square[i]);
    parameter[i] -=
      learningRate * weightDecay * parameter[i] + (scale * mean[i]) / (Math.sqrt(square[i] * correction) + epsilon);
  }
}

/** Scales gradients so that their joint norm is at most `bound`; returns the norm before. */
export function clipGradients(gradients: Iterable<Float32Array>, bound: number): number {
  const arrays = [...gradients];
  let sum = 0;
  for (const array of arrays) for (let i = 0; i < array.length; i++) sum += array[i] * array[i];
  const norm = Math.sqrt(sum);
  if (norm > bound) for (const array of arrays) for (let i = 0; i < array.length; i++) array[i] *= bound / norm;
  return norm;
}

/** Linear warm-up, then linear decay to a twentieth; a factor of the learning rate. `step` counts from 0. */
export function warmupThenDecay(step: number, steps: number, warmup = 15): number {
  return Math.min(1, (step + 1) / warmup) * ((1 - step / steps) * 0.95 + 0.05);
}
