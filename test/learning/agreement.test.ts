import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { agreementWeight, holdOut, weighByAgreement } from '../../src/learning/agreement.js';
import { fitEncoder, gatherEvidence, type PreferencePair } from '../../src/learning/latent-dpo.js';
import { cosine, inverted, syntheticMember, votes } from './synthetic-taste.js';

const heldOutOf = (verdicts: PreferencePair[][], seed: number) =>
  holdOut(verdicts, seed, gatherEvidence(verdicts.flat(), seed));

describe('agreement between verdicts', () => {
  it.each([
    [5, 1],
    [0, 1],
    [-1, 1],
    [-2, Math.exp(-1)],
    [-4, Math.exp(-3)],
  ])('a margin of %d gives the weight %d', (margin, weight) => {
    expect(agreementWeight(margin)).toBeCloseTo(weight, 12);
  });

  it('is measured by encoders that did not see the verdict', () => {
    const verdicts = votes(syntheticMember('held out', 0.9), 40);
    const flipped = verdicts.map((pairs, i) => (i % 10 === 0 ? [...inverted(pairs)] : pairs));
    const heldOut = heldOutOf(flipped, 1);
    expect(heldOut).toHaveLength(40);
    const mean = (keep: (i: number) => boolean, of: 'accuracy' | 'margin') => {
      const kept = heldOut.filter((_, i) => keep(i)).map((result) => result[of]);
      return kept.reduce((a, b) => a + b) / kept.length;
    };
    const slip = (i: number) => i % 10 === 0;
    expect(mean(slip, 'margin')).toBeLessThan(0);
    expect(mean((i) => !slip(i), 'margin')).toBeGreaterThan(0.2);
    expect(mean(slip, 'accuracy')).toBeLessThan(mean((i) => !slip(i), 'accuracy'));
    // Its own fold knows nothing of a verdict: turning that one round turns its result round and leaves its fold as it was.
    const turned = heldOutOf(
      flipped.map((pairs, i) => (i === 7 ? [...inverted(pairs)] : pairs)),
      1,
    );
    expect(turned[7].margin).toBeCloseTo(-heldOut[7].margin, 9);
  });

  it('weighs every pair of a contradicted verdict down, and leaves the evidence itself alone', () => {
    const verdicts = votes(syntheticMember('weighed', 0.9), 12);
    const evidence = gatherEvidence(verdicts.flat(), 1);
    const heldOut = verdicts.map((_, i) => ({ accuracy: 0, margin: i === 3 ? -3 : 0.5 }));
    const weighed = weighByAgreement(evidence, verdicts, heldOut);
    weighed.forEach(({ pair, comparisons }, i) => {
      expect(comparisons).toBe(evidence[i].comparisons);
      const contradicted = verdicts[3].includes(evidence[i].pair);
      expect(pair.weight).toBeCloseTo(contradicted ? Math.exp(-2) : 1, 12);
      expect(evidence[i].pair.weight).toBe(1);
    });
  });

  it('helps where votes are flipped, and costs next to nothing where none is', () => {
    const gain = (flips: number) => {
      const gains = Array.from({ length: 24 }, (_, m) => {
        const member = syntheticMember(`noise ${m}`, 0.9);
        const random = new Random(`flips ${m}`);
        const verdicts = votes(member, 24).map((pairs) => (random.uniform() < flips ? [...inverted(pairs)] : pairs));
        const evidence = gatherEvidence(verdicts.flat(), m);
        const weighed = weighByAgreement(evidence, verdicts, holdOut(verdicts, m, evidence));
        const towards = (of: typeof evidence) => cosine(fitEncoder(of).encoder.mean, member.taste);
        return towards(weighed) - towards(evidence);
      });
      return gains.reduce((a, b) => a + b) / gains.length;
    };
    expect(gain(0.2)).toBeGreaterThan(0.003);
    expect(gain(0)).toBeGreaterThan(-0.005);
  });
});
