import { type GraphQLObjectType, isIntrospectionType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ruleOf } from '../../src/gateway/access.js';
import type { Viewer } from '../../src/gateway/auth.js';
import { createSchema } from '../../src/gateway/schema.js';
import { codes } from './harness.js';
import { ADA, ADMIN, type Belongings, BOB, EVE, openWorld, type Reply, type World } from './world.js';

const schema = createSchema();
const objectTypes = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !isIntrospectionType(type),
);

/** What became of a question: it was answered, there is no such thing, or it was refused. */
type Outcome = 'answered' | 'absent' | 'refused';
/** For what is one's own, another's on the same platform, and somebody's on another platform. */
type Row = readonly [Outcome, Outcome, Outcome];

const ALL: Row = ['answered', 'answered', 'answered'];
const NONE: Row = ['refused', 'refused', 'refused'];

/** Expected outcomes by the kind of thing that a field is about. */
const KINDS = {
  anybody: { bot: ALL, member: ALL },
  admins: { bot: NONE, member: NONE },
  bots: { bot: ALL, member: NONE },
  /** Named by the platform's ids, or a list: what one may not have is refused. */
  named: { bot: ['answered', 'answered', 'refused'], member: ['answered', 'refused', 'refused'] },
  namedByBots: { bot: ['answered', 'answered', 'refused'], member: NONE },
  /** Named by this service's ids: what one may not have does not exist. */
  identified: { bot: ['answered', 'answered', 'absent'], member: ['answered', 'absent', 'absent'] },
  identifiedByBots: { bot: ['answered', 'answered', 'absent'], member: NONE },
} as const satisfies Record<string, { bot: Row; member: Row }>;

interface Case {
  kind: keyof typeof KINDS;
  /** The field with its arguments and selection, about these belongings. */
  ask(of: Belongings): string;
  /** Codes that say that the question was let through and had no good answer here. */
  mayFail?: readonly string[];
}

const ref = ({ ref: { platform, externalId } }: Belongings) =>
  `{ platform: "${platform}", externalId: "${externalId}" }`;
const about = (kind: Case['kind'], ask: Case['ask'], ...mayFail: string[]): Case => ({ kind, ask, mayFail });
const GENERATION = '{ prompt candidates { text } member { externalId } }';

