/** A member's personal encoder p(z | x): what Latent DPO trains, what a reply's latent is drawn from, and its bytes. */
import { PalateError } from '../common/errors.js';
import { allFinite } from '../common/finite.js';
import type { Random } from '../common/random.js';
import { choleskyFactor, zeros } from './linear-algebra.js';
import type { TasteGaussian } from './taste-posterior.js';

/** PRIOR: untrained, N(0, I). BIAS: one Gaussian for every prompt (2d numbers). */
export type EncoderCapacity = 'PRIOR' | 'BIAS';

export interface PersonalEncoder {
  readonly mean: Float32Array;
  readonly logVariance: Float32Array;
  readonly capacity: EncoderCapacity;
  /** What the estimator knew of the taste, where it keeps that: whoever brings the encoder along goes on from it. */
  readonly posterior?: TasteGaussian;
}

/** How many standard deviations a personal reply strays from the mean, for variety between candidates (docs/method.md 3). */
export const PERSONAL_SPREAD = 0.6;

/** Longest mean: a longer one wins more votes and says the same things more often (docs/method.md 3). */
export const MEAN_BOUND = 6.8;

/** Least log-variance: there is always a little variety between a member's replies. */
export const LEAST_LOG_VARIANCE = -4;

/** Version 0 of every member. */
export function priorEncoder(size: number): PersonalEncoder {
  return { mean: new Float32Array(size), logVariance: new Float32Array(size), capacity: 'PRIOR' };
}

/**
 * z = strength (μ + spread σ ε). Strength scales how much z says (0 says nothing, 1 is what was trained). For an exploring
 * reply take the prior with a spread of 1.
 */
export function drawLatent(
  encoder: PersonalEncoder,
  random: Random,
  strength = 1,
  spread: number = PERSONAL_SPREAD,
): Float32Array {
  return encoder.mean.map(
    (mean, i) => strength * (mean + spread * Math.exp(0.5 * encoder.logVariance[i]) * random.normal()),
  );
}

/** "PTL1" ends with the log-variances; "PTL2" goes on with the posterior. */
const [MAGIC, MAGIC_WITH_POSTERIOR] = [0x314c5450, 0x324c5450];
const CAPACITIES: readonly EncoderCapacity[] = ['PRIOR', 'BIAS'];
const DIGEST_AT = 8;
const VALUES_AT = DIGEST_AT + 32;

/**
 * Magic, capacity, size d, checkpoint digest (32 bytes), then d means and d log-variances; where there is a posterior, its d means and the
 * lower triangle of its covariance, row by row. All float32, little-endian.
 * @throws PalateError INTERNAL for numbers that are not finite: what cannot be read again is not written
 */
export function encodeEncoder(encoder: PersonalEncoder, checkpointDigest: string): Uint8Array {
  const size = encoder.mean.length;
  const { posterior } = encoder;
  const values = Float32Array.from([
    ...encoder.mean,
    ...encoder.logVariance,
    ...(posterior ? [...posterior.mean, ...lowerTriangle(posterior)] : []),
  ]);
  if (!allFinite(values)) {
    throw new PalateError('INTERNAL', 'Training gave numbers that are not finite; the taste before it stays.');
  }
  const bytes = Buffer.alloc(VALUES_AT + 4 * values.length);
  bytes.writeUInt32LE(posterior ? MAGIC_WITH_POSTERIOR : MAGIC, 0);
  bytes.writeUInt16LE(CAPACITIES.indexOf(encoder.capacity), 4);
  bytes.writeUInt16LE(size, 6);
  bytes.write(checkpointDigest, DIGEST_AT, 32, 'hex');
  values.forEach((value, i) => void bytes.writeFloatLE(value, VALUES_AT + 4 * i));
  return bytes;
}

/**
 * The encoder and the digest of the checkpoint whose latents it speaks about; behind another checkpoint it means nothing,
 * so the caller compares. Bytes that are no encoder are BAD_USER_INPUT.
 */
export function decodeEncoder(bytes: Uint8Array): { encoder: PersonalEncoder; checkpointDigest: string } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = view.length >= VALUES_AT;
  const [magic, size] = whole ? [view.readUInt32LE(0), view.readUInt16LE(6)] : [0, 0];
  const capacity = whole ? CAPACITIES[view.readUInt16LE(4)] : undefined;
  const known = magic === MAGIC || magic === MAGIC_WITH_POSTERIOR;
  const count = 2 * size + (magic === MAGIC_WITH_POSTERIOR ? size + (size * (size + 1)) / 2 : 0);
  if (!capacity || !known || size === 0 || view.length !== VALUES_AT + 4 * count) {
    throw unreadable('This is not an exported taste, or a part of it is missing. Export it again.');
  }
  const values = Float32Array.from({ length: count }, (_, i) => view.readFloatLE(VALUES_AT + 4 * i));
  if (!allFinite(values)) {
    throw unreadable('This exported taste holds numbers that are not finite. Export it again.');
  }
  const encoder = { mean: values.slice(0, size), logVariance: values.slice(size, 2 * size), capacity };
  return {
    encoder: count === 2 * size ? encoder : { ...encoder, posterior: posteriorOf(values.subarray(2 * size), size) },
    checkpointDigest: view.subarray(DIGEST_AT, VALUES_AT).toString('hex'),
  };
}

function lowerTriangle({ covariance: { rows, data } }: TasteGaussian): number[] {
  return Array.from({ length: rows }, (_, row) => [...data.subarray(row * rows, row * rows + row + 1)]).flat();
}

function posteriorOf(values: Float32Array, size: number): TasteGaussian {
  const covariance = zeros(size, size);
  for (let row = 0, at = size; row < size; row++) {
    for (let column = 0; column <= row; column++, at++) {
      covariance.data[row * size + column] = covariance.data[column * size + row] = values[at];
    }
  }
  if (!choleskyFactor(covariance)) {
    throw unreadable('This exported taste holds a covariance that is none. Export it again.');
  }
  return { mean: Float64Array.from(values.subarray(0, size)), covariance };
}

function unreadable(message: string): PalateError {
  return new PalateError('BAD_USER_INPUT', message);
}
