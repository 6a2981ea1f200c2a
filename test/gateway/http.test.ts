import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PalateError } from '../../src/common/errors.js';
import { type Answer, codes, eventually, type Harness, KEY, post, startHarness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());
afterEach(() => {
  harness.log.length = 0;
});

const GENERATE = `mutation ($input: GenerateInput!) { generate(input: $input) { id member { id } candidates { text role index } createdAt } }`;
const input = (prompt: string, more: object = {}) => ({
  input: { member: { platform: 'test', externalId: 'ada' }, prompt, ...more },
});

describe('health', () => {
  it('shows a browser a page that asks nothing of anybody', async () => {
    const page = await fetch(`${harness.url}/`);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('<title>Palate</title>');
  });

  it('answers strangers, alive and ready', async () => {
    const alive = await fetch(`${harness.url}/healthz`);
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'ok' }]);
    const ready = await fetch(`${harness.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('is not ready while the model is not', async () => {
    harness.services.pool_ = { ...harness.services.pool_, ready: false };
    const answer = await fetch(`${harness.url}/readyz`);
    expect(answer.status).toBe(503);
    harness.services.pool_ = { ...harness.services.pool_, ready: true };
  });

  it('is not ready while nothing can be kept, and says why', async () => {
    harness.services.problem = new PalateError('STORE_UNAVAILABLE', 'The disk is full.', { retryAfterMs: 1_500 });
    const answer = await fetch(`${harness.url}/readyz`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await answer.json()).toEqual({ status: 'database unavailable', reason: 'The disk is full.' });
    harness.services.problem = null;
  });

  it('says where GraphQL is to whoever asks for something else', async () => {
    const answer = await fetch(`${harness.url}/wp-admin`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });
});

describe('a database that is away', () => {
  it('keeps nobody out for good: the request is refused with 503 and when to come again', async () => {
    const away = await startHarness({}, {}, async () => {
      throw new PalateError('STORE_UNAVAILABLE', 'The database is away.', { retryAfterMs: 2_000 });
    });
    const answer = await post(away, '{ pool { ready } }');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(answer.errors).toMatchObject([
      { message: 'The database is away.', extensions: { code: 'STORE_UNAVAILABLE', retryAfterMs: 2_000 } },
    ]);
    await away.stop();
  });
});

describe('keys', () => {
  it.each([
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer wrong' }],
    ['the key with another scheme', { authorization: `Basic ${KEY}` }],
    ['half of the key', { authorization: `Bearer ${KEY.slice(0, 10)}` }],
    ['an empty key', { authorization: 'Bearer ' }],
  ])('refuses %s, for introspection too', async (_, headers) => {
    const response = await fetch(`${harness.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers } as Record<string, string>,
      body: JSON.stringify({ query: '{ __schema { queryType { name } } }' }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    const answer = (await response.json()) as { data?: unknown; errors: [] };
    expect(codes(answer)).toEqual(['UNAUTHENTICATED']);
    expect(answer.data).toBeUndefined();
  });

  it('tells the owner of the key who they are, and the whole contract', async () => {
    const answer = await post(
      harness,
      '{ viewer { scope platform member { id } } __type(name: "Generation") { description } }',
    );
    expect(answer.data).toEqual({
      viewer: { scope: 'ADMIN', platform: null, member: null },
      __type: { description: 'Several replies to one prompt, made for one member.' },
    });
  });

  it('refuses what a page elsewhere could send without asking first', async () => {
    const answer = await post(harness, '{ viewer { scope } }', {}, { headers: { 'content-type': 'text/plain' } });
    expect(answer.status).toBe(400);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('operations', () => {
  it('generates', async () => {
    const answer = await post(harness, GENERATE, input('hello there'));
    expect(answer.errors).toBeUndefined();
    expect(answer.data?.generate).toEqual({
      id: expect.any(String),
      member: { id: 'ada' },
      candidates: [
        { text: 'hello there', role: 'BASE', index: 0 },
        { text: 'hello there', role: 'BASE', index: 1 },
      ],
      createdAt: '2030-01-02T03:04:05.006Z',
    });
  });

  it('hands the contract defaults to the services', async () => {
    await post(harness, GENERATE, input('defaults'));
    expect(harness.services.started.at(-1)).toEqual({
      member: { platform: 'test', externalId: 'ada', scope: '' },
      prompt: 'defaults',
      history: [],
      candidateCount: 2,
      maxTokens: 128,
      temperature: 1,
      topP: 0.95,
      minP: 0.03,
      dryMultiplier: 1.2,
      personalized: true,
      explore: true,
      strength: 1,
    });
  });

  it('answers null for what is not there', async () => {
    const query =
      '{ member(ref: { platform: "test", externalId: "nobody" }) { id } memberById(id: "nobody") { id } generation(id: "none") { id } trainingJob(id: "none") { id } }';
    const answer = await post(harness, query);
    expect(answer).toMatchObject({ data: { member: null, memberById: null, generation: null, trainingJob: null } });
    expect(answer.errors).toBeUndefined();
  });

  it('tells the pool, and why it cannot personalise', async () => {
    const answer = await post(harness, '{ pool { ready model personalised notPersonalisedBecause trainingQueued } }');
    expect(answer.data?.pool).toMatchObject({
      ready: true,
      model: 'echo',
      personalised: false,
      notPersonalisedBecause: expect.stringContaining('palate pretrain'),
      trainingQueued: 0,
    });
  });

  it.each([
    ['{ id platform }', 1],
    ['{ id }', 0],
  ])('loads a member of which %s is asked %i times for a page of their verdicts', async (selection, loads) => {
    harness.services.memberLoads = 0;
    const answer = await post(
      harness,
      `{ feedback(memberId: "ada", first: 100) { nodes { member ${selection} } edges { node { member ${selection} } } totalCount } }`,
    );
    expect(answer.data?.feedback).toMatchObject({
      totalCount: 100,
      nodes: expect.arrayContaining([{ member: expect.objectContaining({ id: 'ada' }) }]),
    });
    expect(harness.services.memberLoads).toBe(loads);
  });

  it('lets a caller who goes away take the generation along, unless it has a key', async () => {
    harness.services.wordMs = 20;
    for (const key of [undefined, 'k1']) {
      const before = harness.services.started.length;
      const leaving = new AbortController();
      const call = fetch(`${harness.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
        body: JSON.stringify({ query: GENERATE, variables: input('one two three four five six', { key }) }),
        signal: leaving.signal,
      });
      await eventually(() => harness.services.started.length > before);
      leaving.abort();
      await expect(call).rejects.toThrow();
      const id = `generation-${before + 1}`;
      while ((await harness.services.generations.byId(id)) === null)
        await new Promise((resolve) => setTimeout(resolve, 5));
      expect(harness.services.cancelled.includes(id)).toBe(key === undefined);
    }
    harness.services.wordMs = 1;
  });
});

describe('errors', () => {
  it.each([
    ['a document that is not GraphQL', '{ viewer {'],
    ['a field that does not exist', '{ nothing }'],
    ['a missing argument', '{ memberById { id } }'],
    ['a variable of the wrong type', 'query ($id: ID!) { memberById(id: $id) { id } }'],
    ['an operation name that is not there', 'query A { viewer { scope } } query B { viewer { scope } }'],
    ['a subscription over HTTP', 'subscription { poolStatus { ready } }'],
    ['a page of no length', '{ feedback(memberId: "ada", first: 0) { totalCount } }'],
    ['a page that is too long', '{ trainingJobs(first: 101) { totalCount } }'],
    [
      'an unknown verdict',
      'mutation { submitFeedback(input: { generationId: "g", verdict: GREAT }) { feedback { id } } }',
    ],
  ])('calls %s BAD_USER_INPUT', async (_, query) => {
    const answer = await post(harness, query);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(harness.log).toEqual([]);
  });

  it('keeps the code and message of what the services throw', async () => {
    const answer = await post(harness, 'mutation { trainMember(memberId: "x") { id } }');
    expect(answer).toMatchObject({
      data: null,
      errors: [{ message: 'There is no member x.', path: ['trainMember'], extensions: { code: 'NOT_FOUND' } }],
    });
  });

  it('says when to try again', async () => {
    const answer = await post(harness, GENERATE, input('full'));
    expect(answer.errors?.[0].extensions).toEqual({ code: 'LIMIT_EXCEEDED', retryAfterMs: 1_500 });
  });

  it('keeps the insides of a bug in the log', async () => {
    const answer = await post(harness, GENERATE, input('bug'));
    expect(codes(answer)).toEqual(['INTERNAL']);
    expect(JSON.stringify(answer)).not.toMatch(/secret|somebody|stack/i);
    expect(JSON.stringify(harness.log)).toContain('secret detail');
  });

  it.each([
    ['no JSON', '{ "query": '],
    ['a list', '[]'],
    ['a text', '"{ viewer { scope } }"'],
    ['no query', '{}'],
    ['a query that is a number', '{ "query": 1 }'],
    ['variables that are text', '{ "query": "{ viewer { scope } }", "variables": "{}" }'],
    ['a batch', '[{ "query": "{ viewer { scope } }" }, { "query": "{ viewer { scope } }" }]'],
    ['a persisted query', '{ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "00" } } }'],
  ])('refuses a body with %s', async (_, body) => {
    const answer = await post(harness, '', undefined, { body });
    expect(answer.status).toBeLessThan(500);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it('takes queries by GET, and no mutations', async () => {
    const get = async (query: string) => {
      const response = await fetch(`${harness.url}/graphql?query=${encodeURIComponent(query)}`, {
        headers: { authorization: `Bearer ${KEY}`, 'apollo-require-preflight': '1' },
      });
      return { status: response.status, ...((await response.json()) as Pick<Answer, 'data' | 'errors'>) };
    };
    expect(await get('{ viewer { scope } }')).toMatchObject({ data: { viewer: { scope: 'ADMIN' } } });
    const refused = await get('mutation { cancelGeneration(id: "x") { id } }');
    expect(refused.status).toBe(405);
    expect(codes(refused)).toEqual(['BAD_USER_INPUT']);
  });
});

describe('size', () => {
  it('refuses a body that says it is too long, before it is sent', async () => {
    const answer = await new Promise<{ status?: number; text: string }>((resolve, reject) => {
      const request = httpRequest(`${harness.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'content-length': 50_000_000 },
      });
      request.on('error', reject);
      request.on('response', async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode, text });
      });
      request.flushHeaders();
    });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text).errors[0].extensions.code).toBe('LIMIT_EXCEEDED');
  });

  it('stops reading a body that grows too long', async () => {
    const status = await new Promise<number | undefined>((resolve) => {
      const request = httpRequest(`${harness.url}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      });
      request.on('error', () => {});
      request.on('response', (response) => resolve(response.statusCode));
      const chunk = Buffer.alloc(256 * 1024, 0x20);
      for (let i = 0; i < 6; i++) request.write(chunk);
    });
    expect(status).toBe(413);
  });

  it('refuses compressed bodies', async () => {
    const answer = await post(harness, '', {}, { headers: { 'content-encoding': 'gzip' }, body: 'x' });
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it('survives whatever is not HTTP', async () => {
    const socket = connect(harness.gateway.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write('\x16\x03\x01 nonsense\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect((await fetch(`${harness.url}/healthz`)).status).toBe(200);
  });
});
