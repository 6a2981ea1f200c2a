import { type GraphQLObjectType, isIntrospectionType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS, type AccessRule } from '../../src/contract/generated/access.js';
import { ruleOf } from '../../src/gateway/access.js';
import type { Viewer } from '../../src/gateway/auth.js';
import { createSchema } from '../../src/gateway/schema.js';
import {
  ADA,
  ADMIN,
  type Belongings,
  BOB,
  EVE,
  type GatewayFixture,
  openGatewayFixture,
  type Reply,
} from './fixture.js';
import { codes } from './harness.js';

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
type Outcomes = Readonly<Record<'bot' | 'member', Row>>;

const NAMED: Outcomes = { bot: ['answered', 'answered', 'refused'], member: ['answered', 'refused', 'refused'] };

/** What has to become of a question by the rule that stands beside its field. */
const OUTCOMES: Readonly<Record<AccessRule['to'], Outcomes>> = {
  ANYBODY: { bot: ALL, member: ALL },
  AS_ABOVE: { bot: ALL, member: ALL },
  ADMIN: { bot: NONE, member: NONE },
  ADMIN_OR_NULL: { bot: ['absent', 'absent', 'absent'], member: ['absent', 'absent', 'absent'] },
  BOT: { bot: ALL, member: NONE },
  /** Named by the platform's ids, or a list: what one may not have is refused. */
  NAMED_MEMBER: NAMED,
  OWNER_OR_REFUSED: NAMED,
  NAMED_PLATFORM: { bot: NAMED.bot, member: NONE },
  /** Named by this service's ids: what one may not have does not exist. */
  OWNER: { bot: ['answered', 'answered', 'absent'], member: ['answered', 'absent', 'absent'] },
};

/** Of several rules the first that does not let the question through decides. */
function expectedOf(place: string, scope: 'admin' | 'bot' | 'member'): Row {
  if (scope === 'admin') return ALL;
  const outcomes = ACCESS[place].map(({ to }) => OUTCOMES[to][scope]);
  return ALL.map((_, i) => outcomes.find((row) => row[i] !== 'answered')?.[i] ?? 'answered') as unknown as Row;
}

interface Case {
  /** The field with its arguments and selection, about these belongings. */
  ask(of: Belongings): string;
  /** Codes that say that the question was let through and had no good answer here. */
  mayFail?: readonly string[];
}

const ref = ({ ref: { platform, externalId } }: Belongings) =>
  `{ platform: "${platform}", externalId: "${externalId}" }`;
const about = (ask: Case['ask'], ...mayFail: string[]): Case => ({ ask, mayFail });
const GENERATION = '{ prompt candidates { text } member { externalId } }';

