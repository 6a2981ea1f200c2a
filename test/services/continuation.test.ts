/** Going on with a reply that reached its length: the same latent, all that is written so far, and nobody else's. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Candidate, GenerateInput, Generation } from '../../src/contract/generated/types.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from './fixture.js';

const asker = () => ({ platform: 'test', externalId: randomUUID() });

describe('a reply that reached its length', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture();
  });
  afterEach(() => {
    fixture.runtime.holdDecoding = undefined;
  });
  afterAll(() => fixture.close());

  const generate = async (input: Partial<GenerateInput> & Pick<GenerateInput, 'member'>): Promise<Generation> => {
    const started = await fixture.services.generations.start({ prompt: 'Say hello.', maxTokens: 8, seed: 5, ...input });
    return started.finished;
  };
  const lastRow = () => {
    const row = fixture.runtime.requests.at(-1)?.rows;
    if (row?.length !== 1) throw new Error('The last request was not for one reply.');
    return row[0];
  };
  const exploring = ({ candidates }: Generation) => candidates.find(({ role }) => role === 'EXPLORE') as Candidate;
  const latentOf = (generation: Generation) =>
    fixture.runtime.requests.at(-1)?.rows[exploring(generation).index].latent as Float32Array;
  const tokensOf = async (generationId: string, index = 0) =>
    (await fixture.store.generations.byId(generationId))?.candidates[index].tokenIds;

  it('goes on behind the same latent and what is written, as one candidate of the same role', async () => {
    const member = asker();
    const first = await generate({ member, strength: 0.5 });
    const candidate = exploring(first);
    const latent = latentOf(first);
    const next = await generate({ member, continues: candidate.id, candidateCount: 4, strength: 1.5, explore: false });
    expect(next.candidates).toMatchObject([{ role: 'EXPLORE', index: 0, tokens: 8, finishReason: 'LENGTH' }]);
    expect(lastRow().latent).toEqual(latent);
    expect(lastRow().written).toEqual(await tokensOf(first.id, candidate.index));
    // A continuation of it reads all that came before.
    const last = await generate({ member, continues: next.candidates[0].id, seed: 9 });
    expect(lastRow().latent).toEqual(latent);
    expect(lastRow().written).toEqual([
      ...((await tokensOf(first.id, candidate.index)) as number[]),
      ...((await tokensOf(next.id)) as number[]),
    ]);
    expect(last.candidates[0].text).toHaveLength(8);
    expect(await fixture.services.generations.byId(last.id)).toEqual(last);
  });

  it('of the bare model goes on without any latent, and streams only what is new', async () => {
    const member = asker();
    const [first] = (await generate({ member, personalized: false, candidateCount: 1 })).candidates;
    const started = await fixture.services.generations.start({
      member,
      prompt: 'Say hello.',
      maxTokens: 4,
      continues: first.id,
    });
    let text = '';
    for await (const event of started.events) if ('text' in event) text += event.text;
    const { candidates } = await started.finished;
    expect(candidates.map((candidate) => [candidate.text, candidate.role])).toEqual([[text, 'BASE']]);
    expect(text).toHaveLength(4);
    expect(lastRow().latent).toBeNull();
  });

  it('that was cut inside a character goes on with the whole of it', async () => {
    const member = asker();
    // The tiny tokenizer has a token a byte.
    const bytes = [...Buffer.from('aé漢b')].map((byte) => 3 + byte);
    const texts: string[] = [];
    let continues: string | undefined;
    for (const [start, end] of [
      [0, 2],
      [2, 5],
      [5, 7],
    ]) {
      fixture.runtime.says = bytes.slice(start, end);
      const [candidate] = (await generate({ member, candidateCount: 1, maxTokens: end - start, continues })).candidates;
      texts.push(candidate.text);
      continues = candidate.id;
    }
    fixture.runtime.says = undefined;
    expect(texts).toEqual(['a', 'é', '漢b']);
  });

  it('is judged like any single reply, and read with what came before', async () => {
    const member = asker();
    const first = await generate({ member });
    const next = await generate({ member, continues: exploring(first).id });
    const { feedback } = await fixture.services.preferences.submit({ generationId: next.id, verdict: 'GOOD' });
    expect(feedback).toMatchObject({ verdict: 'GOOD', state: 'ACTIVE', chosen: { id: next.candidates[0].id } });
    expect(await fixture.trained(next.memberId)).toMatchObject({ status: 'SUCCEEDED', pairCount: 1 });
  });

  it('keeps its key, and another input with the key is refused', async () => {
    const member = asker();
    const first = await generate({ member });
    const key = randomUUID();
    const next = await generate({ member, continues: exploring(first).id, key });
    expect(await generate({ member, continues: exploring(first).id, key })).toEqual(next);
    await expect(generate({ member, key })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is not there for another member, nor before it is complete', async () => {
    const first = await generate({ member: asker() });
    const [{ id }] = first.candidates;
    await generate({ member: { platform: 'test', externalId: 'somebody' } });
    for (const externalId of ['somebody', randomUUID()]) {
      await expect(generate({ member: { platform: 'test', externalId }, continues: id })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    }
    for (const continues of ['nothing', randomUUID()]) {
      await expect(generate({ member: asker(), continues })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('makes nobody a member who has nothing to go on with', async () => {
    const member = asker();
    await expect(generate({ member, continues: randomUUID() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await fixture.services.members.byRef(member)).toBeNull();
  });

  it('that was cancelled does not go on', async () => {
    const member = asker();
    fixture.runtime.holdDecoding = new Promise(() => {});
    const started = await fixture.services.generations.start({ member, prompt: 'Say hello.', maxTokens: 8 });
    for await (const _ of started.events) break;
    const { candidates } = await fixture.services.generations.cancel(started.id);
    fixture.runtime.holdDecoding = undefined;
    await expect(generate({ member, continues: candidates[0].id })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('CANCELLED'),
    });
  });

  it('that fills the context does not go on', async () => {
    const member = asker();
    let [{ id }] = (await generate({ member, personalized: false, candidateCount: 1, maxTokens: 200 })).candidates;
    const grow = async () => {
      for (;;) [{ id }] = (await generate({ member, continues: id, maxTokens: 200 })).candidates;
    };
    await expect(grow()).rejects.toMatchObject({ code: 'TOO_LONG' });
    expect((lastRow().written?.length ?? 0) + 4).toBeLessThan(512);
  });

  it('goes on under its model and checkpoint only, and as long as its text is kept', async () => {
    const member = asker();
    const first = await generate({ member });
    const bare = first.candidates.find(({ role }) => role === 'BASE') as Candidate;
    fixture.runtime.change({ modelDigest: 'cd'.repeat(32) });
    await expect(generate({ member, continues: bare.id })).rejects.toMatchObject({ code: 'CONFLICT' });
    await fixture.reopen(tinyCheckpoint('another'));
    await expect(generate({ member, continues: exploring(first).id })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('another checkpoint'),
    });
    await generate({ member, continues: bare.id });
    await fixture.reopen();
    await generate({ member, continues: exploring(first).id });
    await fixture.store.cleanUp.expireTexts(new Date(Date.now() + 60_000), 1_000);
    await expect(generate({ member, continues: exploring(first).id })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('erased'),
    });
    expect(await fixture.store.generations.continuable(exploring(first).id)).toMatchObject({
      written: [],
      latent: null,
    });
  });
});
