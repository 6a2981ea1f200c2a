import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPalateClient,
  type GenerationEvent,
  type PalateClient,
  type TrainingJob,
} from '../../src/client/index.js';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { authenticateAdmin } from '../../src/gateway/auth.js';
import { createGateway } from '../../src/gateway/gateway.js';
import { jobView } from '../gateway/echo-services.js';
import { eventually, type Harness, KEY, startHarness } from '../gateway/harness.js';

let harness: Harness;
let client: PalateClient;
beforeEach(async () => {
  harness = await startHarness();
  client = createPalateClient({ url: harness.url, key: KEY, retryWaitMs: () => 20 });
});
afterEach(async () => {
  await client.close();
  await harness.stop();
});

const member = { platform: 'test', externalId: 'ada' };

/** Listeners at the services with one client and without any: the gateway counts trainings itself. */
const [WATCHED, UNWATCHED] = [2, 1];

it('says of a message that is larger than the service takes that it is too long, and not that nobody answers', async () => {
  const history = Array.from({ length: 200 }, () => ({ role: 'USER' as const, content: 'a'.repeat(8_000) }));
  const events = client.generateStream({ member, prompt: 'hello', history });
  await expect(events.next()).rejects.toMatchObject({ code: 'TOO_LONG' });
  // The next one has a connection of its own.
  expect(await client.generateStream({ member, prompt: 'hello' }).next()).toMatchObject({ done: false });
});

/** The same behaviour is owed over the network and inside the process. */
const ways: [string, () => PalateClient][] = [
  ['over the network', () => client],
  [
    'inside the process',
    () =>
      createPalateClient({ executor: harness.gateway.executorFor({ scope: 'ADMIN', platform: null, memberId: null }) }),
  ],
];

describe.each(ways)('%s', (_, open) => {
  it('generates', async () => {
    const generation = await open().generate({ member, prompt: 'hello there', candidateCount: 1 });
    expect(generation).toMatchObject({ prompt: 'hello there', encoderVersion: 0, member: { id: 'ada' } });
    expect(generation.candidates).toMatchObject([
      { index: 0, text: 'hello there', finishReason: 'STOP', role: 'BASE' },
    ]);
  });

  it('streams', async () => {
    const events: GenerationEvent[] = [];
    for await (const event of open().generateStream({ member, prompt: 'one two three', candidateCount: 1 }))
      events.push(event);
    expect(events[0]).toMatchObject({ __typename: 'GenerationStarted' });
    const text = events.flatMap((event) => (event.__typename === 'CandidateDelta' ? [event.text] : [])).join('');
    expect(text).toBe('one two three');
    expect(events.at(-1)).toMatchObject({ __typename: 'GenerationFinished', generation: { candidates: [{ text }] } });
  });

  it('cancels the generation when the reader leaves', async () => {
    harness.services.wordMs = 5;
    for await (const event of open().generateStream({ member, prompt: 'word '.repeat(500) })) {
      if (event.__typename === 'CandidateDelta') break;
    }
    await eventually(() => harness.services.cancelled.length === 1);
  });

  it('cancels the generation when the signal says so, also between events', async () => {
    harness.services.wordMs = 100_000;
    const leaving = new AbortController();
    const events: string[] = [];
    for await (const event of open().generateStream({ member, prompt: 'never' }, { signal: leaving.signal })) {
      events.push(event.__typename);
      setTimeout(() => leaving.abort(), 10);
    }
    expect(events).toEqual(['GenerationStarted']);
  });

  it('watches trainings', async () => {
    const jobs = open().trainingStatus();
    const first = jobs.next();
    await eventually(() => harness.services.events.listenerCount('job') === WATCHED);
    harness.services.events.emit('job', jobView('a', { status: 'SUCCEEDED', encoderVersion: 1, durationMs: 12 }));
    expect((await first).value).toMatchObject({ id: 'a', status: 'SUCCEEDED', encoderVersion: 1, durationMs: 12 });
    await jobs.return();
    await eventually(() => harness.services.events.listenerCount('job') === UNWATCHED);
  });

  it('answers null, lists and the pool', async () => {
    const here = open();
    await here.generate({ member, prompt: 'what verdicts are on' });
    expect(await here.member({ platform: 'test', externalId: 'nobody' })).toBeNull();
    expect(await here.memberById('ada')).toMatchObject({ id: 'ada', encoder: { version: 0, capacity: 'PRIOR' } });
    expect(await here.generation('none')).toBeNull();
    expect(await here.trainingJob('none')).toBeNull();
    expect(await here.feedback('ada', { first: 3 })).toMatchObject({
      totalCount: 3,
      pageInfo: { endCursor: 'feedback-2' },
    });
    expect((await here.trainingJobs(null, { first: 2 })).nodes.map((job: TrainingJob) => job.id)).toEqual([
      'job-0',
      'job-1',
    ]);
    expect(await here.pool()).toMatchObject({ ready: true, model: 'echo' });
    expect(await here.viewer()).toEqual({
      scope: 'ADMIN',
      platform: null,
      member: null,
      expiresAt: null,
      replyTokens: DEFAULT_LIMITS.maxTokensDefault,
      replyTokensMaximum: DEFAULT_LIMITS.maxTokensMaximum,
    });
    expect(await here.request('query ($id: ID!) { memberById(id: $id) { platform } }', { id: 'ada' })).toEqual({
      memberById: { platform: 'test' },
    });
  });

  it.each([
    [
      'a wait',
      (here: PalateClient) => here.generate({ member, prompt: 'full' }),
      { code: 'LIMIT_EXCEEDED', retryAfterMs: 1_500 },
    ],
    [
      'what is not there',
      (here: PalateClient) => here.withdrawFeedback('v'),
      { code: 'NOT_FOUND', message: 'There is no verdict v.' },
    ],
    ['a fault', (here: PalateClient) => here.generate({ member, prompt: 'bug' }), { code: 'INTERNAL' }],
    [
      'a fault on the way',
      (here: PalateClient) =>
        here
          .generateStream({ member, prompt: 'break it' })
          .next()
          .then(async () => drain(here.generateStream({ member, prompt: 'break it' }))),
      { code: 'INTERNAL' },
    ],
    [
      'a stream that may not begin',
      (here: PalateClient) => here.generateStream({ member, prompt: 'full' }).next(),
      { code: 'LIMIT_EXCEEDED', retryAfterMs: 1_500 },
    ],
    ['a malformed request', (here: PalateClient) => here.request('{ nothing }'), { code: 'BAD_USER_INPUT' }],
    [
      'a malformed subscription',
      (here: PalateClient) => here.generateStream({ member: 1 } as never).next(),
      { code: 'BAD_USER_INPUT' },
    ],
  ])('throws typed errors for %s', async (_name, call, expected) => {
    await expect(call(open())).rejects.toMatchObject({ name: 'PalateClientError', ...expected });
  });
});