const CASES: Record<string, Case> = {
  'Query.member': about((of) => `member(ref: ${ref(of)}) { id externalId }`),
  'Query.memberById': about((of) => `memberById(id: "${of.memberId}") { externalId }`),
  'Query.generation': about((of) => `generation(id: "${of.generationId}") ${GENERATION}`),
  'Query.tasteMap': about((of) => `tasteMap(memberId: "${of.memberId}") { replies { candidateId } }`),
  'Query.winRates': about((of) => `winRates(memberId: "${of.memberId}") { rate }`),
  'Query.limits': about(() => 'limits { name value }'),
  'Query.generations': about((of) => `generations(memberId: "${of.memberId}") { nodes { prompt } }`),
  'Query.feedback': about((of) => `feedback(memberId: "${of.memberId}") { nodes { verdict } }`),
  'Query.trainingJob': about((of) => `trainingJob(id: "${of.jobId}") { status }`),
  'Query.trainingJobs': about((of) => `trainingJobs(memberId: "${of.memberId}") { nodes { status } }`),
  'Query.pool': about(() => 'pool { ready }'),
  'Query.errorCounts': about(() => 'errorCounts { code count }'),
  'Query.models': about(() => 'models { name }'),
  'Query.plugins': about(() => 'plugins { name }'),
  'Query.keys': about(() => 'keys { name }'),
  'Query.storage': about(() => 'storage(prefix: "") { key }'),
  'Query.deletionReceipt': about((of) => `deletionReceipt(id: "${of.memberId}") { id }`, 'absent'),
  'Query.platform': about((of) => `platform(name: "${of.ref.platform}") { name }`),
  'Query.viewer': about(() => 'viewer { scope }'),

  'Mutation.generate': about(
    (of) => `generate(input: { member: ${ref(of)}, prompt: "hello", maxTokens: 2 }) ${GENERATION}`,
  ),
  'Mutation.askTuningQuestion': about((of) => `askTuningQuestion(input: { member: ${ref(of)} }) ${GENERATION}`),
  'Mutation.cancelGeneration': about((of) => `cancelGeneration(id: "${of.generationId}") ${GENERATION}`),
  'Mutation.submitFeedback': about(
    (of) => `submitFeedback(input: { generationId: "${of.generationId}", verdict: TIE }) { feedback { verdict } }`,
  ),
  'Mutation.withdrawFeedback': about((of) => `withdrawFeedback(id: "${of.feedbackId}") { feedback { state } }`),
  'Mutation.trainMember': about((of) => `trainMember(memberId: "${of.memberId}") { id }`),
  'Mutation.cancelTraining': about((of) => `cancelTraining(id: "${of.jobId}") { status }`, 'CONFLICT'),
  'Mutation.rollbackMember': about((of) => `rollbackMember(memberId: "${of.memberId}", version: 0) { id externalId }`),
  'Mutation.setConsent': about(
    (of) => `setConsent(memberId: "${of.memberId}", input: { learn: true }) { consent { learn } }`,
  ),
  'Mutation.exportTaste': about((of) => `exportTaste(memberId: "${of.memberId}") { data }`, 'CONFLICT'),
  'Mutation.importTaste': about(
    (of) => `importTaste(memberId: "${of.memberId}", data: "no taste") { id }`,
    'BAD_USER_INPUT',
  ),
  'Mutation.forgetMember': about((of) => `forgetMember(memberId: "${of.memberId}") { id }`),
  'Mutation.createMemberToken': about((of) => `createMemberToken(member: ${ref(of)}) { token }`),
  'Mutation.createKey': about(() => 'createKey(input: { name: "one more", scope: ADMIN }) { secret }'),
  'Mutation.rotateKey': about((of) => `rotateKey(id: "${of.memberId}") { secret }`, 'NOT_FOUND'),
  'Mutation.revokeKey': about((of) => `revokeKey(id: "${of.memberId}") { id }`, 'NOT_FOUND'),
  'Query.diagnosePlugin': about(() => 'diagnosePlugin(name: "none") { level }', 'NOT_FOUND'),
  'Mutation.configurePlugin': about(() => 'configurePlugin(name: "none", input: {}) { name }', 'NOT_FOUND'),
  'Mutation.startPlugin': about(() => 'startPlugin(name: "none") { name }', 'NOT_FOUND'),
  'Mutation.stopPlugin': about(() => 'stopPlugin(name: "none") { name }', 'NOT_FOUND'),
  'Mutation.setStorage': about((of) => `setStorage(key: "a", value: "b", memberId: "${of.memberId}")`),

  'Subscription.generationStream': about(
    (of) => `generationStream(input: { member: ${ref(of)}, prompt: "hello", maxTokens: 2 }) { __typename }`,
  ),
  'Subscription.trainingStatus': about((of) => `trainingStatus(memberId: "${of.memberId}") { status }`),
  'Subscription.poolStatus': about(() => 'poolStatus { ready }'),
  'Subscription.errorStatus': about(() => 'errorStatus { code }'),

  // Last: afterwards votes wait for consent.
  'Mutation.setPlatform': about((of) => `setPlatform(name: "${of.ref.platform}", input: {}) { name }`),
};

/** Not asked here: no plugin runs, and this subscription waits for one. Its rule is compared instead. */
const UNASKED = { 'Subscription.pluginStatus': 'Query.plugins' } as const;

let world: GatewayFixture;
const viewers: Record<'admin' | 'bot' | 'member', Viewer> = { admin: ADMIN, bot: ADMIN, member: ADMIN };

beforeAll(async () => {
  // The walk takes as long as the machine lets it: no rate may end it on a fast one.
  world = await openGatewayFixture({ operationsAtOnceOfBot: 10_000, operationsAtOnceOfMember: 10_000 });
  await world.belongings(ADA);
  viewers.bot = await world.viewer((await world.botKey('north')).secret);
});
afterAll(() => world.close());

describe('what is said of access beside the fields', () => {
  it('is a rule for every field that is served', () => {
    const fields = objectTypes.flatMap((type) => Object.keys(type.getFields()).map((field) => [type.name, field]));
    const without = fields.filter(([type, field]) => !ruleOf(type, field)).map((place) => place.join('.'));
    expect(without).toEqual([]);
  });

  it('is everybody’s to ask for only where it was looked at', () => {
    const roots = ['Query', 'Mutation', 'Subscription'];
    const ofEverybody = Object.entries(ACCESS).filter(([, rules]) => rules.some(({ to }) => to === 'ANYBODY'));
    expect(ofEverybody.map(([place]) => place).sort()).toEqual([
      'Candidate.id',
      'Candidate.index',
      'Feedback.id',
      'Generation.id',
      'Generation.member',
      'Member.id',
      'Query.models',
      'Query.pool',
      'Query.viewer',
      'Subscription.poolStatus',
      'TrainingJob.id',
    ]);
    const parts = Object.entries(ACCESS).filter(([, rules]) => rules.some(({ to }) => to === 'AS_ABOVE'));
    expect(parts.filter(([place]) => roots.includes(place.split('.')[0]))).toEqual([]);
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

describe.each(present)('%s', (place, { ask, mayFail }) => {
  const [type, field] = place.split('.');
  it.each(['admin', 'bot', 'member'] as const)('keeps to its rule for a key of scope %s', async (scope) => {
    // A member that was forgotten comes back as another one, for whom the token of before is none.
    if (scope === 'member') viewers.member = await world.viewer(await world.token(ADA));
    const expected = expectedOf(place, scope);
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
