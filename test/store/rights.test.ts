import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import type { GenerationRecord } from '../../src/store/generations.js';
import { openStore } from '../../src/store/store.js';
import type { TrainedEncoder, TrainingJobRecord } from '../../src/store/training-jobs.js';
import type { Claim } from '../../src/store/training-work.js';
import { ENGINES, storeOn } from './engines.js';
import { newGeneration, newMember, temporaryStore } from './temporary-store.js';

const digests = { model: 'model', checkpoint: 'checkpoint' };
const trainable = { trainable: true };

describe.each(ENGINES)('a member’s rights in the store on %s', (engine) => {
  const temporary = storeOn(engine);

  const choose = ({ id, candidates }: GenerationRecord, memberId: string, key?: string) =>
    temporary.store.feedback.record(
      {
        generationId: id,
        memberId,
        verdict: 'CHOSEN',
        chosenCandidateId: candidates[0].id,
        key: key === undefined ? undefined : { key, inputDigest: 'input' },
      },
      trainable,
    );
  const claim = async (memberId: string) => ((await temporary.store.trainingJobs.claim(memberId)) as Claim).job;
  const complete = async (job: TrainingJobRecord, changes: Partial<TrainedEncoder> = {}) => {
    const verdicts = await temporary.store.feedback.trainingVerdicts(job.memberId);
    return temporary.store.trainingJobs.complete(job, {
      capacity: 'BIAS',
      bytes: Uint8Array.of(1, 2, 3),
      digest: 'digest',
      digests,
      tasteDigest: '',
      accepted: true,
      reason: null,
      positions: verdicts.map(({ position }) => position).sort((a, b) => (a < b ? -1 : 1)),
      pairCount: verdicts.length,
      loss: null,
      accuracy: null,
      totalSteps: 10,
      durationMs: 1,
      ...changes,
    });
  };
  const train = async (memberId: string, changes?: Partial<TrainedEncoder>) => complete(await claim(memberId), changes);
  const countOf = (counts: readonly { kind: string; count: number }[], kind: string) =>
    counts.find((entry) => entry.kind === kind)?.count;

  it('moves verdicts between HELD and ACTIVE without changing their positions', async () => {
    const { store } = temporary;
    const member = await newMember(store);
    const generation = await newGeneration(store, member.id);
    const { feedback } = await choose(generation, member.id);
    await train(member.id);
    expect(await store.consent.set(member.id, { learn: 'DENIED' }, trainable)).toMatchObject({
      job: { status: 'QUEUED' },
    });
    expect(await store.feedback.byId(feedback.id)).toMatchObject({ state: 'HELD', position: feedback.position });
    expect(await store.encoders.serving(member.id, digests)).toBeNull();
    // Nothing that trains is moved twice.
    expect(await store.consent.set(member.id, { learn: 'DENIED', community: true }, trainable)).toEqual({ job: null });
    await store.consent.set(member.id, { learn: 'GRANTED' }, trainable);
    expect(await store.encoders.serving(member.id, digests)).toMatchObject({ version: 1 });
    expect(await store.members.byId(member.id)).toMatchObject({ learn: 'GRANTED', community: true });
    expect(await store.consent.set(randomUUID(), { learn: 'GRANTED' }, trainable)).toBeNull();
  });

  it('begins verdicts as the platform and the member say', async () => {
    const { store } = temporary;
    const platform = randomUUID();
    const states = async (learn?: 'GRANTED' | 'DENIED') => {
      const member = await store.members.ensure({ platform, externalId: randomUUID(), scope: '' });
      if (learn) await store.consent.set(member.id, { learn }, trainable);
      return (await choose(await newGeneration(store, member.id), member.id)).feedback.state;
    };
    expect([await states(), await states('GRANTED'), await states('DENIED')]).toEqual(['ACTIVE', 'ACTIVE', 'HELD']);
    await store.consent.setAsksConsent(platform, true);
    expect([await states(), await states('GRANTED'), await states('DENIED')]).toEqual(['HELD', 'ACTIVE', 'HELD']);
    await store.consent.setAsksConsent(platform, false);
    expect(await states()).toBe('ACTIVE');
  });

  it('makes an imported taste count, and a rollback takes it out', async () => {
    const { store } = temporary;
    const member = await newMember(store);
    await choose(await newGeneration(store, member.id), member.id);
    await train(member.id);
    const taste = { digest: 'a taste', bytes: Uint8Array.of(9, 8), pairCount: 7 };
    expect(await store.tastes.adopt(member.id, taste, digests)).toMatchObject({ status: 'QUEUED' });
    const current = await store.tastes.current(member.id, digests);
    expect({ ...current, bytes: [...(current?.bytes ?? [])] }).toEqual({ ...taste, bytes: [9, 8] });
    expect(await store.tastes.current(member.id, { ...digests, checkpoint: 'another' })).toBeNull();
    await train(member.id, { tasteDigest: taste.digest });
    expect(await store.encoders.serving(member.id, digests)).toMatchObject({ version: 2 });
    const outdated = async (of = digests) => (await store.trainingJobs.queueOutdated(of)).map((job) => job.memberId);
    expect(await outdated()).not.toContain(member.id);
    await store.consent.rollback(member.id, 1, trainable);
    expect(await store.encoders.serving(member.id, digests)).toMatchObject({ version: 1 });
    expect(await store.tastes.current(member.id, digests)).toBeNull();
    await train(member.id);
    await store.consent.rollback(member.id, 2, trainable);
    expect(await store.tastes.current(member.id, digests)).toMatchObject({ digest: taste.digest });
    expect(await outdated()).toContain(member.id);
    expect(await store.tastes.adopt(randomUUID(), taste, digests)).toBeNull();
  });

  it('refuses rollbacks to what never served', async () => {
    const { store } = temporary;
    const member = await newMember(store);
    await choose(await newGeneration(store, member.id), member.id);
    await train(member.id, { accepted: false, reason: 'worse' });
    const refused = async (id: string, version: number) => store.consent.rollback(id, version, trainable);
    expect(await refused(member.id, 1)).toEqual({ refused: 'NOT_ACCEPTED' });
    expect(await refused(member.id, 2)).toEqual({ refused: 'NO_VERSION' });
    expect(await refused(randomUUID(), 0)).toEqual({ refused: 'NO_MEMBER' });
  });

  it('forgets a member and what others learned from them, also what they are learning at the moment', async () => {
    const { store } = temporary;
    const [member, friend] = [await newMember(store), await newMember(store)];
    const [theirs, own] = [await newGeneration(store, member.id), await newGeneration(store, friend.id)];
    await choose(theirs, member.id, randomUUID());
    const [key, ownKey] = [randomUUID(), randomUUID()];
    await choose(own, friend.id, ownKey);
    await train(friend.id);
    await choose(theirs, friend.id, key);
    await train(friend.id);
    // A training is under way that has read the verdict on the member's generation.
    await choose(theirs, friend.id);
    const running = await claim(friend.id);
    const positions = (await store.feedback.trainingVerdicts(friend.id)).map(({ position }) => position);

    const forgotten = await store.forgetting.forget(member.id, trainable);
    expect(forgotten?.receipt).toMatchObject({ memberId: member.id, platform: 'test', retrained: 1, cleanedAt: null });
    expect(forgotten?.jobs).toMatchObject([{ memberId: friend.id, status: 'QUEUED' }]);
    expect(forgotten?.endedJobs).toContain(running.id);
    const removed = forgotten?.receipt.removed ?? [];
    for (const kind of ['VERDICT', 'VERDICT_OF_OTHERS', 'ENCODER_VERSION_OF_OTHERS', 'GENERATION', 'MEMBER']) {
      expect([kind, countOf(removed, kind)]).toEqual([kind, 1]);
    }
    expect(await complete(running, { positions })).toBeNull();
    expect((await store.encoders.versions(friend.id, 10)).map(({ version }) => version)).toEqual([1]);
    expect(await store.idempotency.find('submitFeedback', key)).toBeNull();
    expect(await store.idempotency.find('submitFeedback', ownKey)).not.toBeNull();
    expect(await store.generations.byId(own.id)).not.toBeNull();
    expect(await store.generations.byId(theirs.id)).toBeNull();
    expect((await store.forgetting.remaining(member.id)).filter(({ count }) => count > 0)).toEqual([]);
    expect(await store.forgetting.forget(member.id, trainable)).toBeNull();
    expect(await store.forgetting.receiptOf(member.id)).toEqual(forgotten?.receipt);
    expect(await store.forgetting.receipt(forgotten?.receipt.id as string)).toEqual(forgotten?.receipt);
    await train(friend.id);
    expect(await store.encoders.serving(friend.id, digests)).toMatchObject({ version: 2, verdictCount: 1 });
  });

  it('lets no vote slip by that comes in the same moment', async () => {
    const { store } = temporary;
    const member = await newMember(store);
    const generation = await newGeneration(store, member.id);
    const voters = await Promise.all(Array.from({ length: 10 }, () => newMember(store)));
    const vote = (voter: { id: string }) => choose(generation, voter.id).then(() => true);
    const [forgotten, ...votes] = await Promise.allSettled([
      ...voters.slice(0, 5).map(vote),
      store.forgetting.forget(member.id, trainable),
      ...voters.slice(5).map(vote),
    ]).then((results) => [results[5], ...results.filter((_, i) => i !== 5)]);
    if (forgotten.status === 'rejected' || typeof forgotten.value !== 'object' || !forgotten.value) {
      throw new Error('It was not forgotten.');
    }
    const accepted = votes.filter(({ status }) => status === 'fulfilled').length;
    const { receipt } = forgotten.value;
    expect(countOf(receipt.removed, 'VERDICT_OF_OTHERS')).toBe(accepted);
    expect(receipt.retrained).toBe(accepted);
    for (const voter of voters) expect(await store.feedback.trainingVerdicts(voter.id)).toEqual([]);
  });

  it('lists everything that was written for a member, newest first', async () => {
    const { store } = temporary;
    const member = await newMember(store);
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await newGeneration(store, member.id)).id);
    await newGeneration(store, (await newMember(store)).id);
    const first = await store.generations.ofMember(member.id, 2);
    expect(first).toMatchObject({ total: 5, hasNext: true, hasPrevious: false });
    const rest = await store.generations.ofMember(member.id, 3, first.rows[1].id);
    expect(rest).toMatchObject({ total: 5, hasNext: false, hasPrevious: true });
    const listed = [...first.rows, ...rest.rows];
    // Those of the same millisecond come in either order, each once.
    expect(listed.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(listed.map(({ createdAt }) => createdAt)).toEqual(
      listed.map((row) => row.createdAt).sort((a, b) => +b - +a),
    );
    expect(listed[0].candidates).toHaveLength(2);
  });

  it('says what waits to be erased for good, and when it was', async () => {
    const { store } = temporary;
    const member = await newMember(store);
    const generation = await newGeneration(store, member.id);
    const receipt = (await store.forgetting.forget((await newMember(store)).id, trainable))?.receipt;
    expect(await store.cleanUp.pendingSince()).toBeInstanceOf(Date);
    await store.cleanUp.run();
    expect(await store.cleanUp.pendingSince()).toBeNull();
    expect((await store.forgetting.receipt(receipt?.id as string))?.cleanedAt).toBeInstanceOf(Date);
    expect(await store.cleanUp.expireTexts(new Date(Date.now() + 60_000), 1_000)).toBeGreaterThan(0);
    expect(await store.generations.byId(generation.id)).toMatchObject({
      prompt: '',
      expiredAt: expect.any(Date),
      candidates: [
        { text: '', tokenIds: [] },
        { text: '', tokenIds: [] },
      ],
    });
    expect(await store.generations.withoutFeatures(digests, 10, [generation.id])).toEqual([]);
    expect(await store.cleanUp.pendingSince()).toBeInstanceOf(Date);
  });
});

