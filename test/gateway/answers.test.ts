import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN, type Viewer } from '../../src/gateway/auth.js';
import { codes, type Harness, post, startHarness } from './harness.js';

const BOT: Viewer = { scope: 'BOT', platform: 'test', memberId: null, owner: 'bot' };

describe('an answer', () => {
  const LIMIT = 100;
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ operationCost: LIMIT });
  });
  afterAll(() => harness.stop());

  const rows = async (count: number, query: string) => {
    harness.services.rows.clear();
    for (let i = 0; i < count; i++) harness.services.rows.set(`bot row-${i}`, 'value');
    return harness.gateway.executorFor(BOT).execute({ query });
  };
  const one = '{ storage(prefix: "row") { key } }';

  it('may hold as many objects as an operation may cost', async () => {
    const { data, errors } = await rows(LIMIT, one);
    expect(errors).toBeUndefined();
    expect(data?.storage).toHaveLength(LIMIT);
  });

  it('may not hold more, also where the list turns out longer than anybody could say before', async () => {
    harness.services.listed = Array.from({ length: LIMIT + 1 }, (_, i) => ({
      id: `key-${i}`,
      name: 'key',
      scope: 'BOT',
      platform: 'test',
      memberId: null,
      prefix: 'plt_',
      createdAt: new Date(0),
      lastUsedAt: null,
      expiresAt: null,
      revokedAt: null,
    }));
    const { errors } = await harness.gateway.executorFor(ADMIN).execute({ query: '{ keys { id } }' });
    harness.services.listed = [];
    expect(codes({ errors })).toEqual(['LIMIT_EXCEEDED']);
    expect(errors?.[0].extensions).toMatchObject({ limit: 'cost', maximum: LIMIT });
  });

  it('counts everything in it together, and nothing of the answer before', async () => {
    expect((await rows(60, one)).errors).toBeUndefined();
    expect((await rows(60, one)).errors).toBeUndefined();
    const twice = await rows(60, '{ a: storage(prefix: "row") { key } b: storage(prefix: "row") { key } }');
    expect(codes(twice)).toEqual(['LIMIT_EXCEEDED']);
  });
});

describe('introspection', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  const whole = getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true });
  const types = 'types { fields { args { type { name } } } }';

  it.each([
    ['the whole, as explorers ask', whole],
    ['the whole, with all there is to know', getIntrospectionQuery({ schemaDescription: true, specifiedByUrl: true })],
    ['one type', '{ __type(name: "Generation") { fields { name args { name } } } }'],
  ])('may ask for %s', async (_, query) => {
    expect((await post(harness, query)).errors).toBeUndefined();
  });

  it.each([
    ['many times', `{ ${Array.from({ length: 20 }, (_, i) => `a${i}: __schema { ${types} }`).join(' ')} }`],
    ['many times in one', `{ __schema { ${Array.from({ length: 20 }, (_, i) => `a${i}: ${types}`).join(' ')} } }`],
    [
      'many times through fragments',
      `{ ...a ...a ...a ...a } fragment a on Query { __schema { ...t } b: __schema { ...t } } fragment t on __Schema { ${types} y: ${types} }`,
    ],
  ])('may not ask for it %s', async (_, query) => {
    const answer = await post(harness, query);
    expect(answer.errors?.[0].extensions).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'introspection' });
    expect(answer.data).toBeUndefined();
  });
});

describe('strangers', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  it.each([
    ['introspection', '{ __schema { types { name } } }'],
    ['a field that is spelt wrongly', '{ viewr { scope } }'],
    ['something that is no GraphQL', '{{{'],
    ['a document that is too deep', `{ ${'a { '.repeat(30)} b ${'} '.repeat(30)} }`],
  ])('learn nothing from %s', async (_, query) => {
    const answer = await post(harness, query, {}, { headers: { authorization: 'Bearer of-nobody' } });
    expect(answer.status).toBe(401);
    expect(codes(answer)).toEqual(['UNAUTHENTICATED']);
    expect(JSON.stringify(answer.errors)).not.toMatch(/viewer|Did you mean|Query|depth|syntax/i);
  });
});
