import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Generation } from '../../src/contract/generated/types.js';
import { decodeEncoder } from '../../src/learning/encoder.js';
import { readTaste, tasteSigner } from '../../src/services/members/taste-file.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from './fixture.js';

const elsewhere = tasteSigner(new Uint8Array(32).fill(3));
const trusted = tasteSigner(new Uint8Array(32).fill(4));

describe('tastes that members take along', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture({ rights: { trustedTasteKeys: [trusted.publicKey] } });
  });
  afterAll(() => fixture.close());

  const ask = async (externalId: string, prompt = 'Say hello.'): Promise<Generation> => {
    const input = { member: { platform: 'test', externalId }, prompt, maxTokens: 8 };
    return (await fixture.services.generations.start(input)).finished;
  };
  const choose = async (generation: Generation, index = 0) => {
    const [verdict, chosenCandidateId] = ['CHOSEN' as const, generation.candidates[index].id];
    const result = await fixture.services.preferences.submit({
      generationId: generation.id,
      verdict,
      chosenCandidateId,
    });
    await fixture.trained(generation.memberId);
    return result;
  };
  const encoderOf = async (memberId: string) => {
    const view = (await fixture.services.members.byId(memberId))?.encoder;
    const bytes = view && (await fixture.store.encoders.bytesOf(memberId, view.version));
    return { view, encoder: bytes ? decodeEncoder(bytes).encoder : undefined, bytes };
  };
  const learned = async () => {
    const first = await ask(randomUUID());
    await choose(first, 1);
    return first.memberId;
  };

  it('serve another member as they were, and are what verdicts change from there', async () => {
    const from = await learned();
    const taste = await fixture.services.tastes.export(from);
    expect(taste).toMatchObject({ version: 1, checkpoint: tinyCheckpoint().digest });
    const theirs = await encoderOf(from);
    const generation = await ask(randomUUID());
    const to = generation.memberId;
    await fixture.services.tastes.import(to, taste.data);
    await fixture.trained(to);
    const imported = await encoderOf(to);
    expect(imported.view).toMatchObject({ version: 1, capacity: 'BIAS', verdictCount: 0, pairCount: 0 });
    expect(imported.bytes).toEqual(theirs.bytes);
    const next = await ask((await fixture.services.members.byId(to))?.externalId as string, 'Next?');
    expect(next.encoderVersion).toBe(1);

    const { feedback } = await choose(generation, 0);
    const moved = await encoderOf(to);
    expect(moved.view).toMatchObject({ version: 2, verdictCount: 1 });
    expect(moved.encoder?.mean).not.toEqual(theirs.encoder?.mean);
    // The same verdict without the taste leads somewhere else.
    await fixture.services.rights.rollback(to, 0);
    await fixture.trained(to);
    await choose(generation, 0);
    expect((await encoderOf(to)).encoder?.mean).not.toEqual(moved.encoder?.mean);
    // Going forward to the version with both brings the taste back.
    await fixture.services.rights.rollback(to, 1);
    await fixture.trained(to);
    expect((await encoderOf(to)).bytes).toEqual(theirs.bytes);
    await choose(generation, 0);
    expect((await encoderOf(to)).bytes).toEqual(moved.bytes);
    await fixture.services.preferences.withdraw(feedback.id);
    await fixture.trained(to);
    expect((await encoderOf(to)).bytes).toEqual(theirs.bytes);
  });

  it('survive a restart, and mean nothing behind another checkpoint', async () => {
    const { data } = await fixture.services.tastes.export(await learned());
    const { memberId } = await ask(randomUUID());
    await fixture.services.tastes.import(memberId, data);
    await fixture.trained(memberId);
    const before = await encoderOf(memberId);
    await fixture.reopen();
    expect(await encoderOf(memberId)).toEqual(before);
    await fixture.reopen(tinyCheckpoint('another'));
    await fixture.trained(memberId);
    expect((await encoderOf(memberId)).view).toMatchObject({ capacity: 'PRIOR', verdictCount: 0 });
    await expect(fixture.services.tastes.import(memberId, data)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('checkpoint'),
    });
    await fixture.reopen(null);
    await expect(fixture.services.tastes.export(memberId)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    await fixture.reopen();
    await fixture.trained(memberId);
    expect((await encoderOf(memberId)).bytes).toEqual(before.bytes);
  });

  it('are taken from this installation and from those that are trusted', async () => {
    const from = await learned();
    const { data } = await fixture.services.tastes.export(from);
    const content = readTaste(data);
    const strange = elsewhere.sign(content, new Date());
    await expect(fixture.services.tastes.import(from, strange)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(elsewhere.publicKey),
    });
    await fixture.services.tastes.import(from, trusted.sign(content, new Date()));
    await fixture.trained(from);
    const model = trusted.sign({ ...content, model: 'ef'.repeat(32) }, new Date());
    await expect(fixture.services.tastes.import(from, model)).rejects.toMatchObject({
      message: expect.stringContaining('another language model'),
    });
    await expect(fixture.services.tastes.import(from, 'x'.repeat(20_000))).rejects.toMatchObject({
      message: expect.stringContaining('20000'),
    });
    await expect(fixture.services.tastes.import(randomUUID(), data)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are none where nothing is learned', async () => {
    const { memberId } = await ask(randomUUID());
    await expect(fixture.services.tastes.export(memberId)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(fixture.services.tastes.export('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
