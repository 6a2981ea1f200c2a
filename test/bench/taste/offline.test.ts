import { describe, expect, it } from 'vitest';
import { scorerAgreement } from '../../../bench/taste/agreement.js';
import type { TasteMember } from '../../../bench/taste/members.js';
import { bestOf, examplesText } from '../../../bench/taste/methods/bare-model.js';
import { METHODS, methodNamed, RANKING_METHODS, REFERENCE } from '../../../bench/taste/methods/index.js';
import { latentDpo, likingOf, meanDifference, served } from '../../../bench/taste/methods/latent.js';
import { choiceOfVote } from '../../../bench/taste/methods/method.js';
import { UNTOUCHED, untouched } from '../../../bench/taste/methods/untouched.js';
import { compareOffline } from '../../../bench/taste/offline.js';
import { DEV_TASTES } from '../../../bench/taste/tastes.js';
import { castVotes } from '../../../bench/taste/votes.js';
import { ESTIMATORS, SERVING_ESTIMATOR } from '../../../src/learning/estimators.js';
import { syntheticBank } from './synthetic-bank.js';

const bank = syntheticBank({ vote: 40, heldOut: 8 });
const [taste] = DEV_TASTES;

function member(seed: number, sign = 1): TasteMember {
  const a = (text: string) => sign * Number(text);
  return { taste, seed, name: `${sign}/${seed}`, a, b: (text) => Math.round(a(text)), weight: 1 };
}

const someVotes = (count: number, slips = 0) =>
  castVotes(bank, count, { scorer: member(1).a, candidates: 4, slips, seed: 1 });

describe('the offline comparison', () => {
  it('finds that votes teach, opposed members the opposite, and that a method without opinion knows nothing', async () => {
    const members = [member(1), member(2), member(3, -1)];
    const methods = [untouched, ...RANKING_METHODS];
    const votings = [{ candidates: 4, slips: 0 }];
    const rows = await compareOffline(bank, members, { counts: [2, 12], votings, methods, reference: REFERENCE });
    const at = (method: string, count: number) => {
      const row = rows.find((one) => one.method === method && one.count === count);
      if (!row) throw new Error('There is no such row');
      return row;
    };
    expect(rows).toHaveLength(2 * methods.length);
    expect(at('untouched', 12).a.mean).toBe(0.5);
    expect(at('untouched', 12).likelihood).toBeCloseTo(0, 12);
    for (const { name } of RANKING_METHODS) {
      expect(at(name, 12).a.mean, name).toBeGreaterThan(0.6);
      expect(at(name, 12).a.mean, name).toBeGreaterThan(at(name, 2).a.mean);
      expect(at(name, 12).scaledLikelihood, name).toBeGreaterThan(0.05);
      expect(at(name, 12).scaledLikelihood, name).toBeGreaterThanOrEqual(at(name, 12).likelihood);
    }
    expect(at(REFERENCE, 12).gain).toEqual({ mean: 0, low: 0, high: 0 });
    expect(at('untouched', 12).gain.mean).toBeCloseTo(0.5 - at(REFERENCE, 12).a.mean, 12);
  });
});

describe('methods', () => {
  it('are found by their names', () => {
    for (const method of METHODS) expect(methodNamed(method.name)).toBe(method);
    expect(() => methodNamed('guessing')).toThrow('There is no method "guessing"');
  });

  it('train as the service does', async () => {
    const votes = someVotes(5);
    const { encoder } = ESTIMATORS[SERVING_ESTIMATOR](votes.map(choiceOfVote), { seed: 'x' });
    const { likes } = await served.fit(votes, { seed: 'x', taste });
    const ofEncoder = likingOf(encoder);
    const [first, second] = bank[0].replies;
    expect((likes?.(first) ?? 0) - (likes?.(second) ?? 0)).toBe(ofEncoder(first) - ofEncoder(second));
    expect(ofEncoder(first)).not.toBe(ofEncoder(second));
  });

  it('say by their fingerprint whether they would write the same', async () => {
    const context = { seed: 'x', taste };
    for (const method of [served, latentDpo, meanDifference, bestOf(4)]) {
      const [one, again, other] = [someVotes(5), someVotes(5), someVotes(6)].map((votes) => method.fit(votes, context));
      expect((await one).fingerprint).toBe((await again).fingerprint);
      expect((await one).fingerprint).not.toBe((await other).fingerprint);
    }
  });

  it('choose the liked ones among finished replies, and say what it took', async () => {
    const votes = someVotes(20);
    const policy = await bestOf(4).fit(votes, { seed: 'x', taste });
    const unsteered = bank[45].replies;
    const task = { prompt: bank[45].prompt, unsteered, seeds: [1, 2, 3, 4], maxTokens: 10 };
    const replies = await policy.write({ ...task, model: undefined as never });
    expect(replies).toHaveLength(4);
    for (const [i, { bank: of, decoded }] of replies.entries()) {
      expect(of?.among).toEqual(unsteered.slice(4 * i, 4 * i + 4));
      const liking = (of?.among ?? []).map((reply) => policy.likes?.(reply) ?? 0);
      expect(of && policy.likes?.(of.reply)).toBe(Math.max(...liking));
      expect(decoded).toBe(40);
    }
  });

  it('leave the model as it is where nothing could be voted on', async () => {
    for (const method of RANKING_METHODS) expect(await method.fit([], { seed: 'x', taste })).toBe(UNTOUCHED);
  });

  it('show the last votes as examples', () => {
    const text = examplesText(someVotes(5));
    const last = someVotes(5).slice(-3);
    for (const { candidates, chosen } of last) expect(text).toContain(`- ${candidates[chosen].text}`);
    expect(text.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(6);
  });
});

it('scorers A and B are set against each other within prompts', () => {
  const [row] = scorerAgreement(bank, [member(1), member(2)]);
  expect(scorerAgreement(bank, [member(1), member(2)])).toHaveLength(1);
  expect(row.correlation).toBeGreaterThan(0.8);
  expect(row.prompts).toBe(48);
  expect(row.tiesA).toBeCloseTo(0, 12);
  expect(row.tiesB).toBeGreaterThan(0.1);
});
