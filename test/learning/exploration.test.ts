import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { drawLatent, type PersonalEncoder, priorEncoder } from '../../src/learning/encoder.js';
import { explorationLean, exploringEncoder } from '../../src/learning/exploration.js';

describe('exploring replies', () => {
  it.each([
    [0, 0],
    [1, 1 / 11],
    [5, 1 / 3],
    [10, 1 / 2],
    [11, 1 / 2],
    [1_000, 1 / 2],
  ])('lean, after %d verdicts, by %d of the personal mean', (verdicts, lean) => {
    expect(explorationLean(verdicts)).toBeCloseTo(lean, 12);
  });

  const member: PersonalEncoder = {
    mean: Float32Array.of(8, 0, -2),
    logVariance: Float32Array.of(-1, -2, -3),
    capacity: 'BIAS',
  };

  it('stray from there as widely as the prior does, in every direction', () => {
    const { mean, logVariance } = exploringEncoder(member, 10);
    expect([...mean]).toEqual([4, 0, -1]);
    expect([...logVariance]).toEqual([0, 0, 0]);
  });

  it('are prior draws for a member of whom nothing is known', () => {
    const drawn = (encoder: PersonalEncoder) => [...drawLatent(encoder, new Random(1), 1, 1)];
    expect(drawn(exploringEncoder(member, 0))).toEqual(drawn(priorEncoder(3)));
    expect(drawn(exploringEncoder(priorEncoder(3), 20))).toEqual(drawn(priorEncoder(3)));
  });
});
