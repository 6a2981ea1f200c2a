/** Texts come back from either engine as they were given: read by Prisma, read as rows, and looked up. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ENGINES, storeOn } from './engines.js';

const TEXTS = ['\ufeffpasted', '\ufeff', 'a\ufeff', '\ufeff\ufeffb', '\ufffe', 'e\u0301', '\u202e', ' '];

describe.each(ENGINES)('a text in the store on %s', (engine) => {
  const temporary = storeOn(engine);

  it.each(TEXTS.map((text) => [JSON.stringify(text), text]))('%s comes back as it is', async (_, text) => {
    const { members, generations, storage } = temporary.store;
    const identity = { platform: 'texts', externalId: text, scope: text };
    const member = await members.ensure(identity);
    expect(await members.byIdentity(identity)).toMatchObject({ id: member.id, externalId: text, scope: text });
    expect(await members.byIdentity({ ...identity, externalId: `${text}.` })).toBeNull();

    expect(await members.byId(member.id)).toMatchObject({ externalId: text, scope: text });

    const candidate = { id: randomUUID(), index: 0, text, tokenIds: [1], finishReason: 'STOP' as const };
    const { id } = await generations.add({
      id: randomUUID(),
      memberId: member.id,
      prompt: text,
      encoderVersion: 0,
      model: 'tiny',
      modelDigest: 'model',
      source: null,
      candidates: [{ ...candidate, role: 'BASE', written: [], latent: null }],
    });
    expect(await generations.byId(id)).toMatchObject({ prompt: text, candidates: [{ text }] });

    await storage.set('bot', text, text, null);
    expect(await storage.list('bot', text, 10, '')).toContainEqual({ key: text, value: text });
    expect(await storage.delete('bot', text)).toBe(true);
  });

  it('is another one with a byte order mark before it', async () => {
    const { members } = temporary.store;
    const [plain, marked] = await Promise.all(
      ['ada', '\ufeffada'].map((externalId) => members.ensure({ platform: 'texts', externalId, scope: '' })),
    );
    expect(marked.id).not.toBe(plain.id);
  });
});
