import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../src/gateway/auth.js';
import { ADA, ADMIN, type Belongings, BOB, EVE, type GatewayFixture, openGatewayFixture } from './fixture.js';
import { codes, KEY } from './harness.js';

let world: GatewayFixture;
let bot: Viewer;
let ada: Viewer;
let bob: Viewer;
let of: Record<'ada' | 'bob' | 'eve', Belongings>;

beforeAll(async () => {
  world = await openGatewayFixture();
  of = { ada: await world.belongings(ADA), bob: await world.belongings(BOB), eve: await world.belongings(EVE) };
  bot = await world.viewer((await world.botKey('north')).secret);
  ada = await world.viewer(await world.token(ADA));
  bob = await world.viewer(await world.token(BOB));
});
afterAll(() => world.close());

const named = ({ ref: { platform, externalId } }: Belongings) =>
  `{ platform: "${platform}", externalId: "${externalId}" }`;

describe('lists without a member', () => {
  it('show a bot its platform, a member itself, and an admin everybody', async () => {
    const query = '{ trainingJobs(first: 100) { totalCount nodes { member { externalId } } } }';
    const whose = async (viewer: Viewer) => {
      const { data } = await world.ask(viewer, query);
      const page = data?.trainingJobs as { nodes: { member: { externalId: string } }[]; totalCount: number };
      const { nodes, totalCount } = page;
      expect(totalCount).toBe(nodes.length);
      return [...new Set(nodes.map((node) => node.member.externalId))].sort();
    };
    expect(await whose(ADMIN)).toEqual(['ada', 'bob', 'eve']);
    expect(await whose(bot)).toEqual(['ada', 'bob']);
    expect(await whose(ada)).toEqual(['ada']);
  });

  it('tell watchers of trainings of theirs only', async () => {
    const watch = (viewer: Viewer) => {
      const seen = new Set<string>();
      const query = 'subscription { trainingStatus { member { externalId } } }';
      const events = world.gateway.executorFor(viewer).subscribe({ query });
      const reading = (async () => {
        for await (const { data } of events) {
          seen.add((data as { trainingStatus: { member: { externalId: string } } }).trainingStatus.member.externalId);
        }
      })();
      const end = async () => {
        await events.return();
        await reading;
      };
      return { seen, end };
    };
    const watchers = { admin: watch(ADMIN), bot: watch(bot), ada: watch(ada) };
    for (const member of [EVE, BOB, ADA, EVE]) await world.fixture.trained((await world.belongings(member)).memberId);
    const done = () => watchers.admin.seen.size === 3 && watchers.bot.seen.size === 2 && watchers.ada.seen.size === 1;
    await expect.poll(done).toBe(true);
    for (const watcher of Object.values(watchers)) await watcher.end();
    expect([...watchers.bot.seen].sort()).toEqual(['ada', 'bob']);
    expect([...watchers.ada.seen]).toEqual(['ada']);
  });
});

describe('a verdict on somebody else’s generation', () => {
  const vote = (generation: Belongings, voter: Belongings) =>
    `mutation { submitFeedback(input: { generationId: "${generation.generationId}", member: ${named(voter)}, verdict: GOOD,
      chosenCandidateId: "${generation.candidateId}" }) { feedback { id } } }`;

  it('may be brought by their bot, not by the member, and not across platforms', async () => {
    expect((await world.ask(bot, vote(of.ada, of.bob))).errors).toBeUndefined();
    expect(codes(await world.ask(bob, vote(of.ada, of.bob)))).toEqual(['NOT_FOUND']);
    expect(codes(await world.ask(ada, vote(of.ada, of.bob)))).toEqual(['FORBIDDEN']);
    expect(codes(await world.ask(bot, vote(of.ada, of.eve)))).toEqual(['FORBIDDEN']);
    expect(codes(await world.ask(bot, vote(of.eve, of.ada)))).toEqual(['NOT_FOUND']);
  });

  it('shows its voter the ids of what was judged, and not what was written', async () => {
    const list = (fields: string) =>
      `{ feedback(memberId: "${of.bob.memberId}") { nodes { verdict chosen { id } generation ${fields} } } }`;
    const ids = await world.ask(bob, list('{ id member { id } candidates { id } }'));
    expect(codes(ids)).toEqual(['NOT_FOUND']);
    const links = await world.ask(bob, list('{ id member { id } }'));
    expect(links.errors).toBeUndefined();
    expect(JSON.stringify(links.data)).toContain(of.ada.generationId);
    for (const fields of ['{ prompt }', '{ candidates { text } }', '{ member { externalId } }']) {
      const hidden = await world.ask(bob, list(fields));
      expect(codes(hidden)).toContain('NOT_FOUND');
      expect(JSON.stringify(hidden)).not.toContain('hello');
    }
    const verdict = await world.ask(bob, list('{ feedback { id } }'));
    expect(JSON.stringify(verdict.data)).toContain('"generation":{"feedback":null}');
    const text = `{ feedback(memberId: "${of.bob.memberId}") { nodes { chosen { text } } } }`;
    expect(codes(await world.ask(bob, text))).toContain('NOT_FOUND');
  });
});

