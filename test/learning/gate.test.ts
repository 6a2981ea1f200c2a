import { describe, expect, it } from 'vitest';
import { GATE_MINIMUM, qualityGate } from '../../src/learning/gate.js';
import { gatherEvidence } from '../../src/learning/latent-dpo.js';
import { wilsonInterval } from '../../src/learning/win-rate.js';
import { inverted, syntheticMember, votes } from './synthetic-taste.js';

describe('the quality gate', () => {
  it('judges nobody below ten verdicts, however bad they are', () => {
    const verdicts = votes(syntheticMember('few', 0), GATE_MINIMUM - 1);
    expect(qualityGate(verdicts, 1)).toEqual({ accepted: true, reason: expect.stringContaining('10 verdicts') });
  });

  it('accepts a consistent taste, and says how well it predicts', () => {
    const decisions = Array.from({ length: 4 }, (_, m) =>
      qualityGate(votes(syntheticMember(`consistent ${m}`, 0.9), 50), m),
    );
    expect(decisions.every(({ accepted }) => accepted)).toBe(true);
    const accuracies = decisions.map(({ heldOutAccuracy }) => heldOutAccuracy ?? 0);
    expect(accuracies.reduce((a, b) => a + b) / accuracies.length).toBeGreaterThan(0.55);
  });

  it('accepts noise: it is not significantly worse than a coin', () => {
    const accepted = Array.from(
      { length: 12 },
      (_, m) => qualityGate(votes(syntheticMember(`noise ${m}`, 0), 30), m).accepted,
    );
    expect(accepted.filter(Boolean).length).toBeGreaterThanOrEqual(10);
  });

  it('turns down verdicts that contradict what they teach', () => {
    // Every verdict comes in two copies of opposite sense but one: whoever learns from the rest orders the held one wrongly.
    const verdicts = votes(syntheticMember('contrary', 0.9), 12).flatMap((pairs) => [pairs, inverted(pairs)]);
    const decision = qualityGate(verdicts, 1);
    expect(decision.accepted).toBe(false);
    expect(decision.reason).toContain('contradict');
  });

  it('is deterministic', () => {
    const verdicts = votes(syntheticMember('again', 0.5), 15);
    const decision = qualityGate(verdicts, 3);
    expect(qualityGate(verdicts, 3)).toEqual(decision);
    expect(qualityGate(verdicts, 3, gatherEvidence(verdicts.flat(), 3))).toEqual(decision);
  });
});

describe('Wilson intervals', () => {
  it('agree with published values', () => {
    // Newcombe (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for (const [wins, trials, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ]) {
      const interval = wilsonInterval(wins, trials);
      expect(interval?.rate).toBe(wins / trials);
      expect(interval?.low).toBeCloseTo(low, 4);
      expect(interval?.high).toBeCloseTo(high, 4);
    }
  });

  it('say nothing without trials', () => {
    expect(wilsonInterval(0, 0)).toBeNull();
  });
});
