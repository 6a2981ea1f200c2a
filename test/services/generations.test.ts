import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import type { Candidate, CandidateDelta, GenerateInput, Generation } from '../../src/contract/generated/types.js';
import type { StartedGeneration } from '../../src/services/services.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from './fixture.js';

const asker = () => ({ platform: 'test', externalId: randomUUID() });

async function deltasOf({ events }: StartedGeneration): Promise<CandidateDelta[]> {
  const deltas: CandidateDelta[] = [];
  for await (const event of events) if ('text' in event) deltas.push(event);
  return deltas;
}

describe('generations', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture({ limits: { pickUpSeconds: 1 } });
  });
  afterAll(() => fixture.close());

  const generate = async (input: Partial<GenerateInput> = {}): Promise<Generation> => {
    const started = await fixture.services.generations.start({
      member: asker(),
      prompt: 'Say hello.',
      maxTokens: 8,
      ...input,
    });
    return started.finished;
  };
  const rolesOf = ({ candidates }: Generation) => candidates.map(({ role }: Candidate) => role).sort();

  it('stream what they store', async () => {
    const started = await fixture.services.generations.start({ member: asker(), prompt: 'Say hello.', maxTokens: 8 });
    const texts = new Map(started.candidates.map(({ id }) => [id, '']));
    for (const { candidateId, text } of await deltasOf(started)) texts.set(candidateId, texts.get(candidateId) + text);
    const view = await started.finished;
    expect(view.candidates.map(({ id, index }) => ({ id, index }))).toEqual(started.candidates);
    expect(view.candidates.map(({ id, text, tokens, finishReason }) => [text, tokens, finishReason, id])).toEqual(
      started.candidates.map(({ id }) => [texts.get(id), 8, 'LENGTH', id]),
    );
    expect(texts.get(started.candidates[0].id)).toMatch(/^[a-z]{8}$/);
    expect(await fixture.services.generations.byId(view.id)).toEqual(view);
    expect(view).toMatchObject({ prompt: 'Say hello.', encoderVersion: 0, model: 'Tiny' });
  });

  it('make an unknown member, who has the prior', async () => {
    const member = asker();
    expect(await fixture.services.members.byRef(member)).toBeNull();
    const { memberId } = await generate({ member });
    expect(await fixture.services.members.byRef(member)).toMatchObject({
      id: memberId,
      scope: '',
      consent: { learn: 'UNASKED', community: false },
      encoder: { version: 0, capacity: 'PRIOR', verdictCount: 0 },
      winRate: { wins: 0, losses: 0, ties: 0, rate: null },
    });
  });

  it('give a member at version 0 the bare model and prior draws', async () => {
    expect(rolesOf(await generate())).toEqual(['BASE', 'EXPLORE']);
    expect(rolesOf(await generate({ candidateCount: 4 }))).toEqual(['BASE', 'BASE', 'EXPLORE', 'EXPLORE']);
    expect(rolesOf(await generate({ explore: false }))).toEqual(['BASE', 'BASE']);
    expect(rolesOf(await generate({ personalized: false }))).toEqual(['BASE', 'BASE']);
    const [request] = fixture.runtime.requests.slice(-1);
    expect(request.rows.every(({ latent }) => latent === null)).toBe(true);
  });

  it('repeat themselves for the same seed, and hide roles in the order', async () => {
    const member = asker();
    const texts = async (seed: number) => (await generate({ member, seed })).candidates.map(({ text }) => text);
    expect(await texts(7)).toEqual(await texts(7));
    expect(await texts(7)).not.toEqual(await texts(8));
    const first = new Set<string | null>();
    for (let seed = 0; seed < 20; seed++) first.add((await generate({ seed })).candidates[0].role);
    expect(first).toEqual(new Set(['BASE', 'EXPLORE']));
  });

  it('scale latents by the strength', async () => {
    const member = asker();
    const latents = async (strength: number) => {
      await generate({ member, seed: 3, strength });
      return fixture.runtime.requests.at(-1)?.rows.flatMap(({ latent }) => (latent ? [...latent] : []));
    };
    const full = (await latents(1)) as number[];
    expect(full).toHaveLength(8);
    expect((await latents(0.5))?.map((value) => value * 2)).toEqual(full);
  });

  it('put system, history and prompt into the template', async () => {
    await generate({
      system: 'Be kind.',
      history: [
        { role: 'USER', content: 'Hi' },
        { role: 'ASSISTANT', content: 'Hello' },
      ],
      prompt: 'Bye',
    });
    const [{ promptIds, lastUserTurn }] = fixture.runtime.requests.slice(-1);
    expect(promptIds.length).toBeGreaterThan(20);
    expect(lastUserTurn[1]).toBeLessThan(promptIds.length);
    expect(lastUserTurn[1] - lastUserTurn[0]).toBe(3);
  });

  it('are not read for their features where they were cancelled before a word was written', async () => {
    const before = fixture.runtime.reads;
    const input = { member: asker(), prompt: 'Say hello.', maxTokens: 8 };
    const { id } = await fixture.services.generations.start(input);
    const { candidates } = await fixture.services.generations.cancel(id);
    expect(candidates.map(({ text, finishReason }) => text + finishReason)).toEqual(['CANCELLED', 'CANCELLED']);
    await generate();
    await expect.poll(() => fixture.runtime.reads).toBe(before + 1);
  });

  it('keep the text so far when they are cancelled', async () => {
    let release = () => {};
    fixture.runtime.holdDecoding = new Promise((resolve) => {
      release = resolve;
    });
    const started = await fixture.services.generations.start({ member: asker(), prompt: 'Say hello.' });
    let read = 0;
    for await (const _ of started.events) if (++read === 2) break;
    expect(await fixture.services.generations.byId(started.id)).toBeNull();
    await expect(
      fixture.services.preferences.submit({ generationId: started.id, verdict: 'TIE' }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
    const view = await fixture.services.generations.cancel(started.id);
    expect(view.candidates.map(({ text, tokens, finishReason }) => [text.length, tokens, finishReason])).toEqual([
      [1, 1, 'CANCELLED'],
      [1, 1, 'CANCELLED'],
    ]);
    expect(await started.finished).toEqual(view);
    expect(await fixture.services.generations.cancel(started.id)).toEqual(view);
    fixture.runtime.holdDecoding = undefined;
    release();
  });

  it('end when their reader leaves, but not while another still waits for the same key', async () => {
    fixture.runtime.holdDecoding = new Promise(() => {});
    const leave = [new AbortController(), new AbortController()];
    const input = { member: asker(), prompt: 'Say hello.', key: randomUUID() };
    const [first, second] = await Promise.all(
      leave.map(({ signal }) => fixture.services.generations.start(input, signal)),
    );
    expect(second.id).toBe(first.id);
    for await (const _ of first.events) break;
    leave[0].abort();
    const early = await Promise.race([first.finished, new Promise((resolve) => setTimeout(resolve, 50, 'running'))]);
    expect(early).toBe('running');
    leave[1].abort();
    expect((await first.finished).candidates[0].finishReason).toBe('CANCELLED');
    fixture.runtime.holdDecoding = undefined;
  });

  it('end at once when their reader leaves and no key was given to pick them up by', async () => {
    fixture.runtime.holdDecoding = new Promise(() => {});
    const leave = new AbortController();
    const started = await fixture.services.generations.start({ member: asker(), prompt: 'Say hello.' }, leave.signal);
    for await (const _ of started.events) break;
    leave.abort();
    expect((await started.finished).candidates[0].finishReason).toBe('CANCELLED');
    fixture.runtime.holdDecoding = undefined;
  });

  it('give their places up at once, and make nobody a member, when their readers leave before they are planned', async () => {
    const input = { member: asker(), prompt: 'Say hello.', keyOwner: 'a bot' };
    const { runningPerMember, waitingPerMember } = DEFAULT_LIMITS;
    const leave = Array.from({ length: runningPerMember + waitingPerMember }, () => new AbortController());
    const left = leave.map(({ signal }) => fixture.services.generations.start(input, signal));
    await expect(fixture.services.generations.start(input)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    for (const reader of leave) reader.abort();
    const stays = fixture.services.generations.start(input, new AbortController().signal);
    for (const started of await Promise.allSettled(left)) {
      expect(started).toMatchObject({ status: 'rejected', reason: { name: 'PalateError', code: 'CANCELLED' } });
    }
    expect(leave.flatMap(({ signal }) => getEventListeners(signal, 'abort'))).toEqual([]);
    expect((await (await stays).finished).candidates[0].finishReason).toBe('LENGTH');
    const gone = asker();
    await expect(
      fixture.services.generations.start({ member: gone, prompt: 'Say hello.' }, AbortSignal.abort()),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await fixture.services.members.byRef(gone)).toBeNull();
  });

  it('go on for whoever comes back with the same key', async () => {
    let release = () => {};
    fixture.runtime.holdDecoding = new Promise((resolve) => {
      release = resolve;
    });
    const leave = new AbortController();
    const input = { member: asker(), prompt: 'Say hello.', key: randomUUID() };
    const first = await fixture.services.generations.start(input, leave.signal);
    for await (const _ of first.events) break;
    leave.abort();
    const again = await fixture.services.generations.start(input, new AbortController().signal);
    expect(again.id).toBe(first.id);
    fixture.runtime.holdDecoding = undefined;
    release();
    const view = await again.finished;
    expect(view.candidates.map(({ finishReason }) => finishReason)).not.toContain('CANCELLED');
    const deltas = await deltasOf(again);
    const texts = view.candidates.map(({ id }) =>
      deltas.flatMap((delta) => (delta.candidateId === id ? [delta.text] : [])).join(''),
    );
    expect(texts).toEqual(view.candidates.map(({ text }) => text));
  });

  it('leave nothing behind on a signal that outlives them', async () => {
    const connection = new AbortController();
    for (let i = 0; i < 3; i++) {
      const started = await fixture.services.generations.start(
        { member: asker(), prompt: 'Say hello.', maxTokens: 2 },
        connection.signal,
      );
      expect(getEventListeners(connection.signal, 'abort')).toHaveLength(1);
      await started.finished;
      await turn();
      expect(getEventListeners(connection.signal, 'abort')).toHaveLength(0);
    }
  });

  it('answer a repeated key alike, and refuse it for another input', async () => {
    const input = { member: asker(), prompt: 'Say hello.', maxTokens: 8, key: randomUUID() };
    const [first, joined] = await Promise.all([generate(input), generate({ ...input, candidateCount: null })]);
    expect(joined).toEqual(first);
    const count = fixture.runtime.requests.length;
    const again = await fixture.services.generations.start({ ...input, candidateCount: 2 });
    expect(await again.finished).toEqual(first);
    expect(await deltasOf(again)).toEqual(first.candidates.map(({ id, text }) => ({ candidateId: id, text })));
    expect(fixture.runtime.requests).toHaveLength(count);
    await expect(generate({ ...input, prompt: 'Say bye.' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(generate({ ...input, seed: 1 })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it.each<[string, Partial<GenerateInput>, string]>([
    ['an empty prompt', { prompt: ' \n' }, 'prompt is empty'],
    ['too many candidates', { candidateCount: 9 }, 'from 1 to 8'],
    ['no candidates', { candidateCount: 0 }, 'from 1 to 8'],
    ['half a candidate', { candidateCount: 1.5 }, 'whole number'],
    ['too many tokens', { maxTokens: 100_000 }, 'maxTokens'],
    ['a hot temperature', { temperature: 3 }, 'from 0 to 2'],
    ['no nucleus', { topP: 0 }, 'topP'],
    ['more than the likeliest', { minP: 1.5 }, 'minP'],
    ['too much against repeating', { dryMultiplier: 6 }, 'dryMultiplier'],
    ['too strong a taste', { strength: 2 }, 'from 0 to 1.5'],
    ['not a number', { temperature: Number.NaN }, 'temperature is NaN'],
    ['no platform', { member: { platform: '', externalId: 'x' } }, 'member.platform'],
    ['an empty key', { key: '' }, 'key must have'],
  ])('refuse %s', async (_, input, message) => {
    await expect(generate(input)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, Partial<GenerateInput>]>([
    ['prompt', { prompt: 'x'.repeat(8_001) }],
    ['system', { system: 'x'.repeat(4_001) }],
  ])('refuse a %s with more characters than are allowed', async (name, input) => {
    await expect(generate(input)).rejects.toMatchObject({
      code: 'TOO_LONG',
      message: expect.stringMatching(new RegExp(`^${name} has (8001|4001) characters; (8000|4000) are allowed`)),
    });
  });

  it('turn callers away while the model is not there', async () => {
    fixture.runtime.change({ ready: false });
    await expect(generate()).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    fixture.runtime.change({ ready: true });
    expect(await fixture.services.generations.byId('nothing')).toBeNull();
    await expect(fixture.services.generations.cancel(randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tell their watchers of the pool', async () => {
    const stop = new AbortController();
    const events = fixture.services.pool.watch(stop.signal)[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({
      ready: true,
      personalised: true,
      checkpointDigest: tinyCheckpoint().digest,
      busySlots: 0,
    });
    fixture.runtime.change({ busySlots: 3 });
    expect((await events.next()).value).toMatchObject({ busySlots: 3, trainingQueued: 0, trainingRunning: 0 });
    fixture.runtime.change({ busySlots: 0 });
    await events.next();
    stop.abort();
    expect(await events.next()).toMatchObject({ done: true });
  });
});

describe('generations without a checkpoint', () => {
  it('are all the bare model’s; verdicts are kept and train once there is one', async () => {
    const fixture = await openServicesFixture({ checkpoint: null });
    try {
      const started = await fixture.services.generations.start({ member: asker(), prompt: 'Say hello.', maxTokens: 4 });
      const generation = await started.finished;
      expect(generation.candidates.map(({ role }) => role)).toEqual(['BASE', 'BASE']);
      const vote = {
        generationId: generation.id,
        verdict: 'CHOSEN' as const,
        chosenCandidateId: generation.candidates[0].id,
      };
      expect(await fixture.services.preferences.submit(vote)).toMatchObject({
        trainingJob: null,
        pairs: [{ weight: 1 }],
      });
      await expect(fixture.services.training.train(generation.memberId)).rejects.toMatchObject({
        code: 'MODEL_UNAVAILABLE',
      });
      expect(fixture.services.pool.status()).toMatchObject({ personalised: false, checkpointDigest: null });
      expect(fixture.runtime.reads).toBe(0);
      await fixture.reopen();
      expect(await fixture.trained(generation.memberId)).toMatchObject({
        status: 'SUCCEEDED',
        encoderVersion: 1,
        pairCount: 1,
      });
    } finally {
      await fixture.close();
    }
  });
});

describe('a service that stops', () => {
  it('does not wait for features that are still being read', async () => {
    const fixture = await openServicesFixture();
    fixture.runtime.holdReading = new Promise(() => {});
    const input = { member: asker(), prompt: 'Say hello.', maxTokens: 2 };
    await (await fixture.services.generations.start(input)).finished;
    await expect.poll(() => fixture.runtime.reads).toBe(1);
    await fixture.close();
  });
});