describe('a member’s token', () => {
  it('comes with a link to the console that lets this member in', async () => {
    const query = `mutation { createMemberToken(member: ${named(of.ada)}) { token url expiresAt } }`;
    const made = await world.ask(bot, query);
    const { token, url, expiresAt } = made.data?.createMemberToken ?? {};
    expect(url).toBe(`${world.url}/#token=${token}`);
    const { data } = await world.post(token, '{ viewer { scope platform member { externalId } expiresAt } }');
    expect(data?.viewer).toEqual({ scope: 'MEMBER', platform: null, member: { externalId: 'ada' }, expiresAt });
  });
});

describe('fields below what may be seen', () => {
  it('hide how a candidate was made from everybody but admins', async () => {
    const query = `{ generation(id: "${of.ada.generationId}") { candidates { role } } }`;
    const roles = async (viewer: Viewer) => {
      const { data, errors } = await world.ask(viewer, query);
      expect(errors).toBeUndefined();
      const generation = data?.generation as { candidates: { role: string | null }[] };
      return generation.candidates.map(({ role }) => role);
    };
    expect(await roles(ADMIN)).not.toContain(null);
    expect(await roles(bot)).toEqual([null, null]);
    expect(await roles(ada)).toEqual([null, null]);
  });

  it('answer about other members’ verdicts to those who may name them', async () => {
    const query = (whose: Belongings) =>
      `{ generation(id: "${of.ada.generationId}") { feedback(member: ${named(whose)}) { verdict } } }`;
    expect((await world.ask(ada, query(of.ada))).data).toMatchObject({
      generation: { feedback: { verdict: 'CHOSEN' } },
    });
    expect(codes(await world.ask(ada, query(of.bob)))).toEqual(['FORBIDDEN']);
    expect((await world.ask(bot, query(of.bob))).errors).toBeUndefined();
    expect(codes(await world.ask(bot, query(of.eve)))).toEqual(['FORBIDDEN']);
  });

  it('are behind every alias and fragment alike', async () => {
    const query = `query { a: memberById(id: "${of.eve.memberId}") { ...F } b: memberById(id: "${of.ada.memberId}") { ...F } }
      fragment F on Member { x: externalId }`;
    expect(await world.ask(bot, query)).toEqual({ data: { a: null, b: { x: 'ada' } } });
  });
});

describe('a generation that is being written', () => {
  it('is cancelled by its own bot and by no other', async () => {
    let go = () => {};
    world.fixture.runtime.holdDecoding = new Promise((resolve) => {
      go = resolve;
    });
    const input = { member: ADA, prompt: 'hello', maxTokens: 50 };
    const started = await world.fixture.services.generations.start(input);
    const cancel = `mutation { cancelGeneration(id: "${started.id}") { candidates { finishReason } } }`;
    const south = await world.viewer((await world.botKey('south')).secret);
    expect(codes(await world.ask(south, cancel))).toEqual(['NOT_FOUND']);
    expect(codes(await world.ask(bob, cancel))).toEqual(['NOT_FOUND']);
    expect(JSON.stringify(await world.ask(bot, cancel))).toContain('CANCELLED');
    world.fixture.runtime.holdDecoding = undefined;
    go();
  });
});

describe('idempotency keys', () => {
  it('of one platform are nothing to another', async () => {
    const south = await world.viewer((await world.botKey('south')).secret);
    const query = 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }';
    const input = (member: typeof ADA) => ({ input: { member, prompt: 'hello', maxTokens: 2, key: 'message-1' } });
    const first = await world.ask(bot, query, input(ADA));
    const again = await world.ask(bot, query, input(ADA));
    const other = await world.ask(south, query, input(EVE));
    expect(other.errors).toBeUndefined();
    expect(again.data).toEqual(first.data);
    expect(other.data).not.toEqual(first.data);
    const vote = (of: Belongings) =>
      `mutation { submitFeedback(input: { generationId: "${of.generationId}", verdict: TIE, key: "vote-1" }) { feedback { id } } }`;
    expect((await world.ask(bot, vote(of.ada))).errors).toBeUndefined();
    expect((await world.ask(south, vote(of.eve))).errors).toBeUndefined();
    expect(codes(await world.ask(bot, vote(of.bob)))).toEqual(['CONFLICT']);
  });
});

it('says who may, and with what kind of key it was asked', async () => {
  const { errors } = await world.post(await world.token(ADA), '{ keys { id } }');
  expect(errors?.[0].message).toMatch(/Query.keys is for admin keys; this is a member's key/);
  expect((await world.post(KEY, '{ keys { name scope platform } }')).data?.keys).toContainEqual({
    name: 'the bot of north',
    scope: 'BOT',
    platform: 'north',
  });
});
