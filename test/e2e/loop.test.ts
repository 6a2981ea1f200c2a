/** The whole product in one process on the real model: chat, choose, train, and the next reply leans the chosen way. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.js';
import { createPalateClient, type Generation, type PalateClient } from '../../src/client/index.js';
import { loadSettings } from '../../src/common/config.js';
import { createLog } from '../../src/common/log.js';
import { defaultModelPath } from '../support/model.js';

let folder: string;
let app: App;
let client: PalateClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-loop-'));
  // One thread: test files run side by side.
  const flags = { data: folder, model: await defaultModelPath(), port: 0, log: 'warn', threads: 1 };
  app = await startApp({ settings: loadSettings({ flags, environment: {} }), log: createLog('warn') });
  client = createPalateClient({ url: app.url, key: app.adminKey.key });
});

afterAll(async () => {
  await client?.close();
  await app?.stop();
  await rm(folder, { recursive: true, force: true });
});

const member = (externalId: string) => ({ platform: 'test', externalId });
const ask = (externalId: string, more: object = {}) => ({
  member: member(externalId),
  prompt: 'What do you think about long train rides?',
  maxTokens: 24,
  seed: 7,
  ...more,
});

/** Votes for a candidate and waits until the training it queued has ended. */
async function choose(generation: Generation, candidate: number) {
  const result = await client.submitFeedback({
    generationId: generation.id,
    verdict: 'CHOSEN',
    chosenCandidateId: generation.candidates[candidate].id,
  });
  return { result, job: await ended(result.trainingJob?.id as string) };
}

async function ended(jobId: string) {
  for (;;) {
    const job = await client.trainingJob(jobId);
    if (job && !['QUEUED', 'RUNNING'].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('the loop', () => {
  it('personalises the default model with the checkpoint that comes with the product', async () => {
    expect(await client.pool()).toMatchObject({ ready: true, personalised: true, notPersonalisedBecause: null });
  });

  it('turns a vote into an encoder version that the next reply carries, and takes it back', async () => {
    const first = await client.generate(ask('ada', { candidateCount: 4 }));
    expect(first.encoderVersion).toBe(0);
    expect(new Set(first.candidates.map(({ text }) => text)).size).toBe(4);
    const { result, job } = await choose(first, 2);
    expect(result.pairs).toHaveLength(3);
    expect(result.reveal.map(({ role }) => role).sort()).toContain('BASE');
    expect(job).toMatchObject({ status: 'SUCCEEDED', encoderVersion: 1, pairCount: 3 });

    const leaning = await client.generate(ask('ada', { explore: false, temperature: 0, candidateCount: 1 }));
    const plain = await client.generate(ask('ada', { personalized: false, temperature: 0, candidateCount: 1 }));
    expect(leaning.encoderVersion).toBe(1);
    expect(leaning.candidates[0].text).not.toBe(plain.candidates[0].text);

    const withdrawn = await client.withdrawFeedback(result.feedback.id);
    expect(withdrawn.feedback.state).toBe('WITHDRAWN');
    await ended(withdrawn.trainingJob?.id as string);
    const after = await client.member(member('ada'));
    expect(after?.encoder).toMatchObject({ capacity: 'PRIOR', verdictCount: 0, pairCount: 0 });
    const back = await client.generate(ask('ada', { explore: false, temperature: 0, candidateCount: 1 }));
    expect(back.candidates[0].text).toBe(plain.candidates[0].text);
  });

  it('gives another member nothing of what this one taught', async () => {
    const asked = await client.generate(ask('bea', { candidateCount: 4 }));
    await choose(asked, 0);
    const greedy = { explore: false, temperature: 0, candidateCount: 1 };
    const stranger = await client.generate(ask('cleo', greedy));
    const plain = await client.generate(ask('cleo', { ...greedy, personalized: false }));
    expect(stranger.candidates[0].text).toBe(plain.candidates[0].text);
  });

  it('comes back to the same reply when a vote is taken away and given again', async () => {
    const greedy = ask('dora', { explore: false, temperature: 0, candidateCount: 1 });
    const asked = await client.generate(ask('dora', { candidateCount: 4 }));
    const { result } = await choose(asked, 1);
    const once = await client.generate(greedy);
    const withdrawn = await client.withdrawFeedback(result.feedback.id);
    await ended(withdrawn.trainingJob?.id as string);
    const without = await client.generate(greedy);
    await choose(asked, 1);
    const again = await client.generate(greedy);
    expect(again.candidates[0].text).toBe(once.candidates[0].text);
    expect(without.candidates[0].text).not.toBe(once.candidates[0].text);
  });

  it('streams what it stores', async () => {
    const texts = new Map<string, string>();
    let finished: Generation | undefined;
    for await (const event of client.generateStream(ask('eve', { candidateCount: 2 }))) {
      if (event.__typename === 'GenerationStarted') for (const { id } of event.candidates) texts.set(id, '');
      if (event.__typename === 'CandidateDelta')
        texts.set(event.candidateId, texts.get(event.candidateId) + event.text);
      if (event.__typename === 'GenerationFinished') finished = event.generation;
    }
    expect(finished?.candidates.map(({ id, text }) => [id, text])).toEqual([...texts]);
    expect(await client.generation(finished?.id as string)).toEqual(finished);
  });

  it('keeps the event loop free while it writes and trains', async () => {
    await client.generate(ask('fay', { candidateCount: 8 }));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const asked = await client.generate(ask('fay', { candidateCount: 8, maxTokens: 48 }));
    await choose(asked, 3);
    delay.disable();
    // The 99th percentile: a machine that runs other work may take the processor away for longer than any code of ours.
    expect(delay.percentile(99) / 1e6).toBeLessThan(20);
  });
});

describe('what is refused, and what it says', () => {
  const refusals: [string, () => Promise<unknown>, string, RegExp][] = [
    ['an empty prompt', () => client.generate(ask('gil', { prompt: ' ' })), 'BAD_USER_INPUT', /prompt/i],
    ['an oversize prompt', () => client.generate(ask('gil', { prompt: 'word '.repeat(2000) })), 'TOO_LONG', /8,?000/],
    ['a prompt with a NUL', () => client.generate(ask('gil', { prompt: 'a\0b' })), 'BAD_USER_INPUT', /U\+0000/],
    [
      'a vote on an unknown generation',
      () => client.submitFeedback({ generationId: 'nothing', verdict: 'TIE' }),
      'NOT_FOUND',
      /generation/,
    ],
    [
      'a candidate of another generation',
      async () => {
        const [one, other] = [
          await client.generate(ask('gil', { maxTokens: 2 })),
          await client.generate(ask('gil', { maxTokens: 2 })),
        ];
        return client.submitFeedback({
          generationId: one.id,
          verdict: 'CHOSEN',
          chosenCandidateId: other.candidates[0].id,
        });
      },
      'BAD_USER_INPUT',
      /candidate/,
    ],
    ['training an unknown member', () => client.trainMember('nobody'), 'NOT_FOUND', /member/],
    [
      'a bad key',
      () => createPalateClient({ url: app.url, key: 'not-the-key-of-this-gateway' }).pool(),
      'UNAUTHENTICATED',
      /key/i,
    ],
  ];
  it.each(refusals)('%s', async (_what, attempt, code, says) => {
    const error = await attempt().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
  });

  it('answers a query for an unknown member with null', async () => {
    expect(await client.member(member('never-seen'))).toBeNull();
    expect(await client.memberById('nobody')).toBeNull();
  });
});
