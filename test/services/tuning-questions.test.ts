/** A tuning round's questions: out of the bank that comes with the product, and written where there is none. */
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/learning/checkpoint.js';
import { bankPath, decodeBank } from '../../src/learning/tuning/bank.js';
import { TUNING_PROMPTS } from '../../src/learning/tuning/prompts.js';
import { openServicesFixture, type ServicesFixture } from './fixture.js';

const CHECKPOINT = 'models/smollm2-135m-instruct.clap.safetensors';
const checkpoint = await readCheckpoint(CHECKPOINT);
const bank = decodeBank(await readFile(bankPath(CHECKPOINT), 'utf8'), 'bank', checkpoint.projectedSize);

const member = { platform: 'test', externalId: 'ada' };
let fixture: ServicesFixture;
afterEach(() => fixture.close());

/** The question's replies by their tokens, whatever became of their texts. */
const repliesOf = (prompt: string) => bank.questions.find((question) => question.prompt === prompt)?.replies ?? [];

describe('with a bank', () => {
  it('are ten of ten, four different replies each, with nothing decoded or read and no slot free', async () => {
    fixture = await openServicesFixture({ checkpoint, bank });
    const { services, runtime, store } = fixture;
    runtime.change({ busySlots: runtime.current.slots, queued: 100 });
    const prompts = [];
    expect(services.tuning.decodes).toBe(false);
    for (let question = 0; question < TUNING_PROMPTS.length; question++) {
      const generation = await services.tuning.ask({ member });
      prompts.push(generation.prompt);
      const texts = generation.candidates.map(({ text }) => text);
      expect(new Set(texts).size).toBe(4);
      expect(repliesOf(generation.prompt).map(({ text }) => text)).toEqual(expect.arrayContaining(texts));
      expect(generation).toMatchObject({ encoderVersion: 0, model: 'Tiny' });
      expect(generation.candidates.map(({ index, role }) => ({ index, role }))).toEqual(
        [0, 1, 2, 3].map((index) => ({ index, role: 'BASE' })),
      );
      const digests = { model: checkpoint.modelDigest, checkpoint: checkpoint.digest };
      expect(await store.generations.withoutFeatures(digests, 10)).toEqual([]);
      await services.preferences.submit({
        generationId: generation.id,
        verdict: 'CHOSEN',
        chosenCandidateId: generation.candidates[question % 4].id,
      });
    }
    expect(prompts.toSorted()).toEqual(TUNING_PROMPTS.toSorted());
    const { id } = (await services.members.byRef(member)) ?? { id: '' };
    expect(await fixture.trained(id)).toMatchObject({ pairCount: 30 });
    expect((await services.generations.list(id, 20)).totalCount).toBe(10);
    expect(await services.members.winRates(id)).toEqual([]);
    expect(runtime.requests).toEqual([]);
    expect(runtime.reads).toBe(0);
  });

  it('come a second time with replies that were not shown', async () => {
    fixture = await openServicesFixture({ checkpoint, bank });
    const shown = new Map<string, string[]>();
    for (let question = 0; question < 3 * TUNING_PROMPTS.length; question++) {
      const { prompt, candidates } = await fixture.services.tuning.ask({ member });
      shown.set(prompt, [...(shown.get(prompt) ?? []), ...candidates.map(({ text }) => text)]);
    }
    for (const [prompt, texts] of shown) {
      expect(texts.toSorted()).toEqual(
        repliesOf(prompt)
          .map(({ text }) => text)
          .toSorted(),
      );
    }
  });

  it('follow the votes, each at once', async () => {
    fixture = await openServicesFixture({ checkpoint, bank });
    const round = async (externalId: string, place: number) => {
      const texts = [];
      for (let question = 0; question < 4; question++) {
        const { id, candidates } = await fixture.services.tuning.ask({ member: { ...member, externalId } });
        const inOrder = candidates.toSorted((a, b) => (a.text < b.text ? -1 : 1));
        texts.push(inOrder.map(({ text }) => text).join());
        await fixture.services.preferences.submit({
          generationId: id,
          verdict: 'CHOSEN',
          chosenCandidateId: inOrder[place].id,
        });
      }
      return texts;
    };
    const [first, same, other] = [await round('one', 0), await round('two', 0), await round('three', 3)];
    expect(same).toEqual(first);
    expect(other[0]).toBe(first[0]);
    expect(other).not.toEqual(first);
  });

  it('are the same again for the same key, and refused for another member’s', async () => {
    fixture = await openServicesFixture({ checkpoint, bank });
    const { tuning } = fixture.services;
    const [first, together] = await Promise.all([tuning.ask({ member, key: 'k' }), tuning.ask({ member, key: 'k' })]);
    expect(together).toEqual(first);
    expect(await tuning.ask({ member, key: 'k' })).toEqual(first);
    await expect(tuning.ask({ member: { ...member, externalId: 'bob' }, key: 'k' })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(tuning.ask({ member, key: '' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(tuning.ask({ member: { platform: 'X', externalId: 'a' } })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});

describe('without a bank', () => {
  it('are written by the model, each prompt before one comes again', async () => {
    fixture = await openServicesFixture();
    const { services, runtime } = fixture;
    const prompts = [];
    expect(services.tuning.decodes).toBe(true);
    for (let question = 0; question < TUNING_PROMPTS.length; question++) {
      const { prompt, candidates } = await services.tuning.ask({ member, key: `${question}` });
      expect(candidates).toHaveLength(4);
      prompts.push(prompt);
    }
    expect(prompts).toEqual(TUNING_PROMPTS);
    expect(runtime.requests.map(({ rows }) => rows.length)).toEqual(Array(10).fill(4));
    expect((await services.tuning.ask({ member, key: '3' })).prompt).toBe(TUNING_PROMPTS[3]);
    expect((await services.tuning.ask({ member })).prompt).toBe(TUNING_PROMPTS[0]);
  });
});
