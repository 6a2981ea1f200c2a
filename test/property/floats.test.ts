/** Floats of every class in every number of a request: refused by the field's name, or handed on as numbers that can be computed with. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GenerateInput } from '../../src/contract/generated/types.js';
import { checkDecodeRequest } from '../../src/runtime/check-request.js';
import { openServicesFixture, type ServicesFixture, tinyCheckpoint } from '../services/fixture.js';

const RUNS = 500;

let fixture: ServicesFixture;
beforeAll(async () => {
  fixture = await openServicesFixture();
});
afterAll(() => fixture.close());

const DENORMAL = [5e-324, -5e-324, 1e-310, 1e-45, 1e-38];
const HUGE = [3.4e38, -3.4e38, 1e300, -1e300, Number.MAX_VALUE, 2 ** 31, 2 ** 53 + 1];
const float = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
  { weight: 2, arbitrary: fc.constantFrom(0, -0, 1, 0.5, Number.EPSILON, ...DENORMAL, ...HUGE) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
);
const fields = {
  candidateCount: float,
  maxTokens: fc.oneof(float, fc.integer({ min: 1, max: 8 })),
  temperature: float,
  topP: float,
  minP: float,
  dryMultiplier: float,
  strength: float,
  seed: fc.oneof(float, fc.integer()),
  tasteOffset: fc.array(float, { maxLength: 40 }),
};

it(`${RUNS} requests`, async () => {
  const named = fc
    .tuple(fc.record(fields), fc.subarray(Object.keys(fields), { minLength: 1, maxLength: 2 }))
    .map(([all, names]) => Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))));
  const config = { vocabulary: 288, contextLength: 2048, layers: 1, kvHeads: 1, headSize: 2 };
  const bounds = { config, latentSize: tinyCheckpoint().latentSize };
  const seen = { refused: 0, passed: 0 };
  await fc.assert(
    fc.asyncProperty(named, async (numbers) => {
      const input: GenerateInput = {
        member: { platform: 'test', externalId: randomUUID() },
        prompt: 'Say hello.',
        maxTokens: 4,
        ...numbers,
      };
      try {
        await (await fixture.services.generations.start(input)).finished;
      } catch (error) {
        expect(error).toMatchObject({ code: 'BAD_USER_INPUT' });
        expect((error as Error).message).toMatch(new RegExp(Object.keys(numbers).join('|')));
        seen.refused++;
        return;
      }
      seen.passed++;
      const request = fixture.runtime.requests.at(-1);
      if (!request) throw new Error('nothing was asked of the runtime');
      checkDecodeRequest(request, bounds);
    }),
    { numRuns: RUNS },
  );
  expect(Math.min(seen.refused, seen.passed)).toBeGreaterThan(RUNS / 10);
});
