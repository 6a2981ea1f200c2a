import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { Quotas } from '../../src/gateway/steps/quotas.js';
import { ADA, ADMIN, BOB, type GatewayFixture, openGatewayFixture } from './fixture.js';
import { codes, KEY } from './harness.js';

let world: GatewayFixture | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const VIEWER = '{ viewer { scope } }';
const GENERATE = 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }';
const STREAM = `subscription ($input: GenerateInput!) { generationStream(input: $input) {
  __typename
  ... on GenerationStarted { generationId }
  ... on GenerationQueued { generationId ahead estimatedWaitMs }
} }`;
const input = (member: object, maxTokens = 2) => ({ input: { member, prompt: 'hello', maxTokens } });

interface StreamEvent {
  __typename: string;
  generationId: string;
}

async function eventOf(stream: AsyncIterator<{ data?: unknown }, unknown>): Promise<StreamEvent> {
  const { value } = await stream.next();
  return (value as { data: { generationStream: StreamEvent } }).data.generationStream;
}

const refusedFor = (least: number, most: number) => ({
  extensions: {
    code: 'LIMIT_EXCEEDED',
    retryAfterMs: expect.toSatisfy((ms: number) => ms >= least && ms <= most),
  },
});

describe('operations', () => {
  it('are counted for each bot key, with the time to wait', async () => {
    world = await openGatewayFixture({ operationsAtOnceOfBot: 3, operationsPerMinuteOfBot: 6 });
    const { secret } = await world.botKey('north');
    const other = (await world.botKey('north')).secret;
    for (let i = 0; i < 3; i++) expect((await world.post(secret, VIEWER)).status).toBe(200);
    const refused = await world.post(secret, VIEWER);
    expect(refused.status).toBe(429);
    expect(codes(refused)).toEqual(['LIMIT_EXCEEDED']);
    const wait = refused.errors?.[0].extensions?.retryAfterMs as number;
    expect(wait).toBeGreaterThan(5_000);
    expect(wait).toBeLessThanOrEqual(10_000);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect((await world.post(other, VIEWER)).status).toBe(200);
    for (let i = 0; i < 10; i++) expect((await world.post(KEY, VIEWER)).status).toBe(200);
  });

  it('are counted for a member over all tokens', async () => {
    world = await openGatewayFixture({ operationsAtOnceOfMember: 2, operationsPerMinuteOfMember: 1 });
    for (let i = 0; i < 2; i++) expect((await world.post(await world.token(ADA), VIEWER)).status).toBe(200);
    expect((await world.post(await world.token(ADA), VIEWER)).status).toBe(429);
    expect((await world.post(await world.token(BOB), VIEWER)).status).toBe(200);
  });

  it('are counted for callers inside the process too', async () => {
    world = await openGatewayFixture({ operationsAtOnceOfBot: 2, operationsPerMinuteOfBot: 1 });
    const bot = await world.viewer((await world.botKey('north')).secret);
    for (let i = 0; i < 2; i++) expect((await world.ask(bot, VIEWER)).errors).toBeUndefined();
    const refused = await world.ask(bot, VIEWER);
    expect(refused.errors?.[0].extensions).toMatchObject({ code: 'LIMIT_EXCEEDED', retryAfterMs: expect.any(Number) });
    expect(codes(await world.ask(bot, 'subscription { poolStatus { ready } }'))).toEqual(['LIMIT_EXCEEDED']);
  });
});