describe('the clean-up of the embedded database', () => {
  it('removes copies that a killed process left, and nothing else', async () => {
    const temporary = await temporaryStore();
    const { folder } = temporary;
    let { store } = temporary;
    const member = await newMember(store);
    const generation = await newGeneration(store, member.id);
    const base = join(folder, 'database', 'base');
    const [database] = (await readdir(base)).map(Number).sort((a, b) => b - a);
    const files = join(base, String(database));
    const strays = ['9999999', '9999999_fsm', '9999999.1'];
    const kept = ['PG_VERSION', 'pg_filenode.map', 'of-somebody'];
    for (const name of [...strays, 'of-somebody']) await writeFile(join(files, name), 'left behind');
    await store.cleanUp.run();
    const left = await readdir(files);
    expect(left.filter((name) => strays.includes(name))).toEqual([]);
    expect(left).toEqual(expect.arrayContaining(kept));
    expect(await readFile(join(files, 'of-somebody'), 'utf8')).toBe('left behind');
    await store.close();
    store = await openStore({ data: folder }, createLog('error'));
    expect(await store.generations.byId(generation.id)).toMatchObject({ prompt: 'Say hello.' });
    await store.cleanUp.run();
    expect(await store.generations.byId(generation.id)).toMatchObject({ prompt: 'Say hello.' });
    await store.close();
    await temporary.remove();
  });
});
