import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { logDensity, posteriorOf, projectPrompt, projectReply, standardNormal } from '../../src/learning/posterior.js';

const random = new Random('posterior');

describe('the posterior encoder', () => {
  it('is affine in the reply less what the prompt predicts', () => {
    const projection = {
      replyProjection: Float32Array.of(1, 2, 3, 4, 5, 6),
      replyOffset: Float32Array.of(0.5, -0.5),
      promptProjection: Float32Array.of(1, 0, 0, 0, 1, 0),
      promptOffset: Float32Array.of(0, 1),
    };
    const reply = projectReply(projection, Float32Array.of(1, 0, -1));
    const prompt = projectPrompt(projection, Float32Array.of(3, 4, 5));
    expect([...reply]).toEqual([-1.5, -2.5]);
    expect([...prompt]).toEqual([3, 5]);
    const heads = {
      meanHead: { weight: Float32Array.of(1, 1), bias: Float32Array.of(10) },
      logVarianceHead: { weight: Float32Array.of(0, 2), bias: Float32Array.of(-2) },
    };
    const posterior = posteriorOf(heads, reply, prompt);
    expect([...posterior.mean, ...posterior.logVariance]).toEqual([10 - 4.5 - 7.5, -2 - 15]);
  });

  it('has a density that integrates to one', () => {
    const posterior = { mean: Float32Array.of(0.7), logVariance: Float32Array.of(-1) };
    let integral = 0;
    for (let z = -6; z < 6; z += 0.01) integral += 0.01 * Math.exp(logDensity(posterior, [z]));
    expect(integral).toBeCloseTo(1, 3);
  });

  it('has the density of independent dimensions', () => {
    const z = random.normals(8);
    const squares = z.reduce((sum, value) => sum + value * value, 0);
    expect(logDensity(standardNormal(8), z)).toBeCloseTo(-4 * Math.log(2 * Math.PI) - squares / 2.0001, 6);
  });
});
