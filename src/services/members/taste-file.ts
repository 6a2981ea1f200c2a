/**
 * A taste as a text that its member may carry to another installation: a JSON Web Signature (RFC 7515, compact) with Ed25519
 * (RFC 8037). It says which model and checkpoint the encoder speaks of, and carries the public key that it was signed with.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { PalateError } from '../../common/errors.js';
import { decodeEncoder, LEAST_LOG_VARIANCE, MEAN_BOUND, type PersonalEncoder } from '../../learning/encoder.js';
import { precisionOf, spectralPrior, type TasteGaussian } from '../../learning/taste-posterior.js';

/** Raised when the payload changes its meaning; files of another version are refused. */
export const TASTE_VERSION = 1;
const TYPE = 'palate-taste';

/** As much evidence as a taste may claim: beyond it, votes would no longer move it. */
export const PAIR_COUNT_BOUND = 10_000;

/** Largest log-variance of an imported taste: what a training here could reach, many times over. */
export const LOG_VARIANCE_BOUND = 2;
/** How many prior deviations the posterior of an imported taste may lie from the middle along any latent, and be wide. */
const DEVIATION_BOUND = 20;
/** Rounding to float32 may put a mean of the greatest length just beyond it. */
const TOLERANCE = 1 + 1e-5;

export interface TasteContent {
  /** SHA-256 of the language model's file, hex. */
  model: string;
  /** SHA-256 of the checkpoint's file, hex. */
  checkpoint: string;
  /** An encoded encoder. */
  encoder: Uint8Array;
  /** Pairs that it was learned from, 1 to PAIR_COUNT_BOUND. */
  pairCount: number;
}

export interface ReadTaste extends TasteContent {
  /** The signer's public key: 32 bytes, base64url. */
  signer: string;
}

export interface TasteSigner {
  /** 32 bytes, base64url. */
  readonly publicKey: string;
  sign(content: TasteContent, issuedAt: Date): string;
}

/** Header of a PKCS #8 file of an Ed25519 key (RFC 8410); the 32 bytes of the seed follow. */
const PRIVATE_KEY_HEADER = Buffer.from('302e020100300506032b657004220420', 'hex');

/** @param seed 32 bytes, secret */
export function tasteSigner(seed: Uint8Array): TasteSigner {
  const key = createPrivateKey({
    key: Buffer.concat([PRIVATE_KEY_HEADER, Buffer.from(seed)]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(key).export({ format: 'jwk' }).x as string;
  return {
    publicKey,
    sign: ({ model, checkpoint, encoder, pairCount }, issuedAt) => {
      const header = { alg: 'EdDSA', typ: TYPE, jwk: { kty: 'OKP', crv: 'Ed25519', x: publicKey } };
      const iat = Math.floor(issuedAt.getTime() / 1_000);
      const payload = { version: TASTE_VERSION, model, checkpoint, encoder: base64(encoder), pairCount, iat };
      const signed = [header, payload].map((part) => base64(Buffer.from(JSON.stringify(part)))).join('.');
      return `${signed}.${base64(sign(null, Buffer.from(signed), key))}`;
    },
  };
}

/**
 * The content of a taste file whose signature is that of the key it names; whether that key is trusted is the caller's question.
 * @throws PalateError BAD_USER_INPUT for anything else
 */
export function readTaste(data: string): ReadTaste {
  const [header, payload, signature, ...more] = data.trim().split('.');
  if (!signature || more.length > 0) throw damaged();
  const { alg, typ, jwk } = parse(header);
  const signer = (jwk as { x?: unknown } | undefined)?.x;
  if (alg !== 'EdDSA' || typ !== TYPE || typeof signer !== 'string' || !/^[\w-]{43}$/.test(signer)) throw damaged();
  if (!verify(null, Buffer.from(`${header}.${payload}`), publicKeyOf(signer), Buffer.from(signature, 'base64url'))) {
    throw refused('This taste was changed since it was signed. Export it again.');
  }
  const { version, model, checkpoint, encoder, pairCount } = parse(payload);
  if (version !== TASTE_VERSION) {
    throw refused(`This taste has format ${version}; this version of Palate reads ${TASTE_VERSION}. Export it again.`);
  }
  if (typeof model !== 'string' || typeof checkpoint !== 'string' || typeof encoder !== 'string') throw damaged();
  if (!isPairCount(pairCount)) throw damaged();
  return { model, checkpoint, encoder: Buffer.from(encoder, 'base64url'), pairCount, signer };
}

/**
 * The encoder of a taste, where it is one that could have been learned here: of the checkpoint, of its size, within bounds.
 * @throws PalateError BAD_USER_INPUT
 */
export function boundedEncoder(
  taste: TasteContent,
  checkpoint: { digest: string; latentSize: number },
): PersonalEncoder {
  const { encoder, checkpointDigest } = decodeEncoder(taste.encoder);
  if (checkpointDigest !== checkpoint.digest || encoder.mean.length !== checkpoint.latentSize) throw damaged();
  if (encoder.capacity === 'PRIOR') throw refused('This taste has nothing learned in it.');
  const tooLong = Math.hypot(...encoder.mean) > MEAN_BOUND * TOLERANCE;
  const beyond = (value: number) => value > LOG_VARIANCE_BOUND || value < LEAST_LOG_VARIANCE;
  const tooSure = encoder.posterior && !isBounded(encoder.posterior);
  if (tooLong || tooSure || encoder.logVariance.some(beyond)) {
    throw refused('This taste is stronger than any that is learned here. Export it again.');
  }
  return encoder;
}

/** Within what so many pairs as a taste may claim could teach: a pair adds about 1 to a precision at most. */
function isBounded({ mean, covariance }: TasteGaussian): boolean {
  const size = mean.length;
  const prior = spectralPrior(size).covariance;
  const precision = precisionOf({ mean, covariance });
  return mean.every((value, k) => {
    const at = k * (size + 1);
    const widest = DEVIATION_BOUND ** 2 * prior.data[at];
    const surest = 1 / prior.data[at] + PAIR_COUNT_BOUND;
    return value ** 2 <= widest && covariance.data[at] <= widest && precision.data[at] <= surest;
  });
}

function isPairCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= PAIR_COUNT_BOUND;
}

function publicKeyOf(x: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function parse(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw damaged();
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

function damaged(): PalateError {
  return refused('This is not an exported taste, or a part of it is missing. Export it again.');
}

function refused(message: string): PalateError {
  return new PalateError('BAD_USER_INPUT', message);
}
