/** Latent DPO from a taste that was brought along, instead of from N(0, I). */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { MEAN_BOUND } from '../../src/learning/encoder.js';
import { qualityGate } from '../../src/learning/gate.js';
import {
  type BroughtPrior,
  fitEncoder,
  gatherEvidence,
  latentDpoLoss,
  trainLatentDpo,
} from '../../src/learning/latent-dpo.js';
import { logDensity, type Posterior, standardNormal } from '../../src/learning/posterior.js';
import { cosine, LATENT_SIZE, syntheticMember, votes } from './synthetic-taste.js';

const member = syntheticMember('brought along', 0.9);
const pairsOf = (count: number, of = member) => votes(of, count).flat();

/** What a member learned elsewhere from so many verdicts. */
function brought(of: typeof member, count: number, seed: number): BroughtPrior {
  const pairs = pairsOf(count, of);
  return { ...trainLatentDpo(pairs, { seed }).encoder, pairCount: pairs.length };
}

function somePrior(seed: string): Posterior {
  const random = new Random(seed);
  return { mean: random.normals(LATENT_SIZE), logVariance: random.normals(LATENT_SIZE).map((value) => 0.2 * value) };
}

describe('a prior that was brought along', () => {
  it('is the one of everybody when it is N(0, I)', () => {
    const pairs = pairsOf(6);
    const evidence = gatherEvidence(pairs, 1);
    const at = { mean: new Float64Array(LATENT_SIZE).fill(0.3), logVariance: new Float64Array(LATENT_SIZE).fill(0.1) };
    const [one, other] = [0, 1].map(() => ({ mean: at.mean.slice(), logVariance: at.logVariance.slice() }));
    expect(latentDpoLoss(evidence, at, one, standardNormal(LATENT_SIZE))).toBe(latentDpoLoss(evidence, at, other));
    expect(one).toEqual(other);
  });

  it('is what the loss measures against, and the gradient is that of finite differences', () => {
    const [prior, at] = [somePrior('prior'), somePrior('at')];
    const evidence = gatherEvidence(pairsOf(2), 5);
    const parameters = { mean: Float64Array.from(at.mean), logVariance: Float64Array.from(at.logVariance) };
    const gradient = { mean: new Float64Array(LATENT_SIZE), logVariance: new Float64Array(LATENT_SIZE) };
    const loss = latentDpoLoss(evidence, parameters, gradient, prior);
    const score = (z: Float64Array) => logDensity(at, z) - logDensity(prior, z);
    const plain = evidence.map(({ comparisons: { points, winners, losers } }) => {
      const row = (p: number) => points.subarray(p * LATENT_SIZE, (p + 1) * LATENT_SIZE);
      const losses = [...winners].map((winner, i) =>
        Math.log(1 + Math.exp(-0.1 * (score(row(winner)) - score(row(losers[i]))))),
      );
      return losses.reduce((sum, value) => sum + value, 0) / losses.length;
    });
    expect(loss).toBeCloseTo(plain.reduce((sum, value) => sum + value, 0) / plain.length, 6);
    const scratch = { mean: new Float64Array(LATENT_SIZE), logVariance: new Float64Array(LATENT_SIZE) };
    for (const part of ['mean', 'logVariance'] as const) {
      for (const i of [0, 13, 31]) {
        const moved = (step: number) => {
          const other = { ...parameters, [part]: parameters[part].slice() };
          other[part][i] += step;
          return latentDpoLoss(evidence, other, scratch, prior);
        };
        expect(gradient[part][i]).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 6);
      }
    }
  });

  it('counts for as much as it was learned from: little evidence hardly moves it, much overcomes it', () => {
    const people = Array.from({ length: 12 }, (_, m) => syntheticMember(`knows already ${m}`, 0.8));
    const mean = (of: (someone: (typeof people)[number], m: number) => number) =>
      people.reduce((sum, someone, m) => sum + of(someone, m), 0) / people.length;
    const learned = people.map((someone, m) => brought(someone, 20, m));
    const before = mean((someone, m) => cosine(learned[m].mean, someone.taste));
    const reached = (count: number, from = (m: number): BroughtPrior | undefined => learned[m]) =>
      mean((someone, m) => {
        const evidence = gatherEvidence(pairsOf(count, someone), m);
        return cosine(fitEncoder(evidence, { prior: from(m) }).encoder.mean, someone.taste);
      });
    expect(reached(1)).toBeGreaterThan(before - 0.03);
    expect(reached(20)).toBeGreaterThan(before + 0.03);
    expect(reached(5)).toBeGreaterThan(reached(5, () => undefined) + 0.1);
    const wrong = learned.map(({ mean, ...rest }) => ({ ...rest, mean: mean.map((value) => -value) }));
    expect(reached(60, (m) => wrong[m])).toBeGreaterThan(0.1);
  });

  it('never lets the mean grow beyond its bound', () => {
    const mean = Float32Array.from(member.taste, (value) => value * MEAN_BOUND);
    const prior = { mean, logVariance: new Float32Array(LATENT_SIZE), pairCount: 3 };
    const { encoder } = trainLatentDpo(pairsOf(30), { seed: 3, prior });
    expect(Math.hypot(...encoder.mean)).toBeLessThanOrEqual(MEAN_BOUND * (1 + 1e-6));
  });

  it('is judged by the gate together with the votes', () => {
    const verdicts = votes(member, 12);
    const evidence = gatherEvidence(verdicts.flat(), 4);
    const right = brought(member, 40, 4);
    const wrong = { ...right, mean: right.mean.map((value) => -value) };
    const held = (prior?: BroughtPrior) => qualityGate(verdicts, 4, evidence, prior).heldOutAccuracy ?? 0;
    expect(held(right)).toBeGreaterThan(held(wrong));
  });
});
