import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GenerateInput, Generation, TrainingJob } from '../../src/contract/generated/types.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from './fixture.js';

const asker = () => ({ platform: 'test', externalId: randomUUID() });

describe('preferences', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture();
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
  const choose = (generation: Generation, index = 0, key?: string) =>
    fixture.services.preferences.submit({
      generationId: generation.id,
      verdict: 'CHOSEN',
      chosenCandidateId: generation.candidates[index].id,
      key,
    });
  const encoderBytes = async (memberId: string, version: number) =>
    Buffer.from((await fixture.store.encoders.bytesOf(memberId, version)) as Uint8Array).toString('hex');

  it('train an encoder that the next reply uses', async () => {
    const member = asker();
    const generation = await generate({ member, candidateCount: 4 });
    const result = await choose(generation, 2);
    const [, , chosen] = generation.candidates;
    expect(result.feedback).toMatchObject({
      verdict: 'CHOSEN',
      state: 'ACTIVE',
      memberId: generation.memberId,
      chosen,
    });
    expect(result.pairs.map(({ chosen, rejected, weight }) => [chosen.index, rejected.index, weight])).toEqual([
      [2, 0, 1 / Math.sqrt(3)],
      [2, 1, 1 / Math.sqrt(3)],
      [2, 3, 1 / Math.sqrt(3)],
    ]);
    expect(result.reveal).toEqual(generation.candidates.map(({ id, role }) => ({ candidateId: id, role })));
    expect(result.trainingJob).toMatchObject({ status: 'QUEUED', memberId: generation.memberId });
    expect(await fixture.trained(generation.memberId)).toMatchObject({
      id: result.trainingJob?.id,
      status: 'SUCCEEDED',
      encoderVersion: 1,
      pairCount: 3,
      error: null,
    });
    expect(await fixture.services.members.byId(generation.memberId)).toMatchObject({
      encoder: {
        version: 1,
        capacity: 'BIAS',
        verdictCount: 1,
        pairCount: 3,
      },
    });
    expect(await fixture.services.members.versions(generation.memberId, 10)).toMatchObject([
      { version: 1, accepted: true },
    ]);
    const next = await generate({ member, explore: false });
    expect(next).toMatchObject({ encoderVersion: 1, candidates: [{ role: 'PERSONAL' }, { role: 'PERSONAL' }] });
    const rows = fixture.runtime.requests.at(-1)?.rows;
    expect(rows?.every(({ latent }) => latent?.some((value) => value !== 0))).toBe(true);
    expect(rows?.[0].latent).not.toEqual(rows?.[1].latent);
    expect((await generate({ member, personalized: false })).encoderVersion).toBe(0);
  });

  it('make the same encoder of the same verdicts, whatever happened before', async () => {
    const member = asker();
    const generations = [await generate({ member, seed: 1 }), await generate({ member, seed: 2 })];
    const { memberId } = generations[0];
    await choose(generations[0], 0);
    await fixture.trained(memberId);
    await choose(generations[1], 1);
    await fixture.trained(memberId);
    const withdrawn = (await choose(generations[1], 0)).feedback;
    await fixture.trained(memberId);
    await fixture.services.preferences.withdraw(withdrawn.id);
    await fixture.trained(memberId);
    await choose(generations[1], 1);
    const last = await fixture.trained(memberId);
    expect(await encoderBytes(memberId, last.encoderVersion as number)).toBe(await encoderBytes(memberId, 2));
    expect(await encoderBytes(memberId, last.encoderVersion as number)).not.toBe(await encoderBytes(memberId, 1));
  });

  it('serve nothing once every verdict is withdrawn', async () => {
    const member = asker();
    const generation = await generate({ member });
    const { feedback } = await choose(generation);
    await fixture.trained(generation.memberId);
    const result = await fixture.services.preferences.withdraw(feedback.id);
    expect(result).toMatchObject({
      feedback: { id: feedback.id, state: 'WITHDRAWN' },
      trainingJob: { status: 'QUEUED' },
    });
    expect(await fixture.trained(generation.memberId)).toMatchObject({
      status: 'SUCCEEDED',
      encoderVersion: 2,
      pairCount: 0,
    });
    expect(await fixture.services.members.byId(generation.memberId)).toMatchObject({
      encoder: { version: 2, capacity: 'PRIOR', verdictCount: 0 },
    });
    expect((await generate({ member, explore: false })).candidates.map(({ role }) => role)).toEqual(['BASE', 'BASE']);
    expect(await fixture.services.preferences.withdraw(feedback.id)).toMatchObject({ trainingJob: null });
    await expect(fixture.services.preferences.withdraw(randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('learn from one good or bad reply against the prior', async () => {
    const means: number[][] = [];
    for (const verdict of ['GOOD', 'BAD'] as const) {
      const member = asker();
      const generation = await generate({ member, candidateCount: 1, seed: 5 });
      const result = await fixture.services.preferences.submit({ generationId: generation.id, verdict });
      expect(result).toMatchObject({ pairs: [], feedback: { chosen: { id: generation.candidates[0].id } } });
      expect(await fixture.trained(generation.memberId)).toMatchObject({ status: 'SUCCEEDED', pairCount: 1 });
      await generate({ member, candidateCount: 1, explore: false });
      const [{ rows }] = fixture.runtime.requests.slice(-1);
      means.push([...(rows[0].latent ?? [])]);
    }
    const dot = means[0].reduce((sum, value, i) => sum + value * means[1][i], 0);
    expect(dot).toBeLessThan(0);
  });

  it('keep ties and rejections without training', async () => {
    for (const verdict of ['TIE', 'ALL_BAD'] as const) {
      const generation = await generate();
      const result = await fixture.services.preferences.submit({ generationId: generation.id, verdict });
      expect(result).toMatchObject({
        trainingJob: null,
        pairs: [],
        feedback: { verdict, chosen: null, state: 'ACTIVE' },
      });
      expect(await fixture.services.preferences.forGeneration(generation.id)).toEqual(result.feedback);
    }
  });

  it('let somebody else vote, for their own taste', async () => {
    const generation = await generate();
    const member = asker();
    const { feedback } = await fixture.services.preferences.submit({
      generationId: generation.id,
      member,
      verdict: 'CHOSEN',
      chosenCandidateId: generation.candidates[1].id,
    });
    expect(feedback.memberId).not.toBe(generation.memberId);
    expect(await fixture.trained(feedback.memberId)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await fixture.services.preferences.forGeneration(generation.id)).toBeNull();
    expect(await fixture.services.preferences.forGeneration(generation.id, member)).toMatchObject({ id: feedback.id });
    expect(await fixture.services.preferences.list(feedback.memberId, 10)).toMatchObject({
      totalCount: 1,
      nodes: [{ id: feedback.id, chosen: { index: 1 } }],
    });
  });

  it('answer a repeated key alike, and refuse it for another input', async () => {
    const generation = await generate();
    const key = randomUUID();
    const [first, joined] = await Promise.all([choose(generation, 0, key), choose(generation, 0, key)]);
    const { trainingJob, ...answer } = first;
    expect(joined).toMatchObject({ ...answer, trainingJob: { id: trainingJob?.id } });
    await choose(generation, 1);
    expect(await choose(generation, 0, key)).toMatchObject({ ...answer, trainingJob: { id: trainingJob?.id } });
    expect(await fixture.services.preferences.forGeneration(generation.id)).toMatchObject({ chosen: { index: 1 } });
    await expect(choose(generation, 1, key)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('wait for the features of a reply that was judged at once', async () => {
    let release = () => {};
    fixture.runtime.holdReading = new Promise((resolve) => {
      release = resolve;
    });
    // What was asked before has been read by then.
    await delay(50);
    const before = fixture.runtime.reads;
    const generation = await generate();
    const { trainingJob } = await choose(generation);
    await delay(100);
    expect(await fixture.services.training.byId(trainingJob?.id as string)).toMatchObject({ status: 'RUNNING' });
    fixture.runtime.holdReading = undefined;
    release();
    expect(await fixture.trained(generation.memberId)).toMatchObject({ status: 'SUCCEEDED', pairCount: 1 });
    expect(fixture.runtime.reads).toBe(before + 1);
  });

  it('tell watchers the latest job first, then every change in order', async () => {
    const member = asker();
    const generations = [await generate({ member }), await generate({ member })];
    const { memberId } = generations[0];
    await choose(generations[0]);
    const before = await fixture.trained(memberId);
    const stop = new AbortController();
    const seen: TrainingJob[] = [];
    const watching = (async () => {
      for await (const job of fixture.services.training.watch(memberId, stop.signal)) {
        seen.push(job);
        if (job.id !== before.id && job.status === 'SUCCEEDED') stop.abort();
      }
    })();
    // The look at the latest job comes before the vote that makes another.
    await vi.waitFor(() => expect(seen).toHaveLength(1), { timeout: 120_000 });
    const { trainingJob } = await choose(generations[1]);
    await watching;
    expect(seen[0]).toEqual(before);
    const states = seen.slice(1).map(({ id, status }) => [id, status]);
    expect(states[0]).toEqual([trainingJob?.id, 'QUEUED']);
    expect(states[1]).toEqual([trainingJob?.id, 'RUNNING']);
    expect(states.at(-1)).toEqual([trainingJob?.id, 'SUCCEEDED']);
    expect(seen.at(-1)).toMatchObject({ encoderVersion: 2, pairCount: 2 });
    const running = seen.filter(({ id, status }) => id === trainingJob?.id && status === 'RUNNING');
    expect(running.map(({ step }) => step)).toEqual(running.map(({ step }) => step).sort((a, b) => a - b));
  });

  it('join votes that arrive while a training runs', async () => {
    const member = asker();
    const generations = [];
    for (let i = 0; i < 6; i++) generations.push(await generate({ member }));
    const { memberId } = generations[0];
    const results = await Promise.all(generations.map((generation) => choose(generation)));
    const jobs = new Set(results.map(({ trainingJob }) => trainingJob?.id));
    // One that waited while another read all votes follows it.
    const list = () => fixture.services.training.list(memberId, 10);
    await vi.waitUntil(
      async () => (await list()).nodes.every(({ status }) => status !== 'QUEUED' && status !== 'RUNNING'),
      30_000,
    );
    const { totalCount, nodes } = await list();
    expect(totalCount).toBe(jobs.size);
    expect(totalCount).toBeLessThan(6);
    expect(nodes.every(({ status }) => status === 'SUCCEEDED')).toBe(true);
    expect(await fixture.services.members.byId(memberId)).toMatchObject({ encoder: { verdictCount: 6, pairCount: 6 } });
  });

  it('train on request, from the verdicts there are', async () => {
    const generation = await generate();
    await choose(generation);
    await fixture.trained(generation.memberId);
    const job = await fixture.services.training.train(generation.memberId);
    expect(job).toMatchObject({ status: 'QUEUED' });
    expect(await fixture.trained(generation.memberId)).toMatchObject({ id: job.id, encoderVersion: 2 });
    expect(await encoderBytes(generation.memberId, 2)).toBe(await encoderBytes(generation.memberId, 1));
    await expect(fixture.services.training.train(randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuse what does not go together', async () => {
    const generation = await generate();
    const other = await generate();
    const submit = fixture.services.preferences.submit;
    const { id: generationId } = generation;
    await expect(submit({ generationId: randomUUID(), verdict: 'TIE' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(submit({ generationId: 'none', verdict: 'TIE' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(
      submit({ generationId, verdict: 'CHOSEN', chosenCandidateId: other.candidates[0].id }),
    ).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining('does not belong') });
    await expect(submit({ generationId, verdict: 'CHOSEN' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(fixture.services.preferences.list(generation.memberId, 0)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(fixture.services.preferences.list(generation.memberId, 5, 'x')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  it('survive a restart, and are trained anew with another checkpoint', async () => {
    const member = asker();
    const generation = await generate({ member });
    await choose(generation);
    await fixture.trained(generation.memberId);
    await fixture.reopen();
    expect((await generate({ member, explore: false })).encoderVersion).toBe(1);
    await expect.poll(() => fixture.runtime.reads).toBe(1);
    await fixture.reopen(tinyCheckpoint('another'));
    const job = await fixture.trained(generation.memberId);
    expect(job).toMatchObject({ status: 'SUCCEEDED', encoderVersion: 2 });
    expect(await fixture.services.members.byId(generation.memberId)).toMatchObject({ encoder: { version: 2 } });
    expect(await encoderBytes(generation.memberId, 2)).not.toBe(await encoderBytes(generation.memberId, 1));
  });
});
