import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { GenerationRecord } from '../../src/store/generations.js';
import { KeyTaken } from '../../src/store/idempotency.js';
import type { TrainedEncoder } from '../../src/store/training-jobs.js';
import type { Claim } from '../../src/store/training-work.js';
import { ENGINES, storeOn } from './engines.js';
import { newGeneration, newMember } from './temporary-store.js';

const digests = { model: 'model', checkpoint: 'checkpoint' };
const trainable = { trainable: true };

describe.each(ENGINES)('the verdict ledger on %s', (engine) => {
  const temporary = storeOn(engine);

  const begin = async (count = 1) => {
    const { store } = temporary;
    const member = await newMember(store);
    const generations: GenerationRecord[] = [];
    for (let i = 0; i < count; i++) generations.push(await newGeneration(store, member.id));
    const choose = (i: number, candidate = 0, key?: { key: string; inputDigest: string }) =>
      store.feedback.record(
        {
          generationId: generations[i].id,
          memberId: member.id,
          verdict: 'CHOSEN',
          chosenCandidateId: generations[i].candidates[candidate].id,
          key,
        },
        trainable,
      );
    const tie = (i: number) =>
      store.feedback.record(
        { generationId: generations[i].id, memberId: member.id, verdict: 'TIE', chosenCandidateId: null },
        trainable,
      );
    return { store, member, generations, choose, tie };
  };

  /** Completes the member's waiting job from its active verdicts. */
  const train = async (memberId: string, changes: Partial<TrainedEncoder> = {}) => {
    const { store } = temporary;
    const { job } = (await store.trainingJobs.claim(memberId)) as Claim;
    const verdicts = await store.feedback.trainingVerdicts(memberId);
    const positions = verdicts.map(({ position }) => position).sort((a, b) => (a < b ? -1 : 1));
    return store.trainingJobs.complete(job, {
      capacity: positions.length > 0 ? 'BIAS' : 'PRIOR',
      bytes: Uint8Array.of(1, 2, 3),
      digest: 'digest',
      digests,
      tasteDigest: '',
      accepted: true,
      reason: null,
      positions,
      pairCount: positions.length,
      loss: 0.5,
      accuracy: 0.75,
      totalSteps: 60,
      durationMs: 12,
      ...changes,
    });
  };

  it('keeps one verdict a member and generation; a later one replaces it and keeps its id', async () => {
    const { store, member, generations, choose, tie } = await begin();
    const first = await choose(0, 0);
    const second = await choose(0, 1);
    expect(second.feedback).toMatchObject({
      id: first.feedback.id,
      chosenCandidateId: generations[0].candidates[1].id,
      state: 'ACTIVE',
    });
    expect(second.feedback.position).toBeGreaterThan(first.feedback.position);
    await tie(0);
    expect(await store.feedback.listActive(member.id, { first: 10 })).toMatchObject({
      total: 1,
      rows: [{ id: first.feedback.id, verdict: 'TIE', chosenCandidateId: null }],
    });
  });

  it('joins verdicts into the training that waits, and starts another once it runs', async () => {
    const { store, member, choose } = await begin(3);
    const first = await choose(0);
    const second = await choose(1);
    expect(second.job).toMatchObject({ id: first.job?.id, status: 'QUEUED' });
    const running = (await store.trainingJobs.claim(member.id)) as Claim;
    expect(running.job).toMatchObject({ id: first.job?.id, status: 'RUNNING', attempts: 1 });
    const third = await choose(2);
    expect(third.job).toMatchObject({ status: 'QUEUED' });
    expect(third.job?.id).not.toBe(first.job?.id);
    expect(await store.trainingJobs.claim(member.id)).toBeNull();
    const failure = { error: 'stopped by the test', durationMs: 5, retryAfterMs: null };
    expect(await store.trainingJobs.fail(running.job, failure)).toMatchObject({ status: 'FAILED', durationMs: 5 });
    expect(await store.trainingJobs.fail(running.job, failure)).toBeNull();
    expect(await store.trainingJobs.claim(member.id)).toMatchObject({ job: { id: third.job?.id } });
  });

  it('trains nothing for a tie, but trains when a tie replaces a choice or a choice is withdrawn', async () => {
    const { store, choose, tie } = await begin(2);
    expect((await tie(0)).job).toBeNull();
    const chosen = await choose(1);
    expect((await tie(1)).job).not.toBeNull();
    await choose(1);
    expect(await store.feedback.withdraw(chosen.feedback.id, trainable)).toMatchObject({
      feedback: { state: 'WITHDRAWN' },
      job: { status: 'QUEUED' },
    });
    expect(await store.feedback.withdraw(chosen.feedback.id, trainable)).toMatchObject({ job: null });
    expect(await store.feedback.withdraw(randomUUID(), trainable)).toBeNull();
  });

  it('takes a withdrawn verdict up again when the member votes anew', async () => {
    const { store, choose } = await begin();
    const { feedback } = await choose(0);
    await store.feedback.withdraw(feedback.id, trainable);
    expect((await choose(0)).feedback).toMatchObject({ id: feedback.id, state: 'ACTIVE' });
  });

  it('holds verdicts of members who said no to learning', async () => {
    const { store, member, choose } = await begin();
    await store.members.setLearn(member.id, 'DENIED');
    expect(await choose(0)).toMatchObject({ feedback: { state: 'HELD' }, job: null });
    expect(await store.feedback.trainingVerdicts(member.id)).toEqual([]);
  });

  it('writes verdict, job and key together or not at all', async () => {
    const { store, member, generations, choose } = await begin(2);
    const key = { key: randomUUID(), inputDigest: 'input' };
    await choose(0, 0, key);
    await train(member.id);
    await expect(choose(1, 0, key)).rejects.toBeInstanceOf(KeyTaken);
    expect(await store.feedback.ofMember(member.id, generations[1].id)).toBeNull();
    expect(await store.trainingJobs.list(member.id, { first: 10 })).toMatchObject({ total: 1 });
    expect(await store.idempotency.find('submitFeedback', key.key)).toMatchObject({ inputDigest: 'input' });
  });

  it('serves the newest accepted version made of active verdicts only', async () => {
    const { store, member, choose } = await begin(3);
    const served = async () => (await store.encoders.serving(member.id, digests))?.version ?? 0;
    expect(await served()).toBe(0);
    await choose(0);
    await train(member.id);
    expect(await served()).toBe(1);
    const second = await choose(1);
    await train(member.id);
    expect(await served()).toBe(2);
    await choose(2);
    expect(await train(member.id, { accepted: false, reason: 'worse than before' })).toMatchObject({
      status: 'REJECTED',
      encoderVersion: 3,
      error: 'worse than before',
    });
    expect(await served()).toBe(2);
    // Version 2 holds the replaced verdict, version 1 does not.
    await choose(1, 1);
    expect(await served()).toBe(1);
    await train(member.id);
    expect(await served()).toBe(4);
    await store.feedback.withdraw(second.feedback.id, trainable);
    expect(await served()).toBe(1);
    expect(await store.encoders.serving(member.id, { ...digests, checkpoint: 'another' })).toBeNull();
    expect((await store.encoders.versions(member.id, 10)).map(({ version, accepted }) => [version, accepted])).toEqual([
      [4, true],
      [3, false],
      [2, true],
      [1, true],
    ]);
  });

  it('counts votes between equal numbers of roles for the asker only', async () => {
    const { store, member, generations, choose } = await begin(2);
    await choose(0, 0);
    await choose(1, 1);
    expect(await store.feedback.counts(member.id)).toEqual(
      expect.arrayContaining([
        { verdict: 'CHOSEN', chosenRole: 'PERSONAL', personal: 1, base: 1, explore: 0, count: 1 },
        { verdict: 'CHOSEN', chosenRole: 'BASE', personal: 1, base: 1, explore: 0, count: 1 },
      ]),
    );
    const other = await newMember(store);
    await store.feedback.record(
      { generationId: generations[0].id, memberId: other.id, verdict: 'TIE', chosenCandidateId: null },
      trainable,
    );
    expect(await store.feedback.counts(other.id)).toEqual([]);
  });

  it('stores features with what they were read with, and finds what is outdated', async () => {
    const { store, member, generations, choose } = await begin(2);
    await choose(0);
    const ids = generations.map(({ id }) => id);
    expect(await store.generations.withoutFeatures(digests, 10, ids)).toEqual([ids[0], ids[1]]);
    const features = new Map(
      generations[0].candidates.map(({ id, index }) => [id, new Uint8Array(256).fill(index + 1)]),
    );
    await store.generations.saveFeatures(
      ids[0],
      { prompt: new Uint8Array(256).fill(9), candidates: features },
      digests,
    );
    expect(await store.generations.withoutFeatures(digests, 10, ids)).toEqual([ids[1]]);
    expect(await store.generations.withoutFeatures({ ...digests, model: 'another' }, 10, ids)).toHaveLength(2);
    const [verdict] = await store.feedback.trainingVerdicts(member.id);
    expect(verdict).toMatchObject({ generationId: ids[0], featuresModel: 'model', featuresCheckpoint: 'checkpoint' });
    expect([...(verdict.promptFeatures ?? [])]).toEqual(new Array(256).fill(9));
    expect(verdict.candidates.map(({ id, features }) => [id, [...(features ?? [])]])).toEqual(
      generations[0].candidates.map(({ id, index }) => [id, new Array(256).fill(index + 1)]),
    );
  });

  it('finds nothing to read in what was cancelled before a word was written', async () => {
    const { store, member, generations } = await begin();
    const cancelled = async (tokens: number[][]) => {
      const { createdAt: _, expiredAt: __, ...like } = generations[0];
      const id = randomUUID();
      const candidates = tokens.map((tokenIds, index) => ({
        ...generations[0].candidates[index],
        id: randomUUID(),
        text: tokenIds.join(' '),
        tokenIds,
        finishReason: 'CANCELLED' as const,
        latent: null,
      }));
      await store.generations.add({ ...like, id, source: null, candidates });
      return id;
    };
    const empty = await cancelled([[], []]);
    const begun = await cancelled([[], [7]]);
    await store.feedback.record(
      { generationId: empty, memberId: member.id, verdict: 'TIE', chosenCandidateId: null },
      trainable,
    );
    expect(await store.generations.withoutFeatures(digests, 10, [empty, begun])).toEqual([begun]);
    expect(await store.generations.withoutFeatures(digests, 1_000)).not.toContain(empty);
  });

  it('pages from the newest on', async () => {
    const { store, member, choose } = await begin(5);
    const ids = [];
    for (let i = 0; i < 5; i++) ids.unshift((await choose(i)).feedback.id);
    const first = await store.feedback.listActive(member.id, { first: 2 });
    expect(first).toMatchObject({ total: 5, hasNext: true, hasPrevious: false });
    const rest = await store.feedback.listActive(member.id, { first: 3, below: first.rows[1].position });
    expect(rest).toMatchObject({ total: 5, hasNext: false, hasPrevious: true });
    expect([...first.rows, ...rest.rows].map(({ id }) => id)).toEqual(ids);
  });

  it('queues members whose newest version is not of their active verdicts, model and checkpoint', async () => {
    const { store, member, choose } = await begin(1);
    const queued = async (of = digests) => (await store.trainingJobs.queueOutdated(of)).map(({ memberId }) => memberId);
    expect(await queued()).not.toContain(member.id);
    await choose(0);
    await train(member.id);
    expect(await queued()).not.toContain(member.id);
    expect(await queued({ ...digests, checkpoint: 'another' })).toContain(member.id);
    await train(member.id, { digests: { ...digests, checkpoint: 'another' } });
    expect(await queued({ ...digests, checkpoint: 'another' })).not.toContain(member.id);
  });

  it('makes one member of one identity, whoever comes first', async () => {
    const { store } = temporary;
    const identity = { platform: 'test', externalId: randomUUID(), scope: 'team' };
    const members = await Promise.all(Array.from({ length: 5 }, () => store.members.ensure(identity)));
    expect(new Set(members.map(({ id }) => id)).size).toBe(1);
    expect((await store.members.ensure({ ...identity, scope: '' })).id).not.toBe(members[0].id);
  });
});
