import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Generation, TrainingJob } from '../../src/contract/generated/types.js';
import { MAXIMUM_ATTEMPTS, retryDelay } from '../../src/services/training/retry.js';
import { openServicesFixture, type ServicesFixture } from './fixture.js';

it('tries a training five times, with growing pauses', () => {
  const delays = Array.from({ length: MAXIMUM_ATTEMPTS }, (_, i) => retryDelay(i + 1));
  expect(delays).toEqual([1_000, 4_000, 16_000, 64_000, null]);
});

describe('a training', () => {
  let fixture: ServicesFixture;
  beforeAll(async () => {
    fixture = await openServicesFixture();
  });
  afterAll(() => fixture.close());

  const generate = async (externalId: string): Promise<Generation> => {
    const input = { member: { platform: 'test', externalId }, prompt: `Hello from ${externalId}.`, maxTokens: 4 };
    return (await fixture.services.generations.start(input)).finished;
  };
  const vote = async (generation: Generation) =>
    (
      await fixture.services.preferences.submit({
        generationId: generation.id,
        verdict: 'CHOSEN',
        chosenCandidateId: generation.candidates[0].id,
      })
    ).trainingJob as TrainingJob;
  const until = async (memberId: string, status: TrainingJob['status'], id?: string) => {
    for await (const job of fixture.services.training.watch(memberId, AbortSignal.timeout(240_000))) {
      if (job.status === status && (id === undefined || job.id === id)) return job;
    }
    throw new Error(`No training became ${status} in time.`);
  };

  it('that fails says when it is tried again, and then succeeds', async () => {
    fixture.runtime.holdReading = Promise.reject(new Error('The lamp is out.'));
    fixture.runtime.holdReading.catch(() => undefined);
    const generation = await generate('retry');
    const { id, memberId } = await vote(generation);
    for await (const job of fixture.services.training.watch(memberId, AbortSignal.timeout(240_000))) {
      if (job.attempts === 1 && job.status === 'QUEUED') {
        expect(job).toMatchObject({ id, error: 'The lamp is out.', encoderVersion: null });
        expect(job.nextAttemptAt?.getTime()).toBeGreaterThan(Date.now() - 1_000);
        break;
      }
    }
    fixture.runtime.holdReading = undefined;
    expect(await until(memberId, 'SUCCEEDED')).toMatchObject({ id, attempts: 2, error: null, nextAttemptAt: null });
    expect((await fixture.services.members.byId(memberId))?.encoder.version).toBe(1);
  });

  it('that is cancelled makes no version, and the next one learns from its verdicts too', async () => {
    let release = () => {};
    fixture.runtime.holdReading = new Promise((resolve) => {
      release = resolve;
    });
    const first = await vote(await generate('cancel'));
    await until(first.memberId, 'RUNNING', first.id);
    expect(await fixture.services.training.cancel(first.id)).toMatchObject({
      status: 'CANCELLED',
      encoderVersion: null,
    });
    expect(await fixture.services.training.cancel(first.id)).toMatchObject({ status: 'CANCELLED' });
    await expect(fixture.services.training.cancel('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    release();
    fixture.runtime.holdReading = undefined;
    const second = await vote(await generate('cancel'));
    await until(first.memberId, 'SUCCEEDED', second.id);
    const encoder = (await fixture.services.members.byId(first.memberId))?.encoder;
    expect(encoder).toMatchObject({ version: 1, verdictCount: 2 });
  });

  it('makes the same bytes from what it remembers as from what it reads', async () => {
    let memberId = '';
    for (let i = 0; i < 4; i++) {
      const job = await vote(await generate('same'));
      memberId = job.memberId;
      await until(memberId, 'SUCCEEDED', job.id);
    }
    const remembered = await fixture.store.encoders.bytesOf(memberId, 4);
    await fixture.reopen();
    const { id } = await fixture.services.training.train(memberId);
    await until(memberId, 'SUCCEEDED', id);
    expect(await fixture.store.encoders.bytesOf(memberId, 5)).toEqual(remembered);
  });
});
