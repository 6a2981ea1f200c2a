import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { type Comparisons, drawComparisons } from '../../src/learning/comparisons.js';
import { decodeEncoder, encodeEncoder, MEAN_BOUND } from '../../src/learning/encoder.js';
import {
  gatherEvidence,
  latentDpoLoss,
  type PreferencePair,
  pairAccuracy,
  trainLatentDpo,
} from '../../src/learning/latent-dpo.js';
import { standardNormal } from '../../src/learning/posterior.js';
import { plainLatentDpo, plainLoss, topQuarter } from './plain-latent-dpo.js';
import { cosine, inverted, LATENT_SIZE, syntheticMember, votes } from './synthetic-taste.js';

const pairsOf = (seed: string, count: number, reliability = 0.8) =>
  votes(syntheticMember(seed, reliability), count).flat();
const digest = '00'.repeat(32);

describe('the comparisons of a pair', () => {
  const [pair] = pairsOf('comparisons', 1);
  const rows = (points: Float64Array) =>
    Array.from({ length: points.length / LATENT_SIZE }, (_, p) =>
      points.subarray(p * LATENT_SIZE, (p + 1) * LATENT_SIZE),
    );

  it('are the ordered point pairs in the top quarter of the reward difference', () => {
    const { points, winners, losers } = drawComparisons(pair, new Random(1), 10_000);
    const all = rows(points);
    expect(all.length).toBe(48);
    const expected = topQuarter(all, pair).map(([a, b]) => [all.indexOf(a), all.indexOf(b)].join());
    expect(expected.length).toBe(576);
    expect([...winners].map((winner, i) => [winner, losers[i]].join()).sort()).toEqual(expected.sort());
  });

  it('are drawn around the prior and the two posteriors', () => {
    const { points } = drawComparisons(pair, new Random(2), 1);
    [standardNormal(LATENT_SIZE), pair.chosen, pair.rejected].forEach((source, kind) => {
      const drawn = rows(points).slice(16 * kind, 16 * kind + 16);
      for (let i = 0; i < LATENT_SIZE; i++) {
        const mean = drawn.reduce((sum, row) => sum + row[i], 0) / 16;
        const variance = drawn.reduce((sum, row) => sum + (row[i] - mean) ** 2, 0) / 16;
        expect(mean).toBeCloseTo(source.mean[i], 6);
        expect(Math.abs(Math.log(variance) - source.logVariance[i])).toBeLessThan(2.5);
      }
    });
  });

  it('are thinned without bias', () => {
    const keysOf = ({ winners, losers }: Comparisons) => [...winners].map((winner, i) => `${winner}>${losers[i]}`);
    // How far winners lie from losers along one axis, averaged over the comparisons.
    const gap = ({ points, winners, losers }: Comparisons) =>
      winners.reduce((sum, winner, i) => sum + points[winner * LATENT_SIZE] - points[losers[i] * LATENT_SIZE], 0) /
      winners.length;
    const errors = Array.from({ length: 300 }, (_, seed) => {
      const full = drawComparisons(pair, new Random(seed), 10_000);
      const thin = drawComparisons(pair, new Random(seed), 60);
      expect(new Set(keysOf(thin)).size).toBe(60);
      const all = new Set(keysOf(full));
      expect(keysOf(thin).filter((key) => !all.has(key))).toEqual([]);
      return gap(thin) - gap(full);
    });
    const mean = errors.reduce((a, b) => a + b) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length);
    expect(deviation).toBeGreaterThan(0);
    expect(Math.abs(mean)).toBeLessThan((3 * deviation) / Math.sqrt(errors.length));
  });

  it('are none between equal posteriors', () => {
    const { winners } = drawComparisons({ ...pair, rejected: pair.chosen }, new Random(4), 100);
    expect(winners.length).toBe(0);
    expect(trainLatentDpo([{ ...pair, rejected: pair.chosen }], { seed: 1 }).encoder.mean).toEqual(
      new Float32Array(32),
    );
  });
});

describe('the loss', () => {
  it('is that of docs/method.md, and its gradient that of finite differences', () => {
    const pairs = pairsOf('loss', 2).map((pair, i) => ({ ...pair, weight: 1 + (i % 3) }));
    const evidence = gatherEvidence(pairs, 5);
    const random = new Random('at');
    const at = {
      mean: Float64Array.from({ length: LATENT_SIZE }, () => random.normal()),
      logVariance: Float64Array.from({ length: LATENT_SIZE }, () => 0.3 * random.normal()),
    };
    const gradient = { mean: new Float64Array(LATENT_SIZE), logVariance: new Float64Array(LATENT_SIZE) };
    const loss = latentDpoLoss(evidence, at, gradient);
    const total = pairs.reduce((sum, pair) => sum + pair.weight, 0);
    const expected = evidence.map(({ pair, comparisons: { points, winners, losers } }) => {
      const row = (p: number) => points.subarray(p * LATENT_SIZE, (p + 1) * LATENT_SIZE);
      const compared = [...winners].map((winner, i): [Float64Array, Float64Array] => [row(winner), row(losers[i])]);
      const encoder = { mean: Float32Array.from(at.mean), logVariance: Float32Array.from(at.logVariance) };
      return (pair.weight / total) * plainLoss(compared, encoder);
    });
    expect(loss).toBeCloseTo(
      expected.reduce((a, b) => a + b),
      6,
    );

    const scratch = { mean: new Float64Array(LATENT_SIZE), logVariance: new Float64Array(LATENT_SIZE) };
    for (const part of ['mean', 'logVariance'] as const) {
      for (const i of [0, 7, 31]) {
        const moved = (step: number) => {
          const other = { ...at, [part]: at[part].slice() };
          other[part][i] += step;
          return latentDpoLoss(evidence, other, scratch);
        };
        expect(gradient[part][i]).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 7);
      }
    }
  });
});

