/** Sampling against a naive nucleus: sort, cut, draw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { type Sampling, sampleToken } from '../../src/runtime/sampler.js';

/** Probabilities by token: softmax at a temperature, less what `minP` cuts, cut to the fewest most likely tokens that reach `topP`. */
function nucleus(logits: ArrayLike<number>, temperature: number, topP: number, minP = 0): number[] {
  const top = Math.max(...Array.from(logits));
  const weights = Array.from(logits, (logit) => Math.exp((logit - top) / temperature)).map((weight) =>
    weight < minP ? 0 : weight,
  );
  const total = weights.reduce((a, b) => a + b);
  const order = [...weights.keys()].sort((a, b) => weights[b] - weights[a]);
  const kept: number[] = [];
  let mass = 0;
  while (kept.length === 0 || (mass < topP * total && kept.length < order.length)) {
    const token = order[kept.length];
    kept.push(token);
    mass += weights[token];
  }
  return weights.map((weight, token) => (kept.includes(token) ? weight / mass : 0));
}

/** How often each token is drawn. */
function shares(logits: Float32Array, sampling: Sampling, seed: string, draws = 20_000): number[] {
  const random = new Random(seed);
  const counts = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sampleToken(logits, sampling, random)]++;
  return counts.map((count) => count / draws);
}

const nucleusOf = (topP: number): Sampling => ({ temperature: 1, topP, minP: 0 });
const GREEDY: Sampling = { temperature: 0, topP: 1, minP: 0 };

function randomLogits(seed: string, size: number, spread: number): Float32Array {
  return new Random(seed).normals(size).map((value) => value * spread);
}

describe('sampling', () => {
  it.each([
    ['all tokens', 40, 1.5, 1, 1, 0],
    ['a nucleus', 40, 1.5, 1, 0.9, 0],
    ['a narrow nucleus', 200, 2, 1, 0.3, 0],
    ['a low temperature', 40, 3, 0.5, 0.95, 0],
    ['a high temperature', 40, 3, 2, 0.8, 0],
    ['flat logits, all in one bin', 64, 0.001, 1, 0.5, 0],
    ['steep logits, some out of range', 64, 30, 1, 1, 0],
    ['tokens near the likeliest', 40, 1.5, 1, 1, 0.1],
    ['a nucleus of those near the likeliest', 200, 2, 1, 0.8, 0.05],
    ['those near the likeliest at a high temperature', 40, 3, 2, 0.95, 0.2],
  ])('draws from %s as the naive nucleus says', (name, size, spread, temperature, topP, minP) => {
    const logits = randomLogits(name, size, spread);
    const expected = nucleus(logits, temperature, topP, minP);
    const drawn = shares(logits, { temperature, topP, minP }, name);
    drawn.forEach((share, token) => {
      // Five standard deviations of a share; what is outside of the nucleus is never drawn.
      const deviation = Math.sqrt((expected[token] * (1 - expected[token])) / 20_000);
      expect(Math.abs(share - expected[token]), `token ${token}`).toBeLessThanOrEqual(5 * deviation);
    });
  });

  it('keeps exactly the tokens of the naive nucleus', () => {
    for (const topP of [0.05, 0.2, 0.5, 0.8, 0.9, 0.99]) {
      const logits = randomLogits(`support ${topP}`, 12, 1);
      const expected = nucleus(logits, 1, topP).map((probability) => probability > 0);
      expect(shares(logits, nucleusOf(topP), 'support').map((share) => share > 0)).toEqual(expected);
    }
  });

  it('takes the most likely token, the first of equals, at temperature 0', () => {
    const random = new Random('greedy');
    for (let trial = 0; trial < 20; trial++) {
      const logits = randomLogits(`greedy ${trial}`, 100, 1);
      expect(sampleToken(logits, GREEDY, random)).toBe(logits.indexOf(Math.max(...logits)));
    }
    expect(sampleToken(Float32Array.of(1, 3, 3, 2), GREEDY, random)).toBe(1);
  });

  it('takes the most likely token where the nucleus is smaller than any', () => {
    const logits = randomLogits('tiny nucleus', 100, 1);
    expect(shares(logits, nucleusOf(1e-9), 'tiny', 100)[logits.indexOf(Math.max(...logits))]).toBe(1);
  });

  it('shares out equal logits, to the nucleus as many as it takes', () => {
    const logits = new Float32Array(10).fill(-7);
    for (const share of shares(logits, nucleusOf(1), 'equal')) expect(Math.abs(share - 0.1)).toBeLessThan(0.012);
    // The lowest ids stand first among equals: five of ten make half.
    expect(shares(logits, nucleusOf(0.45), 'half').map((share) => share > 0)).toEqual(
      [...logits.keys()].map((token) => token < 5),
    );
  });

  it('draws a token of any finite logits, however its settings stand at the edges of what numbers can be', () => {
    const positive = fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true });
    const edge = fc.constantFrom(5e-324, 1e-310, 2.3e-308, 1e-300, 1e-40, Number.EPSILON, 1);
    const logit = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 1e-45, 3.4e38, -3.4e38),
    );
    const settings = fc.record({
      temperature: fc.oneof(edge, positive, fc.constantFrom(0, -0, 1e300, Number.MAX_VALUE)),
      topP: fc.oneof(edge, positive, fc.constant(0)),
      minP: fc.oneof(edge, positive, fc.constantFrom(0, -0)),
    });
    fc.assert(
      fc.property(fc.array(logit, { minLength: 1, maxLength: 40 }), settings, fc.nat(), (values, sampling, seed) => {
        const logits = Float32Array.from(values);
        const token = sampleToken(logits, sampling, new Random(seed));
        expect(Number.isInteger(token) && token >= 0 && token < logits.length).toBe(true);
        if (sampling.temperature < 1e-300) expect(logits[token] >= Math.max(...logits)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('draws the same with the same seed, otherwise with another', () => {
    const logits = randomLogits('seeds', 1000, 1);
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => sampleToken(logits, nucleusOf(0.95), random));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)).not.toEqual(draw(1));
  });
});
