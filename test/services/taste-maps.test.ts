import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GenerateInput, Generation } from '../../src/contract/generated/types.js';
import { coordinatesOf, tasteDirections } from '../../src/learning/directions.js';
import { decodeEncoder } from '../../src/learning/encoder.js';
import { winRatesOf } from '../../src/services/preferences/win-rate.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from './fixture.js';

describe('the map of tastes', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture();
  });
  afterAll(() => fixture.close());

  const ask = async (externalId: string, more: Partial<GenerateInput> = {}): Promise<Generation> => {
    const input = { member: { platform: 'test', externalId }, prompt: 'Say hello.', maxTokens: 8, ...more };
    return (await fixture.services.generations.start(input)).finished;
  };
  const choose = async ({ id, candidates, memberId }: Generation, index = 0) => {
    const [verdict, chosenCandidateId] = ['CHOSEN' as const, candidates[index].id];
    const { feedback } = await fixture.services.preferences.submit({ generationId: id, verdict, chosenCandidateId });
    await fixture.trained(memberId);
    return feedback;
  };
  const mapOf = async (memberId: string) => {
    const map = await fixture.services.tasteMaps.of(memberId);
    if (!map) throw new Error('no map');
    return map;
  };

  it('has no place for a member who has taught nothing, and none for strangers', async () => {
    const { memberId } = await ask(randomUUID());
    expect(await mapOf(memberId)).toMatchObject({ taste: null, replies: [] });
    expect((await fixture.services.members.byId(memberId))?.map).toBeNull();
    expect(await fixture.services.tasteMaps.of(randomUUID())).toBeNull();
    expect(await fixture.services.tasteMaps.of('nobody')).toBeNull();
  });

  it('shows the serving taste where its mean is projected to, moves with a version, and goes back with an undo', async () => {
    const name = randomUUID();
    const first = await ask(name);
    await choose(first);
    const directions = tasteDirections(tinyCheckpoint());
    const encoder = decodeEncoder((await fixture.store.encoders.bytesOf(first.memberId, 1)) as Uint8Array).encoder;
    const [x, y] = coordinatesOf(directions, encoder.mean);
    const before = await mapOf(first.memberId);
    expect(before.taste).toEqual({ x, y });
    expect((await fixture.services.members.byId(first.memberId))?.map).toEqual({ x, y });
    const second = await choose(await ask(name, { prompt: 'And again?' }), 1);
    expect((await mapOf(first.memberId)).taste).not.toEqual(before.taste);
    await fixture.services.preferences.withdraw(second.id);
    await fixture.trained(first.memberId);
    expect(await mapOf(first.memberId)).toEqual(before);
  });

  it('shows the judged replies, chosen and not, and tells directions by them', async () => {
    const generation = await ask(randomUUID(), { candidateCount: 3 });
    await choose(generation, 1);
    const { replies, directions } = await mapOf(generation.memberId);
    expect(new Map(replies.map(({ candidateId, chosen }) => [candidateId, chosen]))).toEqual(
      new Map(generation.candidates.map(({ id }, i) => [id, i === 1])),
    );
    expect(directions).toHaveLength(4);
    const strengths = directions.map(({ value }) => Math.abs(value));
    expect(strengths).toEqual(strengths.toSorted((a, b) => b - a));
    const texts = generation.candidates.map(({ text }) => text);
    for (const { low, high } of directions)
      expect([texts.includes(low ?? ''), texts.includes(high ?? '')]).toEqual([true, true]);
  });

  it('shows others only where they agreed, rounded and without a name, and never oneself', async () => {
    const [ada, bea, cleo] = await Promise.all(
      [1, 2, 3].map(async () => {
        const generation = await ask(randomUUID());
        return { generation, id: generation.memberId };
      }),
    );
    for (const { generation } of [ada, bea, cleo]) await choose(generation);
    const before = (await mapOf(ada.id)).others.length;
    await fixture.services.rights.setConsent(bea.id, { community: true });
    const { others } = await mapOf(ada.id);
    expect(others).toHaveLength(before + 1);
    const bees = (await fixture.services.members.byId(bea.id))?.map;
    const rounded = { x: Math.round((bees?.x ?? 0) * 10) / 10, y: Math.round((bees?.y ?? 0) * 10) / 10 };
    expect(others).toContainEqual(rounded);
    for (const other of others) expect(Object.keys(other)).toEqual(['x', 'y']);
    await fixture.services.rights.setConsent(ada.id, { community: true });
    expect((await mapOf(ada.id)).others).toEqual(others);
    await fixture.services.rights.setConsent(bea.id, { community: false });
    expect((await mapOf(ada.id)).others).toHaveLength(before);
    await fixture.services.rights.setConsent(bea.id, { community: true });
    await fixture.services.rights.forget(bea.id);
    expect((await mapOf(ada.id)).others).toHaveLength(before);
  });

  it('keeps from one member the words that were written for another', async () => {
    const generation = await ask(randomUUID());
    const voter = await ask(randomUUID());
    const member = await fixture.services.members.byId(voter.memberId);
    await fixture.services.preferences.submit({
      generationId: generation.id,
      verdict: 'CHOSEN',
      chosenCandidateId: generation.candidates[0].id,
      member: { platform: 'test', externalId: member?.externalId as string },
    });
    await fixture.trained(voter.memberId);
    const { replies, directions } = await mapOf(voter.memberId);
    expect(replies).toHaveLength(2);
    expect(directions.flatMap(({ low, high }) => [low, high])).toEqual(Array(8).fill(null));
  });

  it('moves a taste by hand along its directions, for members who taught nothing as well', async () => {
    const asked = { candidateCount: 2, seed: 5, tasteOffset: [0, 2] };
    const generation = await ask(randomUUID(), asked);
    expect(generation.candidates.map(({ role }) => role)).toEqual(['PERSONAL', 'PERSONAL']);
    expect(generation.encoderVersion).toBe(0);
    const latents = fixture.runtime.requests.at(-1)?.rows.map(({ latent }) => latent as Float32Array) ?? [];
    const directions = tasteDirections(tinyCheckpoint());
    const single = await ask(randomUUID(), { ...asked, candidateCount: 1, strength: 0.5 });
    expect(single.candidates[0].role).toBe('PERSONAL');
    const [mean] = fixture.runtime.requests.at(-1)?.rows.map(({ latent }) => latent as Float32Array) ?? [];
    expect([...coordinatesOf(directions, mean)].map((value) => Math.round(value * 1e4) / 1e4 + 0)).toEqual([
      0, 1, 0, 0, 0, 0, 0, 0,
    ]);
    expect(latents).toHaveLength(2);
    const still = await ask(randomUUID(), { seed: 5, tasteOffset: [0, 0] });
    expect(still.candidates.map(({ role }) => role)).not.toContain('PERSONAL');
  });

  it.each([
    [Array(65).fill(0), /65 numbers; 8 are allowed/],
    // One more than the tiny checkpoint's latents have.
    [Array(9).fill(1), /9 numbers; 8 are allowed/],
    [[0, 3.5], /tasteOffset\[1\] is 3.5/],
    [[Number.NaN], /tasteOffset\[0\]/],
  ])('refuses offsets that are too many or too far', async (tasteOffset, says) => {
    await expect(ask(randomUUID(), { tasteOffset })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(says),
    });
  });

  it('tells how the win rate came about, from blind votes of personal against plain replies only', async () => {
    const name = randomUUID();
    const first = await ask(name);
    await choose(first);
    let expected = { wins: 0, losses: 0 };
    for (let i = 0; i < 12; i++) {
      const generation = await ask(name, { prompt: `Question ${i}?` });
      const roles = generation.candidates.map(({ role }) => role);
      await choose(generation, 0);
      if (!roles.includes('BASE') || !roles.includes('PERSONAL')) continue;
      expected = {
        ...expected,
        ...(roles[0] === 'PERSONAL' ? { wins: expected.wins + 1 } : { losses: expected.losses + 1 }),
      };
    }
    const points = await fixture.services.members.winRates(first.memberId);
    const view = await fixture.services.members.byId(first.memberId);
    expect(points).toHaveLength(expected.wins + expected.losses);
    expect(view?.winRate).toMatchObject(expected);
    if (points.length > 0) expect(view?.winRate).toEqual((({ at, ...rate }) => rate)(points[points.length - 1]));
  });
});

it('thins a long course evenly and keeps its end', () => {
  const verdicts = Array.from({ length: 1_001 }, (_, i) => ({
    at: new Date(i),
    verdict: 'CHOSEN' as const,
    chosenRole: i % 2 === 0 ? ('PERSONAL' as const) : ('BASE' as const),
  }));
  const points = winRatesOf(verdicts);
  expect(points.length).toBeLessThanOrEqual(200);
  expect(points.at(-1)).toMatchObject({ at: new Date(1_000), wins: 501, losses: 500 });
});
