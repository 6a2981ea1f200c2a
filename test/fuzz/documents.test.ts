/**
 * Hostile documents through the whole engine: parsing, limits, rules, execution. Each seed is one test. PALATE_FUZZ=5 looks at five times as
 * many, a hundred thousand.
 */
import { type DocumentNode, getIntrospectionQuery, getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { ERROR_CODES } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import type { Viewer } from '../../src/gateway/auth.js';
import type { InProcessExecutor } from '../../src/gateway/gateway.js';
import { operationCost } from '../../src/gateway/operation-cost.js';
import { createSchema } from '../../src/gateway/schema.js';
import { checkGenerateInput } from '../../src/services/generations/generate-input.js';
import { type Harness, KEY, startHarness } from '../gateway/harness.js';
import { HostileDocuments, type HostileRequest } from './hostile-documents.js';

const SEEDS = 20;
const DOCUMENTS = SEEDS * 1_000 * Number(process.env.PALATE_FUZZ ?? 1);
/** Processor time one document may take, in milliseconds, on a slow machine. */
const SLOWEST_MS = 2_000;

/** Far above what the documents use: rates have tests of their own. */
const UNCOUNTED = {
  operationsPerMinuteOfBot: 10_000_000,
  operationsAtOnceOfBot: 10_000_000,
  operationsPerMinuteOfMember: 10_000_000,
  operationsAtOnceOfMember: 10_000_000,
  generationsPerMinute: 10_000_000,
  generationsAtOnce: 10_000_000,
};

const ada = { id: 'ada', platform: 'test', externalId: 'ada', scope: '' };
const VIEWERS: Record<string, Viewer> = {
  admin: { scope: 'ADMIN', platform: null, memberId: null },
  bot: { scope: 'BOT', platform: 'test', memberId: null, owner: 'bot' },
  member: { scope: 'MEMBER', platform: null, memberId: 'ada', member: ada },
  foreignBot: { scope: 'BOT', platform: 'elsewhere', memberId: null, owner: 'elsewhere' },
  foreignMember: { scope: 'MEMBER', platform: null, memberId: 'eve', member: { ...ada, id: 'eve', externalId: 'eve' } },
};
/** Nothing is on these viewers' platforms, or theirs: they are told of no member, generation or job. */
const FOREIGN = ['foreignBot', 'foreignMember'];
/** The moment at which everything of the services was made, and the role that only admins see. */
const [MADE_AT, ROLE] = ['2030-01-02T03:04:05.006Z', '"BASE"'];
const INSIDES = /node_modules|\.[jt]s:\d|\n {4}at |file:\/\/|TypeError|Cannot read|SELECT |palate_admin/;

const schema = createSchema();
let harness: Harness;
/** Objects of an answer that holds the whole schema. */
let schemaObjects: number;
const executors = new Map<string, InProcessExecutor>();

beforeAll(async () => {
  harness = await startHarness(UNCOUNTED);
  harness.services.wordMs = 0;
  const { generations } = harness.services;
  const start = generations.start;
  // The services of these tests take everything; the product's look at the numbers first.
  generations.start = async (input, signal) => {
    checkGenerateInput(input, DEFAULT_LIMITS);
    return start(input, signal);
  };
  for (const [name, viewer] of Object.entries(VIEWERS)) executors.set(name, harness.gateway.executorFor(viewer));
  schemaObjects = objectsIn(
    (await harness.gateway.executorFor(VIEWERS.admin).execute({ query: getIntrospectionQuery() })).data,
  );
});
afterAll(() => harness.stop());

describe('hostile documents', () => {
  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))('of seed %d are answered within bounds', async (seed) => {
    const random = new Random(seed);
    const documents = new HostileDocuments(schema, random.fork('documents'));
    const seen = { data: 0, refused: 0 };
    for (let i = 0; i < DOCUMENTS / SEEDS; i++) {
      const request = documents.next();
      const name = random.sample(Object.keys(VIEWERS), 1)[0];
      const problem = await problemOf(request, name, seen);
      if (problem) expect.fail(`${problem}\nas ${name}: ${JSON.stringify(request).slice(0, 4_000)}`);
    }
    // Neither does everything pass nor is everything turned away.
    expect(seen.data).toBeGreaterThan(DOCUMENTS / SEEDS / 50);
    expect(seen.refused).toBeGreaterThan(DOCUMENTS / SEEDS / 10);
    expect(harness.log).toEqual([]);
  });
});

/** What is wrong with the answer; null if nothing is. */
async function problemOf(
  request: HostileRequest,
  name: string,
  seen: { data: number; refused: number },
): Promise<string | null> {
  const before = harness.services.started.length;
  const begin = process.cpuUsage();
  const { data, errors } = await (executors.get(name) as InProcessExecutor).execute(request);
  const used = process.cpuUsage(begin);
  if ((used.user + used.system) / 1_000 > SLOWEST_MS) return `It took ${(used.user + used.system) / 1_000} ms.`;

  for (const { message, extensions } of errors ?? []) {
    const code = extensions?.code as (typeof ERROR_CODES)[number];
    if (!ERROR_CODES.includes(code) || code === 'INTERNAL') return `It got the code ${code}: ${message}`;
    if (INSIDES.test(message.replaceAll(JSON.stringify(request), ''))) return `It saw our insides: ${message}`;
  }
  if (data == null) {
    seen.refused++;
    return errors && errors.length > 0 ? null : 'It was answered with nothing.';
  }
  seen.data++;
  const text = JSON.stringify(data);
  if (text.includes(KEY)) return 'It saw the key.';
  if (name !== 'admin' && text.includes(ROLE)) return 'It saw a role.';
  if (FOREIGN.includes(name) && text.includes(MADE_AT)) return 'It saw what belongs to others.';

  const tokens = harness.services.started
    .slice(before)
    .reduce(
      (sum, { candidateCount, maxTokens }) => sum + Math.max(candidateCount ?? 2, 0) * Math.max(maxTokens ?? 128, 0),
      0,
    );
  if (/__schema|__type\W/.test(request.query))
    return objectsIn(data) > schemaObjects * 2 + DEFAULT_LIMITS.operationCost
      ? 'It saw the schema many times over.'
      : null;
  const cost = objectsIn(data) + tokens;
  const bound = boundOf(request);
  if (cost > DEFAULT_LIMITS.operationCost) return `It cost ${cost}.`;
  return cost > bound ? `It cost ${cost}, and ${bound} was expected.` : null;
}

function boundOf({ query, variables, operationName }: HostileRequest): number {
  const document: DocumentNode = parse(query);
  const operation = getOperationAST(document, operationName);
  return operation ? operationCost({ schema, document, operation, variables }, DEFAULT_LIMITS) : 0;
}

/** Objects below the root. */
function objectsIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + objectsIn(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, field) => sum + objectsIn(field) + directObjects(field), 0);
}

function directObjects(field: unknown): number {
  if (Array.isArray(field)) return field.filter((item) => typeof item === 'object' && item !== null).length;
  return typeof field === 'object' && field !== null ? 1 : 0;
}