const CASES: Record<string, Case> = {
  'Query.member': about('named', (of) => `member(ref: ${ref(of)}) { id externalId }`),
  'Query.memberById': about('identified', (of) => `memberById(id: "${of.memberId}") { externalId }`),
  'Query.generation': about('identified', (of) => `generation(id: "${of.generationId}") ${GENERATION}`),
  'Query.tasteMap': about('identified', (of) => `tasteMap(memberId: "${of.memberId}") { replies { candidateId } }`),
  'Query.winRates': about('named', (of) => `winRates(memberId: "${of.memberId}") { rate }`),
  'Query.limits': about('admins', () => 'limits { name value }'),
  'Query.generations': about('named', (of) => `generations(memberId: "${of.memberId}") { nodes { prompt } }`),
  'Query.feedback': about('named', (of) => `feedback(memberId: "${of.memberId}") { nodes { verdict } }`),
  'Query.trainingJob': about('identified', (of) => `trainingJob(id: "${of.jobId}") { status }`),
  'Query.trainingJobs': about('named', (of) => `trainingJobs(memberId: "${of.memberId}") { nodes { status } }`),
  'Query.pool': about('anybody', () => 'pool { ready }'),
  'Query.errorCounts': about('admins', () => 'errorCounts { code count }'),
  'Query.models': about('anybody', () => 'models { name }'),
  'Query.plugins': about('admins', () => 'plugins { name }'),
  'Query.keys': about('admins', () => 'keys { name }'),
  'Query.storage': about('bots', () => 'storage(prefix: "") { key }'),
  'Query.deletionReceipt': about('bots', (of) => `deletionReceipt(id: "${of.memberId}") { id }`, 'absent'),
  'Query.platform': about('namedByBots', (of) => `platform(name: "${of.ref.platform}") { name }`),
  'Query.viewer': about('anybody', () => 'viewer { scope }'),

  'Mutation.generate': about(
    'named',
    (of) => `generate(input: { member: ${ref(of)}, prompt: "hello", maxTokens: 2 }) ${GENERATION}`,
  ),
  'Mutation.cancelGeneration': about('identified', (of) => `cancelGeneration(id: "${of.generationId}") ${GENERATION}`),
  'Mutation.submitFeedback': about(
    'identified',
    (of) => `submitFeedback(input: { generationId: "${of.generationId}", verdict: TIE }) { feedback { verdict } }`,
  ),
  'Mutation.withdrawFeedback': about(
    'identified',
    (of) => `withdrawFeedback(id: "${of.feedbackId}") { feedback { state } }`,
  ),
  'Mutation.trainMember': about('identified', (of) => `trainMember(memberId: "${of.memberId}") { id }`),
  'Mutation.cancelTraining': about('identified', (of) => `cancelTraining(id: "${of.jobId}") { status }`, 'CONFLICT'),
  'Mutation.rollbackMember': about(
    'identified',
    (of) => `rollbackMember(memberId: "${of.memberId}", version: 0) { id externalId }`,
  ),
  'Mutation.setConsent': about(
    'identified',
    (of) => `setConsent(memberId: "${of.memberId}", input: { learn: true }) { consent { learn } }`,
  ),
  'Mutation.exportTaste': about('identified', (of) => `exportTaste(memberId: "${of.memberId}") { data }`, 'CONFLICT'),
  'Mutation.importTaste': about(
    'identified',
    (of) => `importTaste(memberId: "${of.memberId}", data: "no taste") { id }`,
    'BAD_USER_INPUT',
  ),
  'Mutation.forgetMember': about('identified', (of) => `forgetMember(memberId: "${of.memberId}") { id }`),
  'Mutation.createMemberToken': about('namedByBots', (of) => `createMemberToken(member: ${ref(of)}) { token }`),
  'Mutation.createKey': about('admins', () => 'createKey(input: { name: "one more", scope: ADMIN }) { secret }'),
  'Mutation.rotateKey': about('admins', (of) => `rotateKey(id: "${of.memberId}") { secret }`, 'NOT_FOUND'),
  'Mutation.revokeKey': about('admins', (of) => `revokeKey(id: "${of.memberId}") { id }`, 'NOT_FOUND'),
  'Query.diagnosePlugin': about('admins', () => 'diagnosePlugin(name: "none") { level }', 'NOT_FOUND'),
  'Mutation.configurePlugin': about('admins', () => 'configurePlugin(name: "none", input: {}) { name }', 'NOT_FOUND'),
  'Mutation.startPlugin': about('admins', () => 'startPlugin(name: "none") { name }', 'NOT_FOUND'),
  'Mutation.stopPlugin': about('admins', () => 'stopPlugin(name: "none") { name }', 'NOT_FOUND'),
  'Mutation.setStorage': about('namedByBots', (of) => `setStorage(key: "a", value: "b", memberId: "${of.memberId}")`),

  'Subscription.generationStream': about(
    'named',
    (of) => `generationStream(input: { member: ${ref(of)}, prompt: "hello", maxTokens: 2 }) { __typename }`,
  ),
  'Subscription.trainingStatus': about('named', (of) => `trainingStatus(memberId: "${of.memberId}") { status }`),
  'Subscription.poolStatus': about('anybody', () => 'poolStatus { ready }'),
  'Subscription.errorStatus': about('admins', () => 'errorStatus { code }'),

  // Last: afterwards votes wait for consent.
  'Mutation.setPlatform': about('namedByBots', (of) => `setPlatform(name: "${of.ref.platform}", input: {}) { name }`),
};

/** Not asked here: no plugin runs, and this subscription waits for one. Its rule is compared instead. */
const UNASKED = { 'Subscription.pluginStatus': 'Query.plugins' } as const;

let world: World;
const viewers: Record<'admin' | 'bot' | 'member', Viewer> = { admin: ADMIN, bot: ADMIN, member: ADMIN };

