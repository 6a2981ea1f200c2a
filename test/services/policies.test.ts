import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import type { CandidateRole, Verdict } from '../../src/contract/generated/types.js';
import { choiceOf, dislikedOf, likedOf, pairsOf, pairWeight, tieOf } from '../../src/learning/votes.js';
import { Broadcast } from '../../src/services/broadcast.js';
import { inputDigest, requireSameInput } from '../../src/services/caller-key.js';
import { ReplayLog } from '../../src/services/generations/replay-log.js';
import { BASE_SHARE, chooseRoles, type RoleRequest } from '../../src/services/generations/roles.js';
import { candidatePairs, judgedCandidate, voteOf } from '../../src/services/preferences/pairing.js';
import { type ComparedVerdicts, winRateOf } from '../../src/services/preferences/win-rate.js';

describe('roles', () => {
  const request: RoleRequest = { count: 4, personalized: true, explore: true, steerable: true, learned: false };
  const of = (changes: Partial<RoleRequest>, seed = 'roles') =>
    chooseRoles({ ...request, ...changes }, new Random(seed)).join(' ');

  it.each<[string, Partial<RoleRequest>, string]>([
    ['a new member explores against the bare model', {}, 'BASE BASE EXPLORE EXPLORE'],
    ['two candidates are one of each', { count: 2 }, 'BASE EXPLORE'],
    ['one candidate is what is served', { count: 1 }, 'BASE'],
    ['of three, two are what is served', { count: 3 }, 'BASE BASE EXPLORE'],
    ['without exploring, a new member gets the bare model', { explore: false }, 'BASE BASE BASE BASE'],
    [
      'a learned member without exploring gets its taste',
      { explore: false, learned: true },
      'PERSONAL PERSONAL PERSONAL PERSONAL',
    ],
    ['a learned member’s one candidate is personal', { count: 1, learned: true }, 'PERSONAL'],
    ['whoever wants the bare model gets it', { personalized: false, learned: true }, 'BASE BASE BASE BASE'],
    ['without a checkpoint everything is the bare model', { steerable: false }, 'BASE BASE BASE BASE'],
  ])('%s', (_, changes, roles) => {
    expect(of(changes)).toBe(roles);
  });

  it('compare a learned member with prior draws, sometimes with the bare model', () => {
    const seen = Array.from({ length: 500 }, (_, seed) => of({ count: 2, learned: true }, `${seed}`));
    expect(new Set(seen)).toEqual(new Set(['PERSONAL EXPLORE', 'PERSONAL BASE']));
    const share = seen.filter((roles) => roles === 'PERSONAL BASE').length / seen.length;
    expect(Math.abs(share - BASE_SHARE)).toBeLessThan(0.06);
  });
});

describe('verdicts and candidates', () => {
  const candidates = ['a', 'b', 'c'];
  it.each<[Verdict, string[], string | null, string | null]>([
    ['CHOSEN', candidates, 'b', 'b'],
    ['TIE', candidates, null, null],
    ['ALL_BAD', candidates, null, null],
    ['ALL_BAD', ['a'], null, null],
    ['GOOD', ['a'], null, 'a'],
    ['BAD', ['a'], 'a', 'a'],
    ['GOOD', candidates, 'c', 'c'],
  ])('%s of %j with %s is about %s', (verdict, ids, chosen, judged) => {
    expect(judgedCandidate(verdict, ids, chosen)).toBe(judged);
  });

  it.each<[Verdict, string[], string | null, string]>([
    ['CHOSEN', candidates, null, 'needs chosenCandidateId'],
    ['CHOSEN', ['a'], 'a', 'at least two'],
    ['CHOSEN', candidates, 'x', 'does not belong'],
    ['GOOD', ['a'], 'x', 'does not belong'],
    ['GOOD', candidates, null, 'one candidate of several'],
    ['BAD', candidates, null, 'one candidate of several'],
    ['TIE', candidates, 'a', 'prefers no candidate'],
    ['TIE', ['a'], null, 'at least two'],
    ['ALL_BAD', candidates, 'a', 'prefers no candidate'],
  ])('%s of %j with %s is refused: %s', (verdict, ids, chosen, message) => {
    expect(() => judgedCandidate(verdict, ids, chosen)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', message: expect.stringContaining(message) }),
    );
  });
});

