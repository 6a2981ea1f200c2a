/** Whatever is sent as a query, as a body or as a question: the gateway answers, and with a code of the list. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, type Harness, post, startHarness } from '../gateway/harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

describe('whatever is sent', () => {
  const acceptable = ['BAD_USER_INPUT', 'LIMIT_EXCEEDED', 'NOT_FOUND'];
  const expectAnswered = (answer: Awaited<ReturnType<typeof post>>) => {
    expect(answer.status).toBeLessThan(500);
    for (const code of codes(answer)) expect(acceptable).toContain(code);
  };

  it('answers any text as a query with codes of the list', async () => {
    const pieces = [
      '{',
      '}',
      '(',
      ')',
      '...',
      'viewer',
      'pool',
      '@skip(if:true)',
      '$a',
      '"',
      '#',
      '\u0000',
      '😀',
      'fragment a on Query',
      'on',
      ':',
      'mutation',
      '__schema',
      '\ud800',
      '1e999',
      '[',
      '!',
    ];
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(' ')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (query) => expectAnswered(await post(harness, query))),
      { numRuns: 200, seed: 7 },
    );
  });

  it('answers any JSON as a body with codes of the list', async () => {
    const body = fc.oneof(
      fc.json(),
      fc
        .record({ query: fc.constant('query ($id: ID!) { memberById(id: $id) { id } }'), variables: fc.jsonValue() })
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => expectAnswered(await post(harness, '', undefined, { body: text }))),
      { numRuns: 200, seed: 7 },
    );
  });

  it('answers any generate input with codes of the list, or does as it is told', async () => {
    const value = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.object({ maxDepth: 1 }),
    );
    const input = fc.record({
      member: fc.oneof(fc.constant({ platform: 't', externalId: 'a' }), value),
      prompt: fc.oneof(fc.string(), value),
      candidateCount: value,
      maxTokens: value,
      temperature: value,
      history: value,
      key: value,
    });
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        const count =
          typeof given.candidateCount === 'number' && Number.isInteger(given.candidateCount)
            ? { candidateCount: (Math.abs(given.candidateCount) % 8) + 1 }
            : {};
        const answer = await post(harness, 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }', {
          input: { ...given, ...count },
        });
        expectAnswered(answer);
      }),
      { numRuns: 100, seed: 7 },
    );
    expect(harness.log).toEqual([]);
  });
});
