/** Every verdict after every other one, on the real ledger: what is kept, what trains, what the encoder is made of. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedbackResult, Generation, Verdict } from '../../src/contract/generated/types.js';
import { openServicesFixture, type ServicesFixture } from './fixture.js';

const VERDICTS: readonly Verdict[] = ['CHOSEN', 'TIE', 'ALL_BAD', 'GOOD', 'BAD'];
/** Pairs that a verdict on three candidates trains on; GOOD and BAD have one with the prior. */
const TRAINED: Record<Verdict, number> = { CHOSEN: 2, TIE: 0, ALL_BAD: 0, GOOD: 1, BAD: 1 };
const SHOWN: Record<Verdict, number> = { CHOSEN: 2, TIE: 0, ALL_BAD: 0, GOOD: 0, BAD: 0 };

describe('a verdict', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture();
  });
  afterAll(() => fixture.close());

  const generate = async (): Promise<Generation> => {
    const member = { platform: 'test', externalId: randomUUID() };
    const input = { member, prompt: 'Say hello.', maxTokens: 4, candidateCount: 3 };
    return (await fixture.services.generations.start(input)).finished;
  };
  const submit = (generation: Generation, verdict: Verdict, index = 1) =>
    fixture.services.preferences.submit({
      generationId: generation.id,
      verdict,
      chosenCandidateId: TRAINED[verdict] > 0 ? generation.candidates[index].id : null,
    });
  /** Waits for what the verdict queued; the pairs the encoder is made of, null where nothing was queued. */
  const trainedOn = async (generation: Generation, { trainingJob }: FeedbackResult) => {
    if (!trainingJob) return null;
    const { id, status, pairCount } = await fixture.trained(generation.memberId);
    expect({ id, status }).toEqual({ id: trainingJob.id, status: 'SUCCEEDED' });
    return pairCount;
  };
  const encoderOf = async ({ memberId }: Generation) => {
    const version = (await fixture.services.members.byId(memberId))?.encoder.version as number;
    const bytes = await fixture.store.encoders.bytesOf(memberId, version);
    return bytes && Buffer.from(bytes).toString('hex');
  };

  const changes = VERDICTS.flatMap((before) => VERDICTS.map((after) => [before, after] as const));
  it.each(changes)('%s that becomes %s', async (before, after) => {
    const generation = await generate();
    const first = await submit(generation, before, 0);
    expect(await trainedOn(generation, first)).toBe(TRAINED[before] > 0 ? TRAINED[before] : null);
    const second = await submit(generation, after);
    expect(second.feedback).toMatchObject({ id: first.feedback.id, verdict: after, state: 'ACTIVE' });
    expect(second.feedback.createdAt).toEqual(first.feedback.createdAt);
    expect(second.pairs).toHaveLength(SHOWN[after]);
    expect(second.reveal).toHaveLength(3);
    // The set of training verdicts changes where one of the two trains.
    const changed = TRAINED[before] + TRAINED[after] > 0;
    expect(await trainedOn(generation, second)).toBe(changed ? TRAINED[after] : null);
    const { nodes, totalCount } = await fixture.services.preferences.list(generation.memberId, 10);
    expect({ totalCount, verdict: nodes[0].verdict }).toEqual({ totalCount: 1, verdict: after });
  });

  it.each(VERDICTS)('%s that is taken back and given again', async (verdict) => {
    const generation = await generate();
    const first = await submit(generation, verdict);
    await trainedOn(generation, first);
    const learned = await encoderOf(generation);
    const withdrawn = await fixture.services.preferences.withdraw(first.feedback.id);
    expect(withdrawn).toMatchObject({ feedback: { id: first.feedback.id, state: 'WITHDRAWN' }, pairs: [] });
    expect(await trainedOn(generation, withdrawn)).toBe(TRAINED[verdict] > 0 ? 0 : null);
    expect((await fixture.services.preferences.list(generation.memberId, 10)).totalCount).toBe(0);
    const again = await submit(generation, verdict);
    expect(again.feedback).toMatchObject({ id: first.feedback.id, state: 'ACTIVE' });
    expect(await trainedOn(generation, again)).toBe(TRAINED[verdict] > 0 ? TRAINED[verdict] : null);
    expect(await encoderOf(generation)).toBe(learned);
  });

  it('of somebody else is theirs alone, and changes nothing of the asker’s', async () => {
    const generation = await generate();
    const others = ['one', 'two'].map((name) => ({ platform: 'test', externalId: `${name} ${randomUUID()}` }));
    await trainedOn(generation, await submit(generation, 'CHOSEN', 0));
    const before = await encoderOf(generation);
    const results = [];
    for (const [i, member] of others.entries()) {
      const chosenCandidateId = generation.candidates[i + 1].id;
      const input = { generationId: generation.id, member, verdict: 'CHOSEN' as const, chosenCandidateId };
      const result = await fixture.services.preferences.submit(input);
      await fixture.trained(result.feedback.memberId);
      results.push(result.feedback);
    }
    expect(new Set(results.map(({ memberId }) => memberId)).size).toBe(2);
    expect(await encoderOf(generation)).toBe(before);
    // The same generation, voted on by three.
    expect(await fixture.services.preferences.forGeneration(generation.id)).toMatchObject({ chosen: { index: 0 } });
    for (const [i, member] of others.entries())
      expect(await fixture.services.preferences.forGeneration(generation.id, member)).toEqual(results[i]);
    // Whoever votes on what somebody else was shown says nothing about their own personal replies.
    for (const { memberId } of results)
      expect((await fixture.services.members.byId(memberId))?.winRate).toMatchObject({ wins: 0, losses: 0, ties: 0 });
  });
});
