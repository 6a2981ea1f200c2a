import { describe, expect, it } from 'vitest';
import { PalateError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import { decodeEncoder, drawLatent, encodeEncoder, priorEncoder } from '../../src/learning/encoder.js';
import { addToDiagonal, gram } from '../../src/learning/linear-algebra.js';

const digest = 'ab'.repeat(32);
const encoder = {
  mean: new Random(1).normals(32),
  logVariance: new Random(2).normals(32),
  capacity: 'BIAS' as const,
};

describe('a personal encoder', () => {
  it('survives its bytes, with the checkpoint it belongs to', () => {
    const bytes = encodeEncoder(encoder, digest);
    expect(bytes.length).toBe(40 + 256);
    expect(decodeEncoder(bytes)).toEqual({ encoder, checkpointDigest: digest });
    expect(decodeEncoder(encodeEncoder(priorEncoder(16), digest)).encoder).toEqual(priorEncoder(16));
  });

  it('carries what is known of the taste behind the numbers of the first format', () => {
    const random = new Random(3);
    const factor = { rows: 8, columns: 8, data: Float64Array.from(random.normals(64)) };
    const exact = addToDiagonal(gram(factor), 0.1);
    const covariance = { ...exact, data: exact.data.map(Math.fround) };
    const posterior = { mean: Float64Array.from(random.normals(8)), covariance };
    const known = { mean: random.normals(8), logVariance: random.normals(8), capacity: 'BIAS' as const, posterior };
    const bytes = encodeEncoder(known, digest);
    expect(bytes.length).toBe(40 + 4 * (16 + 8 + 36));
    expect(decodeEncoder(bytes)).toEqual({ encoder: known, checkpointDigest: digest });
    const { posterior: _, ...first } = known;
    expect(bytes.subarray(4, 40 + 64)).toEqual(encodeEncoder(first, digest).subarray(4));
    // The first number of the covariance.
    const poisoned = Buffer.from(bytes);
    poisoned.writeFloatLE(-1, 40 + 4 * 24);
    for (const wrong of [bytes.subarray(0, -4), poisoned, bytes.subarray(0, 40 + 64)]) {
      expect(() => decodeEncoder(wrong)).toThrowError(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
    }
  });

  it('refuses bytes that are cut, foreign or not finite', () => {
    const bytes = encodeEncoder(encoder, digest);
    const poisoned = Buffer.from(bytes);
    poisoned.writeFloatLE(Number.NaN, 40 + 4 * 7);
    for (const wrong of [bytes.subarray(0, 20), bytes.subarray(0, -1), new Uint8Array(296), poisoned]) {
      expect(() => decodeEncoder(wrong)).toThrow(PalateError);
    }
  });

  it('is not written where a number is not finite', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const part of ['mean', 'logVariance'] as const) {
        const spoiled = { ...encoder, [part]: encoder[part].with(31, bad) };
        expect(() => encodeEncoder(spoiled, digest)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
      }
    }
  });

  it('draws around its mean, scaled by the strength', () => {
    const draws = Array.from({ length: 4000 }, (_, i) => drawLatent(encoder, new Random(i), 0.5, 0.3));
    for (const i of [0, 31]) {
      const values = draws.map((draw) => draw[i]);
      const mean = values.reduce((a, b) => a + b) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
      expect(mean).toBeCloseTo(0.5 * encoder.mean[i], 1);
      expect(deviation / (0.15 * Math.exp(encoder.logVariance[i] / 2))).toBeCloseTo(1, 1);
    }
    expect(drawLatent(encoder, new Random(1), 0).every((value) => Math.abs(value) === 0)).toBe(true);
    expect(drawLatent(encoder, new Random(1))).toEqual(drawLatent(encoder, new Random(1)));
  });
});
