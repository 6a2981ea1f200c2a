import { describe, expect, it } from 'vitest';
import { decodeEncoder, encodeEncoder, MEAN_BOUND } from '../../src/learning/encoder.js';
import { diagonalMatrix } from '../../src/learning/linear-algebra.js';
import {
  boundedEncoder,
  LOG_VARIANCE_BOUND,
  readTaste,
  type TasteContent,
  tasteSigner,
} from '../../src/services/members/taste-file.js';

const CHECKPOINT = { digest: 'cd'.repeat(32), latentSize: 4 };
const signer = tasteSigner(new Uint8Array(32).fill(7));

function content(mean: number[] = [1, -2, 3, 0.5], logVariance: number[] = [0, 0.1, -0.1, 0]): TasteContent {
  const encoder = {
    mean: Float32Array.from(mean),
    logVariance: Float32Array.from(logVariance),
    capacity: 'BIAS' as const,
  };
  const bytes = encodeEncoder(encoder, CHECKPOINT.digest);
  return { model: 'ab'.repeat(32), checkpoint: CHECKPOINT.digest, encoder: bytes, pairCount: 12 };
}

/** Its first mean is NaN. */
function poisoned(): TasteContent {
  const encoder = Buffer.from(content().encoder);
  encoder.writeFloatLE(Number.NaN, encoder.length - 2 * 4 * CHECKPOINT.latentSize);
  return { ...content(), encoder };
}

/** Writes other parts into a signed taste, as somebody without the key could. */
function tamper(data: string, change: (payload: Record<string, unknown>) => void): string {
  const [header, payload, signature] = data.split('.');
  const value = JSON.parse(Buffer.from(payload, 'base64url').toString());
  change(value);
  return [header, Buffer.from(JSON.stringify(value)).toString('base64url'), signature].join('.');
}

describe('a taste file', () => {
  it('is read as it was written, and names its signer', () => {
    const taste = readTaste(signer.sign(content(), new Date(0)));
    expect(taste).toMatchObject({ model: 'ab'.repeat(32), checkpoint: CHECKPOINT.digest, pairCount: 12 });
    expect(taste.signer).toBe(signer.publicKey);
    expect([...boundedEncoder(taste, CHECKPOINT).mean]).toEqual([1, -2, 3, 0.5]);
  });

  it('is a JSON Web Signature that others can check', async () => {
    const { compactVerify, importJWK } = await import('jose');
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: signer.publicKey }, 'EdDSA');
    const { payload, protectedHeader } = await compactVerify(signer.sign(content(), new Date(5_000)), key);
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'palate-taste' });
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ version: 1, iat: 5 });
  });

  const data = signer.sign(content(), new Date(0));
  const another = tasteSigner(new Uint8Array(32).fill(8));
  it.each<[string, string]>([
    ['nothing', ''],
    ['some text', 'a taste of mine'],
    ['a part of it', data.slice(0, -30)],
    ['one with more behind it', `${data}.more`],
    ['one of another member’s vector', tamper(data, (payload) => Object.assign(payload, { encoder: 'AAAA' }))],
    ['one of more evidence than there is', signer.sign({ ...content(), pairCount: 1e9 }, new Date(0))],
    ['one of no evidence', signer.sign({ ...content(), pairCount: 0 }, new Date(0))],
    ['one moved to another model', tamper(data, (payload) => Object.assign(payload, { model: 'other' }))],
    ['one with somebody else’s signature', data.replace(/[^.]+$/, another.sign(content(), new Date(0)).split('.')[2])],
    [
      'one with a header that is no object',
      `${Buffer.from('7').toString('base64url')}.${data.split('.').slice(1).join('.')}`,
    ],
  ])('is refused when it is %s', (_, text) => {
    expect(() => readTaste(text)).toThrowError(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });

  it.each<[string, TasteContent]>([
    ['longer than any that is learned', content([MEAN_BOUND, 0.1, 0, 0])],
    ['wider than any that is learned', content([1, 0, 0, 0], [LOG_VARIANCE_BOUND + 0.1, 0, 0, 0])],
    ['of another size', content([1, 2, 3], [0, 0, 0])],
    ['not a number', poisoned()],
    ['no encoder', { ...content(), encoder: new Uint8Array(100) }],
  ])('is refused when its encoder is %s, though it is signed', (_, taste) => {
    const read = readTaste(signer.sign(taste, new Date(0)));
    expect(() => boundedEncoder(read, CHECKPOINT)).toThrowError(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });

  /** A taste with a posterior whose first mean, variances and checkpoint are these. */
  const known = (mean: number, variance: number): TasteContent => {
    const posterior = { mean: Float64Array.of(mean, 0, 0, 0), covariance: diagonalMatrix([variance, 0.1, 0.05, 0.05]) };
    const encoder = { ...decodeEncoder(content().encoder).encoder, posterior };
    return { ...content(), encoder: encodeEncoder(encoder, CHECKPOINT.digest) };
  };
  it.each<[string, number, number, boolean]>([
    ['as it is learned here', 0.8, 0.1, true],
    ['of more evidence than a taste may claim', 0.8, 1e-5, false],
    ['farther out than any', 100, 0.1, false],
    ['wider than any', 0.8, 1e3, false],
  ])('is taken with what is known of it, or refused: %s', (_, mean, variance, taken) => {
    const read = readTaste(signer.sign(known(mean, variance), new Date(0)));
    if (taken) expect(boundedEncoder(read, CHECKPOINT).posterior?.mean[0]).toBe(Math.fround(mean));
    else expect(() => boundedEncoder(read, CHECKPOINT)).toThrowError(/stronger/);
  });

  it('is taken at the very bound', () => {
    const read = readTaste(signer.sign(content([MEAN_BOUND, 0, 0, 0]), new Date(0)));
    expect(boundedEncoder(read, CHECKPOINT).mean[0]).toBe(Math.fround(MEAN_BOUND));
  });
});
