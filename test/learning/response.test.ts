import { describe, expect, it } from 'vitest';
import { PalateError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import { responseAdvantages } from '../../src/learning/clap/response/advantages.js';
import { drawDirection } from '../../src/learning/clap/response/direction.js';
import { type OpposedReplies, responseSlope } from '../../src/learning/clap/response/slope.js';

const SIZE = 32;

/** Replies whose k-th number follows z by slopeOf(k), around a mean of their prompt, with noise. */
function replies(slopeOf: (k: number) => number, noise: number, prompts: number, seed: string): OpposedReplies[] {
  const random = new Random(seed);
  return Array.from({ length: prompts }, (_, prompt) => {
    const usual = random.normals(SIZE);
    return Array.from({ length: 4 }, () => {
      const latent = drawDirection(random, SIZE).map((value) => value * 6.8);
      const says = (sign: number) =>
        usual.map((value, k) => value + sign * slopeOf(k) * latent[k] + noise * random.normal());
      return { prompt, latent, plus: says(1), minus: says(-1) };
    });
  }).flat();
}

describe('the response slope', () => {
  it('is what replies move per unit of z, whatever their prompt says', () => {
    const { slope, error, byDirection, prompts, pairs } = responseSlope(replies(() => 0.25, 0, 5, 'exact'));
    expect(slope).toBeCloseTo(0.25, 5);
    expect(error).toBeCloseTo(0, 5);
    for (const direction of byDirection) expect(direction.slope).toBeCloseTo(0.25, 5);
    expect([prompts, pairs]).toEqual([5, 20]);
  });

  it('is told by groups of principal directions that hold each one once', () => {
    const groups = responseSlope(replies((k) => 0.4 / (k + 1), 0, 3, 'groups')).byDirection;
    expect(groups.map(({ first, last }) => [first, last])).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 7],
      [8, 15],
      [16, 31],
    ]);
    for (const { first, last, slope } of groups) {
      expect(slope).toBeLessThanOrEqual(0.4 / (first + 1) + 1e-5);
      expect(slope).toBeGreaterThanOrEqual(0.4 / (last + 1) - 1e-5);
    }
  });

  it('strays from the truth by as much as its error says', () => {
    const runs = Array.from({ length: 200 }, (_, i) => responseSlope(replies(() => 0.2, 0.7, 16, `noisy ${i}`)));
    const squares = runs.map(({ slope, error }) => ((slope - 0.2) / error) ** 2);
    const spread = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    expect(spread).toBeGreaterThan(0.85);
    expect(spread).toBeLessThan(1.25);
  });

  it('is less sure where the pairs of a prompt go together', () => {
    const pairs = replies(() => 0.2, 0.7, 16, 'together');
    const copied = pairs.map((_, i) => pairs[4 * Math.floor(i / 4)]);
    const apart = copied.map((pair, prompt) => ({ ...pair, prompt }));
    expect(responseSlope(copied).slope).toBe(responseSlope(apart).slope);
    expect(responseSlope(copied).error).toBeGreaterThan(1.5 * responseSlope(apart).error);
  });

  it('of no pair at all is refused', () => {
    expect(() => responseSlope([])).toThrow(PalateError);
  });

  it('has no error to tell where there is one prompt', () => {
    expect(responseSlope(replies(() => 0.2, 0, 1, 'one')).error).toBe(Infinity);
  });
});

describe('drawn directions', () => {
  it('have length 1, and vary along the k-th principal direction as 1/k', () => {
    const random = new Random('directions');
    const drawn = Array.from({ length: 4000 }, () => drawDirection(random, 4));
    for (const u of drawn) expect(u.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
    const squares = [0, 1, 2, 3].map((k) => drawn.reduce((sum, u) => sum + u[k] * u[k], 0));
    expect(squares).toEqual(squares.toSorted((a, b) => b - a));
    expect(squares[0] / squares[3]).toBeGreaterThan(2.5);
  });
});

describe('what replies earn', () => {
  const reply = (sign: 1 | -1, projection: number, drift = 0) => ({ sign, projection, drift });
  it.each([
    [
      'the one that goes further, on either side',
      [reply(1, 2), reply(1, 0), reply(-1, -3), reply(-1, -1)],
      1,
      [1, -1, 1, -1],
    ],
    ['nothing for the side they are on', [reply(1, 9), reply(1, 7), reply(-1, 9), reply(-1, 7)], 1, [1, -1, -1, 1]],
    [
      'less for what the untouched model would not write',
      [reply(1, 1, 3), reply(1, 1, 1), reply(-1, 0, 2), reply(-1, 0, 2)],
      1,
      [-Math.SQRT2, Math.SQRT2, 0, 0],
    ],
    [
      'as much less as drift weighs',
      [reply(1, 1, 1), reply(1, 0, 0.5), reply(-1, 1, 0.5), reply(-1, 0, 0)],
      2,
      [0, 0, -Math.SQRT2, Math.SQRT2],
    ],
    [
      'nothing where it has no token, and the others as if it were not there',
      [reply(1, 2), undefined, reply(1, 0), undefined, undefined],
      1,
      [1, 0, -1, 0, 0],
    ],
  ] as const)('%s', (_, replies, driftWeight, expected) => {
    const advantages = responseAdvantages(replies, driftWeight);
    expected.forEach((value, i) => expect(advantages[i]).toBeCloseTo(value, 4));
  });

  it.each([
    ['all earn alike', [reply(1, 1), reply(1, 1), reply(-1, 1), reply(-1, 1)]],
    ['all earn alike up to rounding', [reply(1, 0.1), reply(1, 0.1), reply(1, 0.1), reply(-1, 0)]],
    ['none has a token', [undefined, undefined]],
    ['a reward is not finite', [reply(1, 1), reply(1, 2, Infinity), reply(-1, 0), reply(-1, 1)]],
    ['a reward is no number', [reply(1, 1), reply(1, Number.NaN), reply(-1, 0), reply(-1, 1)]],
  ])('exactly nothing where %s', (_, replies) => {
    expect([...responseAdvantages(replies, 1)]).toEqual(replies.map(() => 0));
  });
});
