import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { AGREEMENT_MINIMUM, agreementWeight, holdOut, weighByAgreement } from '../../src/learning/agreement.js';
import { type Evidence, fitEncoder, gatherEvidence, type PreferencePair } from '../../src/learning/latent-dpo.js';
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

  const verdicts = votes(syntheticMember('weighed', 0.9), AGREEMENT_MINIMUM);
  const evidence = gatherEvidence(verdicts.flat(), 1);
  const heldOut = verdicts.map((_, i) => ({ accuracy: 0, margin: i === 3 ? -3 : 0.5 }));

  it('weighs every pair of a contradicted verdict down, and leaves the evidence itself alone', () => {
    weighByAgreement(evidence, verdicts, heldOut).forEach(({ pair, comparisons }, i) => {
      expect(comparisons).toBe(evidence[i].comparisons);
      const contradicted = verdicts[3].includes(evidence[i].pair);
      expect(pair.weight).toBeCloseTo(contradicted ? Math.exp(-2) : 1, 12);
      expect(evidence[i].pair.weight).toBe(1);
    });
  });

  it('weighs nothing while there are too few verdicts to know', () => {
    const few = verdicts.slice(1);
    const gathered = gatherEvidence(few.flat(), 1);
    expect(weighByAgreement(gathered, few, heldOut.slice(1))).toBe(gathered);
  });

  it('helps where votes are flipped, and costs next to nothing where none is', () => {
    const gain = (flips: number) => {
      const gains = Array.from({ length: 16 }, (_, m) => {
        const member = syntheticMember(`noise ${m}`, 0.8);
        const random = new Random(`flips ${m}`);
        const cast = votes(member, 100).map((pairs) => (random.uniform() < flips ? [...inverted(pairs)] : pairs));
        const plain = gatherEvidence(cast.flat(), m);
        const weighed = weighByAgreement(plain, cast, holdOut(cast, m, plain));
        const towards = (of: readonly Evidence[]) => cosine(fitEncoder(of).encoder.mean, member.taste);
        return towards(weighed) - towards(plain);
      });
      return gains.reduce((a, b) => a + b) / gains.length;
    };
    const gains = { flipped: gain(0.25), clean: gain(0) };
    expect(gains.flipped).toBeGreaterThan(0.005);
    expect(gains.clean).toBeGreaterThan(-0.01);
  });
});
