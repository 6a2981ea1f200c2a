import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import type { Generation } from '../../src/contract/generated/types.js';
import { Housekeeping } from '../../src/services/members/housekeeping.js';
import { filesOnDisk } from '../store/files-on-disk.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from './fixture.js';

const DAY_MS = 86_400_000;

async function folderContains(folder: string, text: string): Promise<boolean> {
  for await (const { bytes } of filesOnDisk(folder)) if (bytes.includes(text)) return true;
  return false;
}

describe('retention', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture({ embedded: true });
  });
  afterAll(() => fixture.close());

  const member = { platform: 'test', externalId: randomUUID() };
  const ask = async (prompt: string): Promise<Generation> => {
    const input = { member, prompt, maxTokens: 16, source: { messageId: `message of ${prompt}` } };
    return (await fixture.services.generations.start(input)).finished;
  };
  const choose = ({ id, candidates }: Generation) =>
    fixture.services.preferences.submit({ generationId: id, verdict: 'CHOSEN', chosenCandidateId: candidates[0].id });
  /** Runs the sweep and the clean-up of a start, so many days from now. */
  const startIn = async (days: number, textDays: number) => {
    let dropped = 0;
    const housekeeping = new Housekeeping({
      store: fixture.store,
      retention: { textDays, cleanUpMinutes: 10 },
      isQuiet: () => true,
      dropCaches: async () => void dropped++,
      log: createLog('error'),
      now: () => Date.now() + days * DAY_MS,
    });
    await housekeeping.start();
    await housekeeping.stop();
    return dropped;
  };
  const encoder = async (memberId: string) => {
    const version = (await fixture.services.members.byId(memberId))?.encoder.version as number;
    return fixture.store.encoders.bytesOf(memberId, version);
  };

  it('erases the texts of old generations for good, and keeps what was learned from them', async () => {
    const prompt = `prompt-${randomUUID()}`;
    const generation = await ask(prompt);
    const { memberId } = generation;
    const { feedback } = await choose(generation);
    await fixture.trained(memberId);
    const learned = await encoder(memberId);
    expect(await folderContains(fixture.folder, prompt)).toBe(true);

    expect(await startIn(6, 7)).toBe(0);
    expect(await startIn(8, 0)).toBe(0);
    expect((await fixture.services.generations.byId(generation.id))?.expiredAt).toBeNull();
    expect(await startIn(8, 7)).toBe(1);
    const expired = await fixture.services.generations.byId(generation.id);
    expect(expired).toMatchObject({ prompt: '', expiredAt: expect.any(Date) });
    expect(expired?.candidates.map(({ id, text }) => [id, text])).toEqual(
      generation.candidates.map(({ id }) => [id, '']),
    );
    for (const text of [prompt, generation.candidates[0].text, generation.candidates[1].text]) {
      expect(await folderContains(fixture.folder, text)).toBe(false);
    }
    // A training anew comes to the same, also in another process.
    await fixture.reopen();
    await fixture.services.training.train(memberId);
    await fixture.trained(memberId);
    expect(await encoder(memberId)).toEqual(learned);
    expect((await fixture.services.members.byId(memberId))?.encoder.version).toBe(2);

    await expect(choose(generation)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('old'),
    });
    expect((await fixture.services.preferences.withdraw(feedback.id)).feedback.state).toBe('WITHDRAWN');
  });

  it('makes verdicts on erased texts teach nothing once the checkpoint is another', async () => {
    const old = await ask('An old question');
    await choose(old);
    await startIn(8, 7);
    const fresh = await ask('A fresh question');
    await choose(fresh);
    await fixture.trained(old.memberId);
    await fixture.reopen(tinyCheckpoint('the next'));
    await fixture.trained(old.memberId);
    const { encoder } = (await fixture.services.members.byId(old.memberId)) ?? {};
    expect(encoder).toMatchObject({ capacity: 'BIAS', pairCount: 1, verdictCount: 2 });
    expect(fixture.runtime.requests).toEqual([]);
  });

  it('does it in batches, so that nobody waits long', async () => {
    const expired = await fixture.store.cleanUp.expireTexts(new Date(Date.now() + DAY_MS), 0);
    expect(expired).toBe(0);
    for (let i = 0; i < 3; i++) await ask(`Question ${i}`);
    const later = new Date(Date.now() + DAY_MS);
    expect(await fixture.store.cleanUp.expireTexts(later, 2)).toBe(2);
    // The third, and the fresh question of before.
    expect(await fixture.store.cleanUp.expireTexts(later, 10)).toBe(2);
    expect(await fixture.store.cleanUp.expireTexts(later, 10)).toBe(0);
    expect(await fixture.store.cleanUp.pendingSince()).toBeInstanceOf(Date);
    await fixture.store.cleanUp.run();
    expect(await fixture.store.cleanUp.pendingSince()).toBeNull();
  });

  it('waits for a quiet moment, but not longer than was announced', async () => {
    const never = { isQuiet: () => false, dropCaches: async () => {}, log: createLog('error'), store: fixture.store };
    await fixture.services.rights.forget((await ask('Forget me')).memberId);
    const since = (await fixture.store.cleanUp.pendingSince()) as Date;
    let ticks = 0;
    const housekeeping = new Housekeeping({
      ...never,
      retention: { textDays: 0, cleanUpMinutes: 10 },
      clock: () => ticks,
    });
    housekeeping.removed();
    expect(housekeeping.deadline(since).getTime()).toBe(since.getTime() + 600_000);
    ticks += 599_000;
    await housekeeping.look();
    expect(await fixture.store.cleanUp.pendingSince()).toEqual(since);
    ticks += 1_000;
    await housekeeping.look();
    expect(await fixture.store.cleanUp.pendingSince()).toBeNull();
    await housekeeping.stop();
  });

  it('erases at the time that was announced, also where an earlier try failed', async () => {
    await fixture.services.rights.forget((await ask('Forget me too')).memberId);
    let [ticks, isQuiet] = [0, true];
    const failing = async () => {
      throw new Error('The disk is full.');
    };
    const cleanUp = { ...fixture.store.cleanUp, run: failing as () => Promise<void> };
    const housekeeping = new Housekeeping({
      store: { cleanUp },
      retention: { textDays: 0, cleanUpMinutes: 10 },
      isQuiet: () => isQuiet,
      dropCaches: async () => {},
      log: createLog('error'),
      clock: () => ticks,
    });
    housekeeping.removed();
    ticks += 300_000;
    await expect(housekeeping.look()).rejects.toThrow('full');
    isQuiet = false;
    cleanUp.run = () => fixture.store.cleanUp.run();
    ticks += 300_000;
    await housekeeping.look();
    expect(await fixture.store.cleanUp.pendingSince()).toBeNull();
    await housekeeping.stop();
  });
});