beforeAll(async () => {
  // The walk takes as long as the machine lets it: no rate may end it on a fast one.
  world = await openWorld({ operationsAtOnceOfBot: 10_000, operationsAtOnceOfMember: 10_000 });
  await world.belongings(ADA);
  viewers.bot = await world.viewer((await world.botKey('north')).secret);
});
afterAll(() => world.close());

describe('the access table', () => {
  it('has a rule for every field of the contract, and no rule for a field that is not there', () => {
    const fields = objectTypes.flatMap((type) => Object.keys(type.getFields()).map((field) => [type.name, field]));
    const without = fields.filter(([type, field]) => !ruleOf(type, field)).map((place) => place.join('.'));
    expect(without).toEqual([]);
  });

  it('is tried out field by field below', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const fields = roots.flatMap((type) =>
      Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`),
    );
    expect(fields.filter((field) => !(field in CASES) && !(field in UNASKED))).toEqual([]);
    for (const [field, like] of Object.entries(UNASKED)) {
      expect(ruleOf(...(field.split('.') as [string, string]))).toBe(ruleOf(...(like.split('.') as [string, string])));
    }
  });
});

const present = Object.entries(CASES).filter(([place]) => {
  const [type, field] = place.split('.');
  return (schema.getType(type) as GraphQLObjectType).getFields()[field] !== undefined;
});

describe.each(present)('%s', (place, { kind, ask, mayFail }) => {
  const [type, field] = place.split('.');
  it.each(['admin', 'bot', 'member'] as const)('keeps to the table for a key of scope %s', async (scope) => {
    // A member that was forgotten comes back as another one, for whom the token of before is none.
    if (scope === 'member') viewers.member = await world.viewer(await world.token(ADA));
    const expected = scope === 'admin' ? ALL : KINDS[kind][scope];
    const targets = [scope === 'member' ? ADA : BOB, BOB, EVE];
    for (const [i, target] of targets.entries()) {
      // Members that are forgotten are not there afterwards, so each question is about something new.
      const belongings = await world.belongings(target);
      const reply = await world.ask(viewers[scope], `${type.toLowerCase()} { ${ask(belongings)} }`);
      const outcome = outcomeOf(reply, field, mayFail);
      expect({
        target: target.externalId,
        outcome,
        errors: outcome === expected[i] ? undefined : reply.errors,
      }).toEqual({
        target: target.externalId,
        outcome: expected[i],
      });
    }
  });
});

function outcomeOf({ data, errors }: Reply, field: string, mayFail: readonly string[] = []): Outcome {
  const codes = (errors ?? []).map((error) => String(error.extensions?.code));
  if (codes.includes('FORBIDDEN')) return 'refused';
  if (codes.some((code) => mayFail.includes(code))) return 'answered';
  if (codes.includes('NOT_FOUND')) return 'absent';
  expect(errors).toBeUndefined();
  if (data?.[field] === null) return mayFail.includes('absent') ? 'answered' : 'absent';
  return 'answered';
}

describe('what is gone on with', () => {
  it.each(['admin', 'bot', 'member'] as const)('is the member’s own, for a key of scope %s', async (scope) => {
    viewers.member = await world.viewer(await world.token(ADA));
    const own = await world.belongings(ADA);
    const [bobs, eves] = [await world.belongings(BOB), await world.belongings(EVE)];
    const going = (root: string, candidateId: string) =>
      world.ask(
        viewers[scope],
        root.replace('INPUT', `{ member: ${ref(own)}, prompt: "hello", maxTokens: 2, continues: "${candidateId}" }`),
      );
    const once = 'mutation { generate(input: INPUT) { candidates { index } } }';
    const stream = 'subscription { generationStream(input: INPUT) { __typename } }';
    expect(await going(once, own.candidateId)).toMatchObject({ data: { generate: { candidates: [{ index: 0 }] } } });
    expect((await going(stream, own.candidateId)).errors).toBeUndefined();
    for (const { candidateId } of [bobs, eves]) {
      for (const root of [once, stream]) expect(codes(await going(root, candidateId))).toEqual(['NOT_FOUND']);
    }
  });
});
