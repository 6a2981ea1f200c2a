import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GenerateInput, Generation } from '../../src/contract/generated/types.js';
import { openServicesFixture, type ServicesFixture } from './fixture.js';

const asker = (platform = 'test') => ({ platform, externalId: randomUUID() });

describe('a member’s rights', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture();
  });
  afterAll(() => fixture.close());

  const generate = async (input: Partial<GenerateInput> = {}): Promise<Generation> => {
    const base = { member: asker(), prompt: 'Say hello.', maxTokens: 8 };
    return (await fixture.services.generations.start({ ...base, ...input })).finished;
  };
  const choose = ({ id, candidates }: Generation, index = 0) =>
    fixture.services.preferences.submit({
      generationId: id,
      verdict: 'CHOSEN',
      chosenCandidateId: candidates[index].id,
    });
  const trained = async (memberId: string) => {
    await fixture.trained(memberId);
    return (await fixture.services.members.byId(memberId))?.encoder;
  };
  const states = async (memberId: string, generations: Generation[]) =>
    Promise.all(generations.map(async ({ id }) => (await fixture.store.feedback.ofMember(memberId, id))?.state));
  const bytesOf = async (memberId: string, version: number) =>
    Buffer.from((await fixture.store.encoders.bytesOf(memberId, version)) as Uint8Array).toString('hex');

  describe('consent', () => {
    it('holds verdicts when it is denied, and lets them count again when it is given', async () => {
      const { rights } = fixture.services;
      const generation = await generate();
      const { memberId } = generation;
      await choose(generation);
      expect((await trained(memberId))?.version).toBe(1);
      const denied = await rights.setConsent(memberId, { learn: false });
      expect(denied.consent).toEqual({ learn: 'DENIED', community: false });
      expect(denied.encoder).toMatchObject({ capacity: 'PRIOR', verdictCount: 0 });
      expect(await trained(memberId)).toMatchObject({ capacity: 'PRIOR', verdictCount: 0 });
      expect(await states(memberId, [generation])).toEqual(['HELD']);
      // A verdict that is given after the no waits as well, for a yes that may come.
      const later = await generate({
        member: { platform: denied.platform, externalId: denied.externalId },
        prompt: 'And now?',
      });
      expect(await choose(later)).toMatchObject({ feedback: { state: 'HELD' }, trainingJob: null, pairs: [] });
      const granted = await rights.setConsent(memberId, { learn: true, community: true });
      expect(granted.consent).toEqual({ learn: 'GRANTED', community: true });
      expect(await trained(memberId)).toMatchObject({ capacity: 'BIAS', verdictCount: 2 });
      expect((await rights.setConsent(memberId, {})).consent).toEqual({ learn: 'GRANTED', community: true });
    });

    it('is asked first where the platform says so: verdicts wait until it is given', async () => {
      const { rights } = fixture.services;
      const platform = `asks-${randomUUID()}`;
      expect(await rights.platform(platform)).toEqual({ name: platform, asksConsent: false });
      expect(await rights.setPlatform(platform, { asksConsent: true })).toEqual({ name: platform, asksConsent: true });
      expect(await rights.platform(platform)).toEqual({ name: platform, asksConsent: true });
      const generation = await generate({ member: asker(platform) });
      expect(await choose(generation)).toMatchObject({ feedback: { state: 'HELD' }, trainingJob: null });
      const other = await generate({ member: asker(`${platform}-not`) });
      expect((await choose(other)).feedback.state).toBe('ACTIVE');
      await rights.setConsent(generation.memberId, { learn: true });
      expect(await trained(generation.memberId)).toMatchObject({ capacity: 'BIAS', verdictCount: 1 });
      const next = await generate({
        member: {
          platform,
          externalId: (await fixture.services.members.byId(generation.memberId))?.externalId as string,
        },
      });
      expect((await choose(next)).feedback.state).toBe('ACTIVE');
    });

    it('that is refused lets nothing count later that had waited for the answer', async () => {
      const { rights, preferences } = fixture.services;
      const platform = `asks-${randomUUID()}`;
      await rights.setPlatform(platform, { asksConsent: true });
      const member = asker(platform);
      const before = await generate({ member });
      const { memberId } = before;
      const { feedback } = await choose(before);
      await rights.setConsent(memberId, { learn: false });
      expect(await states(memberId, [before])).toEqual(['WITHDRAWN']);
      expect((await preferences.withdraw(feedback.id)).feedback.state).toBe('WITHDRAWN');
      await rights.setConsent(memberId, { learn: true });
      expect(await states(memberId, [before])).toEqual(['WITHDRAWN']);
      expect((await fixture.services.members.byId(memberId))?.encoder.verdictCount).toBe(0);
      // Cast anew it counts: what counted is held by a no, and by another, and comes back.
      expect((await choose(before)).feedback).toMatchObject({ id: feedback.id, state: 'ACTIVE' });
      for (let i = 0; i < 2; i++) await rights.setConsent(memberId, { learn: false });
      expect(await states(memberId, [before])).toEqual(['HELD']);
      // Replaced while it is held it is another verdict, which never counted.
      const other = await generate({ member });
      await choose(other);
      await rights.setConsent(memberId, { learn: false });
      expect(await states(memberId, [before, other])).toEqual(['HELD', 'WITHDRAWN']);
      await choose(before, 1);
      await rights.setConsent(memberId, { learn: false });
      expect(await states(memberId, [before, other])).toEqual(['WITHDRAWN', 'WITHDRAWN']);
      await rights.setConsent(memberId, { learn: true });
      expect(await states(memberId, [before, other])).toEqual(['WITHDRAWN', 'WITHDRAWN']);
    });

    it('of nobody is nothing that exists', async () => {
      for (const id of ['nobody', randomUUID()]) {
        await expect(fixture.services.rights.setConsent(id, { learn: true })).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
      }
    });
  });

  describe('rollback', () => {
    /** A member with as many verdicts and versions. */
    const versions = async (count: number) => {
      const member = asker();
      const generations: Generation[] = [];
      for (let i = 0; i < count; i++) {
        generations.push(await generate({ member, prompt: `Question ${i}` }));
        await choose(generations[i], i % 2);
        await fixture.trained(generations[i].memberId);
      }
      return { member, memberId: generations[0].memberId, generations };
    };

    it('takes the verdicts after a version out, and going forward puts them back', async () => {
      const { rights } = fixture.services;
      const { memberId, generations } = await versions(3);
      const back = await rights.rollback(memberId, 1);
      expect(back.encoder.verdictCount).toBe(1);
      expect(await states(memberId, generations)).toEqual(['ACTIVE', 'ROLLED_BACK', 'ROLLED_BACK']);
      expect((await fixture.services.preferences.list(memberId, 10)).totalCount).toBe(1);
      expect(await trained(memberId)).toMatchObject({ version: 4, verdictCount: 1 });
      expect(await bytesOf(memberId, 4)).toBe(await bytesOf(memberId, 1));
      await rights.rollback(memberId, 3);
      expect(await states(memberId, generations)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
      expect(await trained(memberId)).toMatchObject({ verdictCount: 3 });
      expect(await bytesOf(memberId, 5)).toBe(await bytesOf(memberId, 3));
    });

    it('to version 0 leaves nothing learned; a vote anew counts again', async () => {
      const { memberId, generations } = await versions(2);
      expect((await fixture.services.rights.rollback(memberId, 0)).encoder.capacity).toBe('PRIOR');
      expect(await trained(memberId)).toMatchObject({ capacity: 'PRIOR', verdictCount: 0 });
      await choose(generations[1], 1);
      expect(await states(memberId, generations)).toEqual(['ROLLED_BACK', 'ACTIVE']);
      expect(await trained(memberId)).toMatchObject({ capacity: 'BIAS', verdictCount: 1 });
    });

    it('leaves withdrawn verdicts withdrawn, and takes ties of later out too', async () => {
      const { member, memberId, generations } = await versions(2);
      const first = await fixture.store.feedback.ofMember(memberId, generations[0].id);
      await fixture.services.preferences.withdraw(first?.id as string);
      await fixture.trained(memberId);
      const tied = await generate({ member, prompt: 'Tied' });
      await fixture.services.preferences.submit({ generationId: tied.id, verdict: 'TIE' });
      await fixture.services.rights.rollback(memberId, 2);
      expect(await states(memberId, [...generations, tied])).toEqual(['WITHDRAWN', 'ACTIVE', 'ROLLED_BACK']);
    });

    it('restores nothing that the member does not consent to', async () => {
      const { memberId, generations } = await versions(2);
      await fixture.services.rights.rollback(memberId, 1);
      await fixture.services.rights.setConsent(memberId, { learn: false });
      await fixture.services.rights.rollback(memberId, 2);
      expect(await states(memberId, generations)).toEqual(['HELD', 'HELD']);
    });

    it('is refused to versions that do not exist, and for nobody', async () => {
      const { memberId } = await versions(1);
      const { rights } = fixture.services;
      for (const attempt of [
        () => rights.rollback(memberId, 7),
        () => rights.rollback(memberId, -1),
        () => rights.rollback(randomUUID(), 0),
        () => rights.rollback('nobody', 0),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'NOT_FOUND' });
      }
    });
  });

  describe('the quality gate', () => {
    it('turns down a version that held-out votes speak against; the one before serves on', async () => {
      const member = asker();
      // The same seed writes the same replies: every comparison is judged both ways, so what one fold learns the other denies.
      const ask = (seed: number) =>
        generate({ member, seed, prompt: `Question ${seed}`, personalized: false, temperature: 1 });
      const { memberId } = await ask(0);
      const consistent = await ask(1);
      await choose(consistent, 0);
      const before = await trained(memberId);
      expect(before).toMatchObject({ version: 1, verdictCount: 1 });
      const newest = async () => (await fixture.services.members.versions(memberId, 1))[0];
      // Folds follow the member's id, which is random: chance lets a round pass now and then, but hardly several.
      let rejected = await newest();
      for (let round = 1; rejected.accepted && round <= 5; round++) {
        for (let seed = 10 * round; seed < 10 * round + 6; seed++) {
          for (const liked of [0, 1]) {
            const generation = await ask(seed);
            await choose(generation, liked);
          }
        }
        await vi.waitUntil(async () => (await newest()).verdictCount === 1 + 12 * round, 120_000);
        rejected = await newest();
      }
      expect(rejected.accepted).toBe(false);
      const job = await fixture.trained(memberId);
      expect(job).toMatchObject({ status: 'REJECTED', error: expect.stringContaining('contradict') });
      expect((await fixture.services.members.byId(memberId))?.encoder.version).toBeLessThan(rejected.version);
      await expect(fixture.services.rights.rollback(memberId, rejected.version)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('turned'),
      });
    });
  });
});