describe('pairs', () => {
  const posterior = (value: number) => ({ mean: Float32Array.of(value), logVariance: Float32Array.of(-2) });
  const posteriors = new Map([
    ['a', posterior(1)],
    ['b', posterior(2)],
    ['c', null],
    ['d', posterior(4)],
  ]);
  const means = (verdict: Verdict, judged: string | null) =>
    pairsOf(voteOf(verdict, posteriors, judged) ?? choiceOf([], 0)).map(({ chosen, rejected, weight }) => [
      chosen.mean[0],
      rejected.mean[0],
      weight,
    ]);

  it('set the chosen candidate against every other one', () => {
    expect(candidatePairs('CHOSEN', ['a', 'b', 'c'], 'b')).toEqual([
      { chosenId: 'b', rejectedId: 'a', weight: 1 / Math.sqrt(2) },
      { chosenId: 'b', rejectedId: 'c', weight: 1 / Math.sqrt(2) },
    ]);
    expect(candidatePairs('CHOSEN', ['a', 'b'], 'a')).toEqual([{ chosenId: 'a', rejectedId: 'b', weight: 1 }]);
    for (const verdict of ['TIE', 'ALL_BAD', 'GOOD', 'BAD'] as const) {
      expect(candidatePairs(verdict, ['a', 'b'], verdict === 'GOOD' ? 'a' : null)).toEqual([]);
    }
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, Math.SQRT1_2],
    [5, 1 / 2],
    [8, 1 / Math.sqrt(7)],
  ])('weigh, for a verdict on %d candidates, %d each', (candidates, weight) => {
    expect(pairWeight(candidates)).toBeCloseTo(weight, 12);
  });

  it('leave out what has no posterior, and set one judged reply against the prior', () => {
    // Four candidates were shown, whether or not all of them have a posterior.
    expect(means('CHOSEN', 'a')).toEqual([
      [1, 2, 1 / Math.sqrt(3)],
      [1, 4, 1 / Math.sqrt(3)],
    ]);
    expect(means('CHOSEN', 'c')).toEqual([]);
    expect(means('GOOD', 'b')).toEqual([[2, 0, 1]]);
    expect(means('BAD', 'b')).toEqual([[0, 2, 1]]);
    expect(means('TIE', null)).toEqual([]);
    expect(voteOf('TIE', posteriors, null)).toEqual(tieOf([1, 2, 4].map(posterior)));
    expect(voteOf('ALL_BAD', posteriors, null)).toBeNull();
    expect(voteOf('BAD', posteriors, 'b')).toEqual(dislikedOf(posterior(2)));
    expect(voteOf('GOOD', posteriors, 'b', { b: 0.5 })).toEqual(likedOf(posterior(2), 0.5));
    expect(voteOf('GOOD', posteriors, 'b', { b: 0 })).toBeNull();
    expect(voteOf('CHOSEN', posteriors, 'a', { b: 0, d: 0 })).toBeNull();
  });
});

describe('the win rate', () => {
  const counted = (
    verdict: Verdict,
    chosenRole: CandidateRole | null,
    count: number,
    changes: Partial<ComparedVerdicts> = {},
  ) => ({
    verdict,
    chosenRole,
    personal: 1,
    base: 1,
    explore: 0,
    count,
    ...changes,
  });

  it('counts blind votes between equally many personal and bare candidates', () => {
    const rate = winRateOf([
      counted('CHOSEN', 'PERSONAL', 30),
      counted('CHOSEN', 'PERSONAL', 6, { personal: 2, base: 2 }),
      counted('CHOSEN', 'BASE', 12),
      counted('TIE', null, 5),
      counted('ALL_BAD', null, 7),
      counted('CHOSEN', 'PERSONAL', 100, { personal: 2, base: 1 }),
      counted('CHOSEN', 'PERSONAL', 100, { base: 0, explore: 1 }),
      counted('CHOSEN', 'BASE', 100, { personal: 0, explore: 1 }),
    ]);
    expect(rate).toMatchObject({ wins: 36, losses: 12, ties: 5, rate: 0.75 });
    expect(rate.low).toBeCloseTo(0.6122, 3);
    expect(rate.high).toBeCloseTo(0.8508, 3);
  });

  it('says nothing before the first vote', () => {
    expect(winRateOf([counted('TIE', null, 2)])).toEqual({
      wins: 0,
      losses: 0,
      ties: 2,
      rate: null,
      low: null,
      high: null,
    });
  });
});

describe('callers’ keys', () => {
  it('know the same input by its fields, not their order', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (input) => {
        const reversed = Object.fromEntries(Object.entries(input).reverse());
        expect(inputDigest({ ...reversed, absent: undefined })).toBe(inputDigest(input));
      }),
    );
    expect(inputDigest({ a: 1 })).not.toBe(inputDigest({ a: 2 }));
    expect(inputDigest([1, 2])).not.toBe(inputDigest([2, 1]));
    expect(() => requireSameInput('key', 'one', 'another')).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    expect(() => requireSameInput('key', 'one', 'one')).not.toThrow();
  });
});

describe('a replay log', () => {
  const read = async (log: ReplayLog<number>) => {
    const items: number[] = [];
    for await (const item of log) items.push(item);
    return items;
  };

  it('gives every reader everything from the start, whenever it comes', async () => {
    const log = new ReplayLog<number>();
    const early = read(log);
    log.push(1);
    await delay(1);
    const middle = read(log);
    log.push(2);
    log.end();
    expect(await Promise.all([early, middle, read(log)])).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });

  it('hands its failure to every reader behind the last item', async () => {
    const log = new ReplayLog<number>();
    log.push(1);
    log.end(new Error('broken'));
    const seen: number[] = [];
    const reading = (async () => {
      for await (const item of log) seen.push(item);
    })();
    await expect(reading).rejects.toThrow('broken');
    expect(seen).toEqual([1]);
  });
});

describe('a broadcast', () => {
  const merge = (earlier: number, later: number) =>
    Math.floor(later / 10) === Math.floor(earlier / 10) ? later : undefined;

  it('merges and bounds what a slow reader has not read', async () => {
    const broadcast = new Broadcast<number>({ merge, limit: 3 });
    const stop = new AbortController();
    const events = broadcast.subscribe(stop.signal, (event) => event !== 5);
    for (const event of [1, 2, 5, 10, 20, 21, 30]) broadcast.publish(event);
    expect([(await events.next()).value, (await events.next()).value, (await events.next()).value]).toEqual([
      10, 21, 30,
    ]);
    const next = events.next();
    broadcast.publish(40);
    expect((await next).value).toBe(40);
    const last = events.next();
    stop.abort();
    expect((await last).done).toBe(true);
    broadcast.publish(50);
    expect((await events.next()).done).toBe(true);
  });

  it('ends at once for a reader whose signal is already aborted', async () => {
    const broadcast = new Broadcast<number>({ merge, limit: 3 });
    expect((await broadcast.subscribe(AbortSignal.abort()).next()).done).toBe(true);
  });
});