describe('generations', () => {
  it('are counted for a member, whichever key asks', async () => {
    world = await openGatewayFixture({ generationsAtOnce: 2, generationsPerMinute: 1 });
    const { secret } = await world.botKey('north');
    expect((await world.post(secret, GENERATE, input(ADA))).errors).toBeUndefined();
    expect((await world.post(await world.token(ADA), GENERATE, input(ADA))).errors).toBeUndefined();
    for (const key of [secret, await world.token(ADA)]) {
      const refused = await world.post(key, GENERATE, input(ADA));
      expect(refused.errors?.[0].extensions).toMatchObject({
        code: 'LIMIT_EXCEEDED',
        retryAfterMs: expect.any(Number),
      });
    }
    expect((await world.post(secret, GENERATE, input(BOB))).errors).toBeUndefined();
    expect((await world.post(KEY, GENERATE, input(ADA))).errors).toBeUndefined();
  });

  it('beyond what is written at once wait and are told so, over HTTP and as streams', async () => {
    world = await openGatewayFixture({ runningPerMember: 1, waitingPerMember: 1, runningPerBot: 3 });
    const bot = await world.viewer((await world.botKey('north')).secret);
    let go = () => {};
    world.fixture.runtime.holdDecoding = new Promise((resolve) => {
      go = resolve;
    });
    const executor = world.gateway.executorFor(bot);
    const first = executor.execute({ query: GENERATE, variables: input(ADA, 20) });
    await expect.poll(() => world?.fixture.runtime.requests.length).toBe(1);
    const stream = executor.subscribe({ query: STREAM, variables: input(ADA, 20) });
    const { generationId } = await eventOf(stream);
    expect(await eventOf(stream)).toEqual({
      __typename: 'GenerationQueued',
      generationId,
      ahead: 0,
      estimatedWaitMs: expect.any(Number),
    });
    expect(world.fixture.services.pool.status().queued).toBe(2);
    // What is refused says when there is room again.
    expect(await world.ask(bot, GENERATE, input(ADA))).toMatchObject({ errors: [refusedFor(1, 10_000)] });
    const others = executor.execute({ query: GENERATE, variables: input(BOB, 20) });
    await expect.poll(() => world?.fixture.runtime.requests.length).toBe(2);
    const more = await world.ask(bot, GENERATE, input({ ...BOB, externalId: 'cora' }));
    expect(more).toMatchObject({ errors: [refusedFor(1, 10_000)] });
    // The operator's own are not counted, and whoever stops waiting makes room.
    await stream.return();
    expect((await world.ask(ADMIN, STREAM, input(ADA))).errors).toBeUndefined();
    const waiting = executor.subscribe({ query: STREAM, variables: input(ADA, 20) });
    expect((await eventOf(waiting)).__typename).toBe('GenerationStarted');
    world.fixture.runtime.holdDecoding = undefined;
    go();
    const told: string[] = [];
    for await (const result of waiting) {
      const { generationStream } = result.data as { generationStream: StreamEvent };
      told.push(generationStream.__typename);
    }
    expect(told[0]).toBe('GenerationQueued');
    expect(told.slice(1)).not.toContain('GenerationQueued');
    expect(told.at(-1)).toBe('GenerationFinished');
    expect((await first).errors).toBeUndefined();
    expect((await others).errors).toBeUndefined();
    expect(world.fixture.services.pool.status().queued).toBe(0);
  });

  it('that are refused for their input use up no place', async () => {
    world = await openGatewayFixture({ runningPerMember: 1 });
    const bot = await world.viewer((await world.botKey('north')).secret);
    for (let i = 0; i < 3; i++)
      expect(codes(await world.ask(bot, GENERATE, input(ADA, 0)))).toEqual(['BAD_USER_INPUT']);
    expect((await world.ask(bot, GENERATE, input(ADA))).errors).toBeUndefined();
  });
});

describe('what is remembered', () => {
  it('stays bounded and names nobody', () => {
    let now = 0;
    const quotas = new Quotas({ ...DEFAULT_LIMITS, generationsAtOnce: 1 }, () => now);
    const bot = { scope: 'BOT', platform: 'north', memberId: null, owner: 'key/1' } as const;
    for (let i = 0; i < 30_000; i++) {
      now += 10;
      quotas.generation(bot, { platform: 'north', externalId: `secret-${i}` });
    }
    const { buckets } = quotas as unknown as { buckets: Map<string, unknown> };
    expect(buckets.size).toBeLessThanOrEqual(10_000);
    expect([...buckets.keys()].join()).not.toContain('secret');
  });

  it('counts nothing for admins', () => {
    const quotas = new Quotas({ ...DEFAULT_LIMITS, generationsAtOnce: 1 });
    for (let i = 0; i < 100; i++) {
      quotas.operation(ADMIN);
      quotas.generation(ADMIN, ADA);
    }
  });
});