describe('Latent DPO', () => {
  it('gives the same bytes for the same verdicts and seed, in whatever order the pairs come', () => {
    const pairs = pairsOf('order', 10);
    const bytes = (order: PreferencePair[], seed = 1) => encodeEncoder(trainLatentDpo(order, { seed }).encoder, digest);
    const first = bytes(pairs);
    fc.assert(
      fc.property(fc.shuffledSubarray(pairs, { minLength: pairs.length }), (order) => {
        expect(bytes(order)).toEqual(first);
      }),
      { numRuns: 5 },
    );
    expect(bytes(pairs, 2)).not.toEqual(first);
    expect(decodeEncoder(first).encoder).toEqual(trainLatentDpo(pairs, { seed: 1 }).encoder);
  });

  it('finds a taste as well as the full published recipe, at ten verdicts and at twenty-five', () => {
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    for (const [count, members] of [
      [10, 3],
      [25, 1],
    ]) {
      const found: number[] = [];
      const published: number[] = [];
      for (let m = 0; m < members; m++) {
        const member = syntheticMember(`member ${m}`, 0.8);
        const pairs = votes(member, count).flat();
        found.push(cosine(trainLatentDpo(pairs, { seed: m }).encoder.mean, member.taste));
        published.push(cosine(plainLatentDpo(pairs, new Random(m)), member.taste));
      }
      expect(mean(found)).toBeGreaterThan(mean(published) - 0.01);
      expect(mean(found)).toBeGreaterThan(count === 10 ? 0.3 : 0.45);
    }
  });

  it('points better the more it has seen', () => {
    const cosines = [5, 20, 80].map((count) => {
      const each = Array.from({ length: 6 }, (_, m) => {
        const member = syntheticMember(`growing ${m}`, 0.7);
        return cosine(trainLatentDpo(votes(member, count).flat(), { seed: 1 }).encoder.mean, member.taste);
      });
      return each.reduce((a, b) => a + b) / each.length;
    });
    expect(cosines[1]).toBeGreaterThan(cosines[0] + 0.1);
    expect(cosines[2]).toBeGreaterThan(cosines[1] + 0.1);
  });

  it('learns opposite tastes from opposite votes', () => {
    const pairs = pairsOf('opposed', 20);
    const liked = trainLatentDpo(pairs, { seed: 1 }).encoder.mean;
    expect(cosine(liked, trainLatentDpo(inverted(pairs), { seed: 1 }).encoder.mean)).toBeLessThan(-0.9);
  });

  it('weighs pairs: weight two is the pair twice, weight near zero is no pair', () => {
    const pairs = pairsOf('weights', 6);
    const other = inverted(pairsOf('weights', 12)).slice(18);
    const faint = other.map((pair) => ({ ...pair, weight: 1e-9 }));
    const alone = trainLatentDpo(pairs, { seed: 1 }).encoder.mean;
    expect(cosine(trainLatentDpo([...pairs, ...faint], { seed: 1 }).encoder.mean, alone)).toBeGreaterThan(0.99);
    const doubled = trainLatentDpo([...pairs, ...pairs], { seed: 1 }).encoder.mean;
    const heavy = trainLatentDpo(
      pairs.map((pair) => ({ ...pair, weight: 2 })),
      { seed: 1 },
    ).encoder.mean;
    expect(cosine(doubled, heavy)).toBeGreaterThan(0.99);
  });

  it('learns from single replies called good or bad, against the prior', () => {
    const pairs = pairsOf('good', 8);
    const prior = standardNormal(LATENT_SIZE);
    const good = pairs.map(({ chosen }) => ({ chosen, rejected: prior, weight: 1 }));
    const bad = pairs.map(({ chosen }) => ({ chosen: prior, rejected: chosen, weight: 1 }));
    const likes = trainLatentDpo(good, { seed: 1 });
    expect(pairAccuracy(good, likes.encoder)).toBeGreaterThan(0.7);
    expect(cosine(likes.encoder.mean, trainLatentDpo(bad, { seed: 1 }).encoder.mean)).toBeLessThan(-0.8);
  });

  it('keeps the mean within its bound whatever it is told', () => {
    const [pair] = pairsOf('bound', 1);
    const { encoder, accuracy } = trainLatentDpo([pair], { seed: 1, steps: 200 });
    expect(Math.hypot(...encoder.mean)).toBeLessThanOrEqual(MEAN_BOUND + 1e-5);
    expect(accuracy).toBe(1);
    expect(encoder.logVariance.every(Number.isFinite)).toBe(true);
  });

  it('reports its steps, stops when aborted, and refuses to learn from nothing', () => {
    const pairs = pairsOf('steps', 4);
    const losses: number[] = [];
    const result = trainLatentDpo(pairs, {
      seed: 1,
      onStep: (step, total, loss) => losses.push(loss) && expect(step).toBeLessThanOrEqual(total),
    });
    expect(losses[0]).toBeCloseTo(Math.log(2), 9);
    expect(result.loss).toBeLessThan(losses[0]);
    const controller = new AbortController();
    const stop = () => controller.abort();
    expect(() => trainLatentDpo(pairs, { seed: 1, onStep: stop, signal: controller.signal })).toThrow(/cancelled/);
    expect(() => trainLatentDpo([], { seed: 1 })).toThrow(/no preference pair/);
  });
});
