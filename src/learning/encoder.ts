/** A member's personal encoder p(z | x): what Latent DPO trains, what a reply's latent is drawn from, and its bytes. */
import { PalateError } from '../common/errors.js';
import { allFinite } from '../common/finite.js';
import type { Random } from '../common/random.js';

/** PRIOR: untrained, N(0, I). BIAS: one Gaussian for every prompt (2d numbers). */
export type EncoderCapacity = 'PRIOR' | 'BIAS';

export interface PersonalEncoder {
  readonly mean: Float32Array;
  readonly logVariance: Float32Array;
  readonly capacity: EncoderCapacity;
}

/** How many standard deviations a personal reply strays from the mean, for variety between candidates (docs/method.md 3). */
export const PERSONAL_SPREAD = 0.6;

/** Longest mean: a longer one wins more votes and says the same things more often (docs/method.md 3). */
export const MEAN_BOUND = 6.8;

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

const MAGIC = 0x314c5450; // "PTL1"
const CAPACITIES: readonly EncoderCapacity[] = ['PRIOR', 'BIAS'];
const DIGEST_AT = 8;
const VALUES_AT = DIGEST_AT + 32;

/**
 * Magic, capacity, size d, checkpoint digest (32 bytes), then d means and d log-variances as float32, little-endian.
 * @throws PalateError INTERNAL for numbers that are not finite: what cannot be read again is not written
 */
export function encodeEncoder(encoder: PersonalEncoder, checkpointDigest: string): Uint8Array {
  const size = encoder.mean.length;
  if (!allFinite(encoder.mean) || !allFinite(encoder.logVariance)) {
    throw new PalateError('INTERNAL', 'Training gave numbers that are not finite; the taste before it stays.');
  }
  const bytes = Buffer.alloc(VALUES_AT + 8 * size);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt16LE(CAPACITIES.indexOf(encoder.capacity), 4);
  bytes.writeUInt16LE(size, 6);
  bytes.write(checkpointDigest, DIGEST_AT, 32, 'hex');
  [...encoder.mean, ...encoder.logVariance].forEach((value, i) => {
    bytes.writeFloatLE(value, VALUES_AT + 4 * i);
  });
  return bytes;
}

/**
 * The encoder and the digest of the checkpoint whose latents it speaks about; behind another checkpoint it means nothing,
 * so the caller compares. Bytes that are no encoder are BAD_USER_INPUT.
 */
export function decodeEncoder(bytes: Uint8Array): { encoder: PersonalEncoder; checkpointDigest: string } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.length >= VALUES_AT ? view.readUInt16LE(6) : 0;
  const capacity = view.length >= VALUES_AT ? CAPACITIES[view.readUInt16LE(4)] : undefined;
  if (!capacity || view.readUInt32LE(0) !== MAGIC || size === 0 || view.length !== VALUES_AT + 8 * size) {
    throw new PalateError(
      'BAD_USER_INPUT',
      'This is not an exported taste, or a part of it is missing. Export it again.',
    );
  }
  const values = Float32Array.from({ length: 2 * size }, (_, i) => view.readFloatLE(VALUES_AT + 4 * i));
  if (!allFinite(values)) {
    throw new PalateError('BAD_USER_INPUT', 'This exported taste holds numbers that are not finite. Export it again.');
  }
  return {
    encoder: { mean: values.slice(0, size), logVariance: values.slice(size), capacity },
    checkpointDigest: view.subarray(DIGEST_AT, VALUES_AT).toString('hex'),
  };
}
