/** What a caller leaves out is what the operator set, not what the contract's file says. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ADA, ADMIN, type GatewayFixture, openGatewayFixture } from './fixture.js';

let world: GatewayFixture;
beforeAll(async () => {
  world = await openGatewayFixture({
    candidateCountDefault: 3,
    maxTokensDefault: 4,
    pageSizeDefault: 1,
    pageSizeMaximum: 3,
  });
});
afterAll(() => world.close());

const MEMBER = `{ platform: "${ADA.platform}", externalId: "${ADA.externalId}" }`;

it('holds for a generation', async () => {
  const tokens = async (more: string): Promise<number[]> => {
    const query = `mutation { generate(input: { member: ${MEMBER}, prompt: "hello" ${more} }) { candidates { tokens } } }`;
    const { data } = await world.ask(ADMIN, query);
    return data?.generate.candidates.map((candidate: { tokens: number }) => candidate.tokens);
  };
  const counts = await tokens('');
  expect(counts.length).toBe(3);
  expect(Math.max(...counts)).toBeLessThanOrEqual(4);
  expect((await tokens('candidateCount: 2')).length).toBe(2);
});

it('holds for a page', async () => {
  const { memberId } = await world.belongings(ADA);
  await world.belongings(ADA);
  const page = async (first: string) =>
    (await world.ask(ADMIN, `{ feedback(memberId: "${memberId}"${first}) { nodes { id } } }`)).data?.feedback.nodes;
  expect((await page('')).length).toBe(1);
  expect((await page(', first: null')).length).toBe(1);
  expect((await page(', first: 2')).length).toBe(2);
});

it('is shown to those who read the schema', async () => {
  const { data } = await world.ask(
    ADMIN,
    '{ __type(name: "GenerateInput") { inputFields { name defaultValue } } query: __type(name: "Query") { fields { name args { name defaultValue } } } }',
  );
  const fields = data?.__type.inputFields as { name: string; defaultValue: string }[];
  expect(fields.find(({ name }) => name === 'candidateCount')?.defaultValue).toBe('3');
  const queries = data?.query.fields as { name: string; args: { name: string; defaultValue: string }[] }[];
  const first = (query: string) =>
    queries.find(({ name }) => name === query)?.args.find(({ name }) => name === 'first')?.defaultValue;
  expect(first('feedback')).toBe('1');
  expect(first('storage')).toBe('3');
});
