import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/common/half.js';
import { Random } from '../../src/common/random.js';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '../../src/learning/checkpoint.js';
import { writeSafetensors } from '../../src/learning/safetensors.js';

function randomCheckpoint(): Checkpoint {
  const random = new Random('checkpoint');
  const [d, k, f, layers, middle, width] = [4, 6, 12, 3, 5, 8];
  const array = (...shape: number[]) => ({ shape, data: random.normals(shape.reduce((a, b) => a * b)) });
  return {
    modelDigest: 'cd'.repeat(32),
    latentSize: d,
    featureSize: f,
    projectedSize: k,
    depths: [1, 2, 3],
    replyProjection: array(k, f).data,
    replyOffset: array(k).data,
    promptProjection: array(k, f).data,
    promptOffset: array(k).data,
    meanHead: { weight: array(d, k).data, bias: array(d).data },
    logVarianceHead: { weight: array(d, k).data, bias: array(d).data },
    adapter: {
      w1: array(layers, d, middle),
      b1: array(layers, middle),
      w2: array(layers, middle, width),
      b2: array(layers, width),
    },
    training: { steps: 320, losses: [1.5, 1.25] },
  };
}

const unavailable = expect.objectContaining({ code: 'MODEL_UNAVAILABLE' });
const thrownBy = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return error;
  }
};

describe('a checkpoint file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-checkpoint-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read as it was written, the adapter to half precision', async () => {
    const checkpoint = randomCheckpoint();
    const path = join(folder, 'clap.safetensors');
    const digest = await writeCheckpoint(path, checkpoint);
    const rounded = Object.entries(checkpoint.adapter).map(([name, { shape, data }]) => [
      name,
      { shape, data: fromHalf(toHalf(data)) },
    ]);
    expect(await readCheckpoint(path)).toEqual({ ...checkpoint, digest, adapter: Object.fromEntries(rounded) });
    expect(await writeCheckpoint(path, checkpoint)).toBe(digest);
    expect(await readdir(folder)).toEqual(['clap.safetensors']);
  });

  it('is refused wherever it is cut', () => {
    const bytes = encodeCheckpoint(randomCheckpoint());
    for (let length = 0; length < bytes.length; length += 61) {
      expect(thrownBy(() => decodeCheckpoint(bytes.subarray(0, length), 'cut'))).toEqual(unavailable);
    }
  });

  it('is refused when it is missing, foreign or of another format', async () => {
    const foreign = join(folder, 'foreign.safetensors');
    await writeFile(
      foreign,
      writeSafetensors([], { format: 'pt' }, () => 'F32'),
    );
    await expect(readCheckpoint(foreign)).rejects.toThrow(/not a checkpoint of Palate/);
    await expect(readCheckpoint(join(folder, 'missing'))).rejects.toEqual(unavailable);
    await writeFile(foreign, 'GGUF and so on, long enough to have a header length');
    await expect(readCheckpoint(foreign)).rejects.toEqual(unavailable);
    const later = writeSafetensors([], { format: 'palate-clap', version: '99' }, () => 'F32');
    expect(() => decodeCheckpoint(later, 'later')).toThrow(/format 99/);
  });

  it('is refused when any number in it is not finite', () => {
    const { adapter, ...rest } = randomCheckpoint();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const w2 = { ...adapter.w2, data: adapter.w2.data.with(17, bad) };
      const spoiled = [
        { ...rest, adapter: { ...adapter, w2 } },
        { ...rest, adapter, replyOffset: rest.replyOffset.with(1, bad) },
      ];
      for (const checkpoint of spoiled) {
        const refusal = thrownBy(() => decodeCheckpoint(encodeCheckpoint(checkpoint), 'spoiled'));
        expect(refusal).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringMatching(/not finite/) });
      }
    }
  });

  it('is refused when an array is missing or has another shape', () => {
    const checkpoint = randomCheckpoint();
    const wrong = { ...checkpoint, latentSize: 5 };
    expect(thrownBy(() => encodeCheckpoint(wrong))).toEqual(expect.objectContaining({ code: 'INTERNAL' }));
    const facts = JSON.stringify({
      modelDigest: 'x',
      latentSize: 4,
      featureSize: 12,
      projectedSize: 6,
      depths: [],
      training: {},
    });
    const empty = writeSafetensors([], { format: 'palate-clap', version: '1', facts }, () => 'F32');
    expect(() => decodeCheckpoint(empty, 'empty')).toThrow(/is missing/);
  });
});