describe('the network', () => {
  it('is UNAUTHENTICATED with a wrong key, over both ways', async () => {
    for (const key of ['wrong', undefined]) {
      const stranger = createPalateClient({ url: harness.url, key });
      await expect(stranger.viewer()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await expect(stranger.poolStatus().next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await stranger.close();
    }
  });

  it('is UNREACHABLE where nothing listens, or something else does', async () => {
    const nothing = createPalateClient({ url: await silentUrl(), key: KEY });
    await expect(nothing.viewer()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await expect(nothing.generateStream({ member, prompt: 'p' }).next()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await nothing.close();
    const other = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const elsewhere = createPalateClient({
      url: `http://127.0.0.1:${(other.address() as AddressInfo).port}`,
      key: KEY,
    });
    await expect(elsewhere.viewer()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('200'),
    });
    await elsewhere.close();
    other.close();
  });

  it('is CANCELLED by a signal', async () => {
    harness.services.wordMs = 100_000;
    const leaving = new AbortController();
    const call = client.generate({ member, prompt: 'never' }, { signal: leaving.signal });
    await eventually(() => harness.services.started.length === 1);
    leaving.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('does not begin a generation again when the connection is lost', async () => {
    harness.services.wordMs = 5;
    const events = client.generateStream({ member, prompt: 'word '.repeat(500) });
    await events.next();
    await harness.stop();
    await expect(drain(events)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(harness.services.started).toHaveLength(1);
  });

  it('goes on watching when the gateway was away', async () => {
    const jobs = client.trainingStatus();
    const first = jobs.next();
    await eventually(() => harness.services.events.listenerCount('job') === WATCHED);
    harness.services.events.emit('job', jobView('before'));
    expect((await first).value).toMatchObject({ id: 'before' });
    const second = jobs.next();
    const { port } = harness.gateway;
    await harness.stop();
    await eventually(() => harness.services.events.listenerCount('job') === 0);
    const again = createGateway({
      settings: { host: '127.0.0.1', port, limits: DEFAULT_LIMITS, allowedOrigins: [] },
      services: harness.services,
      authenticate: authenticateAdmin(KEY),
      log: pino({ level: 'silent' }),
    });
    await again.start();
    await eventually(() => harness.services.events.listenerCount('job') === WATCHED);
    harness.services.events.emit('job', jobView('after'));
    expect((await second).value).toMatchObject({ id: 'after' });
    await jobs.return();
    await client.close();
    await again.stop();
  });

  it('lets the process end after close(), also while it waits to reconnect', async () => {
    const away = createPalateClient({ url: await silentUrl(), key: KEY, retryWaitMs: () => 60_000 });
    const waiting = away.poolStatus().next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await away.close();
    await Promise.race([
      waiting.catch(() => {}),
      new Promise((_, reject) => setTimeout(() => reject(new Error('still waiting')), 5_000)),
    ]);
  });
});

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

/** An address of this machine where nothing listens. */
async function silentUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
