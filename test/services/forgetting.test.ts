import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DeletionCount, DeletionReceipt, GenerateInput, Generation } from '../../src/contract/generated/types.js';
import { TABLES_OF_MEMBERS } from '../../src/store/forgetting.js';
import { readMigrations } from '../../src/store/migrations.js';
import { filesOnDisk } from '../store/files-on-disk.js';
import { openServicesFixture, type ServicesFixture } from './fixture.js';

/** Files below the folder that contain one of these byte strings. */
async function filesWith(folder: string, needles: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, bytes } of filesOnDisk(folder)) {
    if (needles.some((needle) => bytes.includes(Buffer.from(needle)))) found.push(path);
  }
  return found;
}

async function lastOf<T>(events: AsyncIterable<T>): Promise<T | undefined> {
  let last: T | undefined;
  for await (const event of events) last = event;
  return last;
}

const countOf = (counts: readonly DeletionCount[], kind: string) => counts.find((entry) => entry.kind === kind)?.count;

describe('forgetting a member', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture({ embedded: true, rights: { cleanUpMinutes: 0 } });
  });
  afterAll(() => fixture.close());

  const start = (externalId: string, input: Partial<GenerateInput> = {}) =>
    fixture.services.generations.start({
      member: { platform: 'test', externalId },
      prompt: `The secret of ${externalId} is ${'well kept and '.repeat(20)}never told.`,
      maxTokens: 24,
      ...input,
    });
  const generate = async (externalId: string, input: Partial<GenerateInput> = {}): Promise<Generation> =>
    (await start(externalId, input)).finished;
  const choose = (generation: Generation, voter?: string, key?: string) =>
    fixture.services.preferences.submit({
      generationId: generation.id,
      verdict: 'CHOSEN',
      chosenCandidateId: generation.candidates[0].id,
      member: voter ? { platform: 'test', externalId: voter } : undefined,
      key,
    });
  const cleaned = async ({ id }: DeletionReceipt) => {
    await vi.waitUntil(async () => (await fixture.services.rights.receipt(id))?.cleanedAt, 120_000);
    return fixture.services.rights.receipt(id);
  };
  /** The means of the member's versions: behind magic and digest, which all encoders share. */
  const meansOf = async (memberId: string): Promise<Uint8Array[]> => {
    const versions = await fixture.store.encoders.versions(memberId, 100);
    const bytes = await Promise.all(versions.map(({ version }) => fixture.store.encoders.bytesOf(memberId, version)));
    return bytes.flatMap((encoder) => (encoder ? [encoder.subarray(40, 72)] : []));
  };
  /** What of the generations and encoders is stored as bytes and text. */
  const needlesOf = async (externalId: string, memberId: string, generations: Generation[]) => {
    const vectors: Uint8Array[] = [];
    for (const { promptFeatures, candidates } of await fixture.store.feedback.trainingVerdicts(memberId)) {
      for (const bytes of [promptFeatures, ...candidates.map(({ features }) => features)])
        if (bytes) vectors.push(bytes);
    }
    vectors.push(...(await meansOf(memberId)));
    const texts = [externalId, ...generations.flatMap(({ candidates }) => candidates.map(({ text }) => text))];
    return { vectors, texts: texts.map((text) => Buffer.from(text)) };
  };

  it('removes every row and byte of them, and what others learned from their generations', async () => {
    const [name, friend, bystander] = ['ada', 'bea', 'cleo'].map((word) => `${word}-${randomUUID()}`);
    const generations: Generation[] = [];
    for (let i = 0; i < 4; i++) {
      generations.push(
        await generate(name, { key: `key of ${name} ${i}`, seed: i, source: { messageId: `m-${name}` } }),
      );
      await choose(generations[i], undefined, `vote of ${name} ${i}`);
    }
    const { memberId } = generations[0];
    await fixture.trained(memberId);
    const own = await generate(friend);
    await choose(own);
    const friendId = own.memberId;
    await fixture.trained(friendId);
    const alone = await fixture.store.encoders.bytesOf(friendId, 1);
    // The friend also votes on the member's generation, another way round first: that position is in no ledger any more.
    await fixture.services.preferences.submit({
      generationId: generations[0].id,
      verdict: 'BAD',
      chosenCandidateId: generations[0].candidates[0].id,
      member: { platform: 'test', externalId: friend },
    });
    await fixture.trained(friendId);
    await choose(generations[0], friend, `vote of ${friend}`);
    await fixture.trained(friendId);
    const other = await generate(bystander);
    await choose(other);
    await fixture.trained(other.memberId);
    await fixture.store.storage.set('some bot', `message of ${name}`, 'shown', memberId);

    const needles = await needlesOf(name, memberId, generations);
    // The oldest version is the friend's own.
    const learned = (await meansOf(friendId)).slice(0, -1);
    expect(learned).toHaveLength(2);
    expect(needles.vectors.length).toBeGreaterThan(8);
    expect(await filesWith(fixture.folder, needles.texts)).not.toEqual([]);

    const receipt = await fixture.services.rights.forget(memberId);
    expect(receipt).toMatchObject({ memberId, platform: 'test', retrained: 1 });
    const expected = { MEMBER: 1, GENERATION: 4, CANDIDATE: 8, VERDICT: 4, VERDICT_OF_OTHERS: 1, STORAGE_ENTRY: 1 };
    for (const [kind, count] of Object.entries(expected))
      expect([kind, countOf(receipt.removed, kind)]).toEqual([kind, count]);
    expect(countOf(receipt.removed, 'IDEMPOTENCY_KEY')).toBe(8);
    expect(countOf(receipt.removed, 'ENCODER_VERSION_OF_OTHERS')).toBe(2);
    expect((await fixture.services.rights.remaining(memberId)).map(({ count }) => count)).not.toContain(1);
    expect(await fixture.services.members.byId(memberId)).toBeNull();
    expect(await fixture.services.generations.byId(generations[0].id)).toBeNull();
    expect(fixture.runtime.promptDrops).toBeGreaterThan(0);

    // The friend's encoder is what it would be had the two never met; nobody else's changed.
    await fixture.trained(friendId);
    const friendNow = (await fixture.services.members.byId(friendId))?.encoder;
    expect(friendNow).toMatchObject({ verdictCount: 1, pairCount: 1 });
    expect(await fixture.store.encoders.bytesOf(friendId, friendNow?.version as number)).toEqual(alone);
    expect(await fixture.services.members.versions(other.memberId, 10)).toHaveLength(1);

    expect((await cleaned(receipt))?.cleanUpBy).toEqual(receipt.forgottenAt);
    expect(await filesWith(fixture.folder, needles.texts)).toEqual([]);
    expect(await filesWith(fixture.folder, needles.vectors)).toEqual([]);
    expect(await filesWith(fixture.folder, learned)).toEqual([]);

    // Whoever asks again gets the same receipt; everything else is as after a restart.
    expect((await fixture.services.rights.forget(memberId)).id).toBe(receipt.id);
    await fixture.reopen();
    expect(await fixture.services.rights.receipt(receipt.id)).toMatchObject({ memberId, retrained: 1 });
    expect(await filesWith(fixture.folder, [...needles.texts, ...needles.vectors])).toEqual([]);
  });

  it('ends what is being written for them, and stores nothing of it', async () => {
    const name = `dora-${randomUUID()}`;
    let go = () => {};
    fixture.runtime.holdDecoding = new Promise((resolve) => {
      go = resolve;
    });
    const running = await start(name);
    const waiting = await start(name, { candidateCount: 4 });
    const told = [running, waiting].flatMap(({ events, finished }) => [finished, lastOf(events)]);
    const [, receipt] = await Promise.all([Promise.allSettled(told), fixture.services.rights.forget(running.memberId)]);
    go();
    fixture.runtime.holdDecoding = undefined;
    for (const end of told) {
      await expect(end).rejects.toMatchObject({
        name: 'PalateError',
        code: 'CANCELLED',
        message: 'The member was forgotten while the reply was being written.',
      });
    }
    expect(countOf(receipt.removed, 'GENERATION')).toBe(0);
    expect(await fixture.services.generations.byId(running.id)).toBeNull();
    expect(await fixture.services.members.byId(running.memberId)).toBeNull();
    // Whoever writes again is somebody new.
    const anew = await generate(name);
    expect(anew.memberId).not.toBe(running.memberId);
  });

  it('answers votes on their generations as on any that never was', async () => {
    const generation = await generate(`eve-${randomUUID()}`);
    await choose(generation, 'somebody', 'a vote before');
    await fixture.services.rights.forget(generation.memberId);
    await expect(choose(generation)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(choose(generation, 'somebody', 'a vote before')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(fixture.services.rights.forget(randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(fixture.services.rights.forget('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await fixture.services.rights.receipt(randomUUID())).toBeNull();
  });

  it('finishes at the next start what a process did not get to', async () => {
    const late = await openServicesFixture({ embedded: true, rights: { cleanUpMinutes: 1_000 } });
    try {
      const name = `fay-${randomUUID()}`;
      const started = await late.services.generations.start({
        member: { platform: 'test', externalId: name },
        prompt: name,
      });
      const { memberId } = await started.finished;
      const receipt = await late.services.rights.forget(memberId);
      expect(receipt.cleanUpBy.getTime() - receipt.forgottenAt.getTime()).toBe(1_000 * 60_000);
      expect(await filesWith(late.folder, [Buffer.from(name)])).not.toEqual([]);
      await late.reopen();
      expect((await late.services.rights.receipt(receipt.id))?.cleanedAt).toBeInstanceOf(Date);
      expect(await filesWith(late.folder, [Buffer.from(name)])).toEqual([]);
    } finally {
      await late.close();
    }
  });

  it('knows every table that holds something of a member', async () => {
    const sql = (await readMigrations()).map((migration) => migration.sql).join('\n');
    const tables = [...sql.matchAll(/CREATE TABLE "(\w+)" \(([\s\S]*?)\n\);/g)];
    const withMember = tables.filter(([, , body]) => body.includes('"member_id"')).map(([, table]) => table);
    // The receipt itself holds nothing but the id.
    expect(withMember.filter((table) => table !== 'deletion_receipts' && !TABLES_OF_MEMBERS.includes(table))).toEqual(
      [],
    );
    expect(withMember.length).toBeGreaterThan(6);
  });
});
