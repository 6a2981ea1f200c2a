import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { ERROR_CODES } from '../../src/common/errors.js';
import { COSTS } from '../../src/contract/generated/costs.js';
import { operationCost } from '../../src/gateway/operation-cost.js';
import { createSchema } from '../../src/gateway/schema.js';
import { TUNING_CANDIDATES, TUNING_TOKENS } from '../../src/learning/tuning/prompts.js';
import { codes, type Harness, post, startHarness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

const limitOf = (answer: Awaited<ReturnType<typeof post>>) => answer.errors?.[0].extensions;

describe('a document', () => {
  it('may be as deep as the limit and no deeper', async () => {
    const nested = (levels: number) =>
      `{ generation(id: "g") { ${'feedback { generation { '.repeat(levels)} id ${'} }'.repeat(levels)} } }`;
    expect((await post(harness, nested(4))).errors).toBeUndefined();
    const answer = await post(harness, nested(5));
    expect(limitOf(answer)).toEqual({ code: 'LIMIT_EXCEEDED', limit: 'depth', maximum: DEFAULT_LIMITS.documentDepth });
    expect(answer.status).toBe(400);
  });

  it('counts depth and aliases through fragments', async () => {
    const deep = `{ generation(id: "g") { ...a } } fragment a on Generation { feedback { generation { ...b } } }
      fragment b on Generation { feedback { generation { ...c } } } fragment c on Generation { feedback { generation { ...d } } }
      fragment d on Generation { feedback { generation { feedback { generation { id } } } } }`;
    expect(limitOf(await post(harness, deep))).toMatchObject({ limit: 'depth' });
    const many = `{ ...a } fragment a on Query { ...b ...b2 } fragment b on Query { ${alias('x', 20)} } fragment b2 on Query { ${alias('y', 20)} }`;
    expect(limitOf(await post(harness, many))).toMatchObject({
      limit: 'aliases',
      maximum: DEFAULT_LIMITS.documentAliases,
    });
    expect((await post(harness, `{ ${alias('x', 30)} }`)).errors).toBeUndefined();
  });

  it('takes no longer for fragments that spread each other twice', async () => {
    const levels = 60;
    const bomb = Array.from({ length: levels }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`).join(
      ' ',
    );
    const begin = process.cpuUsage();
    await post(harness, `{ ...f0 } ${bomb} fragment f${levels} on Query { viewer { scope } }`);
    expect(process.cpuUsage(begin).user).toBeLessThan(2_000_000);
  });

  it('may not spread a fragment in itself', async () => {
    expect(codes(await post(harness, '{ ...a } fragment a on Query { viewer { scope } ...a }'))).toEqual([
      'BAD_USER_INPUT',
    ]);
  });

  it('may not be longer than the parser is willing to read', async () => {
    const answer = await post(harness, `{ ${'viewer { scope } '.repeat(1_000)} }`);
    expect(codes(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0].message).toContain('2000 tokens');
  });

  it('may be the introspection that explorers send, but not a bottomless one', async () => {
    const answer = await post(harness, getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }));
    expect(answer.errors).toBeUndefined();
    expect(buildClientSchema(answer.data as unknown as IntrospectionQuery).getType('Generation')).toBeDefined();
    const bottomless = `{ __schema { types { ${'fields { type { '.repeat(6)} name ${'} }'.repeat(6)} } } }`;
    expect(codes(await post(harness, bottomless))).toContain('BAD_USER_INPUT');
  });
});

describe('cost', () => {
  it('counts what the model may have to write for a tuning question', () => {
    expect(COSTS['Mutation.askTuningQuestion'].writes).toBe(TUNING_CANDIDATES * TUNING_TOKENS);
  });

  const schema = createSchema();
  const cost = (query: string, variables: Record<string, unknown> = {}) => {
    const document = parse(query);
    const operation = document.definitions.find((definition) => definition.kind === 'OperationDefinition');
    if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
    return operationCost({ schema, document, operation, variables }, DEFAULT_LIMITS);
  };
  const generate = (input: string) =>
    `mutation { generate(input: { member: { platform: "t", externalId: "a" }, prompt: "p" ${input} }) { id } }`;
  const variable =
    'mutation ($input: GenerateInput!) { a: generate(input: $input) { id } b: generate(input: $input) { id } }';
  const member = { platform: 't', externalId: 'a' };

  it.each([
    ['the defaults of a generation', generate(''), {}, 2 * 128 + 1],
    ['a generation by literals', generate(', candidateCount: 4, maxTokens: 100'), {}, 401],
    [
      'two generations by a variable',
      variable,
      { input: { member, prompt: 'p', candidateCount: 3, maxTokens: 10 } },
      62,
    ],
    [
      'nulls, which mean the defaults',
      variable,
      { input: { member, prompt: 'p', candidateCount: null, maxTokens: null } },
      514,
    ],
    ['numbers out of range as the ends of the range', generate(', candidateCount: 1000, maxTokens: -5'), {}, 9],
    ['variables that do not fit, which are refused', variable, { input: { prompt: 1 } }, 0],
    ['a page by its length', '{ trainingJobs(first: 50) { nodes { id member { id } } } }', {}, 1 + 50 * 2],
    ['a page of the usual length', '{ trainingJobs { totalCount nodes { id } } }', {}, 1 + 20],
    ['a page of null, which is one of the usual length', '{ trainingJobs(first: null) { nodes { id } } }', {}, 1 + 20],
    ['rows of null, which are as many as may be', '{ storage(prefix: "", first: null) { key } }', {}, 100],
    ['errors as one for each code', '{ errorCounts { code } }', {}, ERROR_CODES.length],
    [
      'fragments as what they spread',
      '{ ...a } fragment a on Query { pool { model } viewer { member { id } } }',
      {},
      3,
    ],
  ])('counts %s', (_, query, variables, expected) => {
    expect(cost(query, variables)).toBe(expected);
  });

  it('takes no list for shorter than it can become', () => {
    expect(COSTS['Query.limits'].length).toBeGreaterThanOrEqual(Object.keys(DEFAULT_LIMITS).length);
    for (const field of ['Query.errorCounts', 'Subscription.errorStatus']) {
      expect(COSTS[field].length).toBeGreaterThanOrEqual(ERROR_CODES.length);
    }
  });

  it('lets one full generation through and not two', async () => {
    const input = { member, prompt: 'p', candidateCount: 8, maxTokens: 1_024 };
    const one = 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }';
    expect((await post(harness, one, { input })).errors).toBeUndefined();
    const before = harness.services.started.length;
    const answer = await post(harness, variable, { input });
    expect(limitOf(answer)).toEqual({ code: 'LIMIT_EXCEEDED', limit: 'cost', maximum: DEFAULT_LIMITS.operationCost });
    expect(answer.status).toBe(400);
    expect(harness.services.started).toHaveLength(before);
  });

  it('lets a long conversation through, and no variables of more values than anything needs', async () => {
    const one = 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }';
    const turns = (count: number) => new Array(count).fill({ role: 'USER', content: 'x' });
    const input = { member, prompt: 'p', maxTokens: 1 };
    expect((await post(harness, one, { input: { ...input, history: turns(5_000) } })).errors).toBeUndefined();
    const before = harness.services.started.length;
    for (const more of [{ history: turns(15_000) }, { tasteOffset: new Array(100_000).fill(1) }]) {
      const answer = await post(harness, one, { input: { ...input, ...more } });
      expect(limitOf(answer)).toEqual({
        code: 'LIMIT_EXCEEDED',
        limit: 'values',
        maximum: DEFAULT_LIMITS.variableValues,
      });
    }
    let deep: unknown = 1;
    for (let level = 0; level < 1_000; level++) deep = [deep];
    expect(codes(await post(harness, one, { input: { ...input, tasteOffset: deep } }))).not.toEqual(['INTERNAL']);
    expect(harness.services.started).toHaveLength(before);
  });

  it('refuses pages within pages of everything', async () => {
    const inner =
      'generation { feedback { generation { candidates { id } } } candidates { id } } member { encoder { versions { version } } }';
    const query = `{ feedback(memberId: "a", first: 100) { nodes { ${inner} } edges { node { ${inner} } } } b: feedback(memberId: "b", first: 100) { nodes { ${inner} } edges { node { ${inner} } } } }`;
    expect(limitOf(await post(harness, query))).toMatchObject({ limit: 'cost' });
  });
});

function alias(prefix: string, count: number): string {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}: viewer { scope }`).join(' ');
}
