/** What plugins add inside the service: hooks and fields. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPalateClient, type PalateClient } from '../../src/client/index.js';
import { CONTRACT, openPluginFixture, type PluginFixture } from './fixture.js';

let place: PluginFixture;

const file = (name: string, rest: string, config = '', start = '') => `
  import { definePlugin, z } from ${JSON.stringify(CONTRACT)};
  export default definePlugin({
    name: '${name}', version: '1.0.0', platform: '${name}', configSchema: z.object({ ${config} }),
    start(context) { ${start}; return { stop: () => {}, health: () => ({ ok: true }) }; },
    ${rest}
  });`;

async function open(files: Record<string, string>): Promise<void> {
  place = await openPluginFixture({ plugins: Object.keys(files), files, times: { hook: 100, field: 200 } });
  for (const { name, status } of await place.services.plugins.list()) {
    if (status !== 'BROKEN') await place.until(name, (plugin) => plugin.status === 'RUNNING');
  }
}

const stop = (name: string) =>
  place.admin.request('mutation ($name: String!) { stopPlugin(name: $name) { status } }', { name });
const start = async (name: string) => {
  await place.admin.request('mutation ($name: String!) { startPlugin(name: $name) { status } }', { name });
  await place.until(name, ({ status }) => status === 'RUNNING');
};

describe('hooks', () => {
  const EVERYWHERE = 'everyPlatform: true';
  beforeAll(() =>
    open({
      'polite.mjs': file(
        'polite',
        `hooks: { ${EVERYWHERE},
          prompt: ({ turns }, { wish }) => [{ role: 'SYSTEM', content: wish }, ...turns] }`,
        `wish: z.string().default('zzz')`,
      ),
      'first.mjs': file('first', `hooks: { ${EVERYWHERE}, candidate: async ({ text }) => text.toUpperCase() }`),
      'second.mjs': file('second', `hooks: { ${EVERYWHERE}, candidate: ({ text, prompt }) => prompt + '>' + text }`),
      'home.mjs': file('home', `hooks: { candidate: ({ text }) => 'home:' + text }`),
      'broken.mjs': file('broken', `hooks: { ${EVERYWHERE}, candidate: () => { throw new Error('no idea') } }`),
      'slow.mjs': file('slow', `hooks: { ${EVERYWHERE}, candidate: () => new Promise(() => {}) }`),
      'judged.mjs': file(
        'judged',
        `hooks: { pair: ({ verdict, chosen, rejected }) => verdict === 'CHOSEN' && chosen && rejected ? 0.5 : 1 }`,
      ),
      'odd.mjs': file('odd', `hooks: { ${EVERYWHERE}, candidate: () => 7, prompt: () => [] }`),
      'strict.mjs': file(
        'strict',
        `hooks: { required: ['candidate'], candidate: ({ text }) => { if (text.length > 4) throw new Error('no'); return text } }`,
      ),
    }),
  );
  afterAll(() => place.close());
  const input = (platform: string, maxTokens = 4) => ({
    member: { platform, externalId: 'ada' },
    prompt: 'ask',
    maxTokens,
    seed: 1,
    candidateCount: 2,
  });

  it('are asked in order, with their settings, and those that fail are left out', async () => {
    const { candidates } = await place.admin.generate(input('anywhere'));
    for (const { text } of candidates) expect(text).toMatch(/^ask>[A-Z]{4}$/);
    // What the model read begins with the wish: three letters more.
    const [request] = place.runtime.requests.slice(-1);
    await stop('polite');
    await place.admin.generate(input('anywhere'));
    const [without] = place.runtime.requests.slice(-1);
    await start('polite');
    expect(request.promptIds.length).toBeGreaterThan(without.promptIds.length + 2);
    for (const [plugin, reason] of [
      ['broken', 'no idea'],
      ['slow', 'no answer after 100 ms'],
      ['odd', 'not what the hook is for'],
    ]) {
      expect(place.log.some((line) => line.plugin === plugin && String(line.msg).includes(reason))).toBe(true);
    }
  });

  it('see their own platform only, unless they say otherwise', async () => {
    const { candidates } = await place.admin.generate(input('home'));
    for (const { text } of candidates) expect(text).toMatch(/^home:ask>[A-Z]{4}$/);
  });

  it('hold replies back until they are read, also in a stream', async () => {
    const texts = new Map<string, string[]>();
    let final: string[] = [];
    for await (const event of place.admin.generateStream(input('anywhere'))) {
      if (event.__typename === 'CandidateDelta') {
        texts.set(event.candidateId, [...(texts.get(event.candidateId) ?? []), event.text]);
      } else if (event.__typename === 'GenerationFinished') {
        final = event.generation.candidates.map(({ text }) => text);
      }
    }
    expect([...texts.values()].map((pieces) => pieces.length)).toEqual([1, 1]);
    expect([...texts.values()].flat().sort()).toEqual([...final].sort());
    expect(final[0]).toMatch(/^ask>[A-Z]{4}$/);
  });

  it('that are required refuse what they cannot look at', async () => {
    await stop('second');
    expect((await place.admin.generate(input('strict', 4))).candidates).toHaveLength(2);
    await expect(place.admin.generate(input('strict', 6))).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('strict'),
    });
    // Whoever switches it off wants to do without it.
    await stop('strict');
    expect((await place.admin.generate(input('strict', 6))).candidates).toHaveLength(2);
    await start('strict');
    await start('second');
  });

  it('weigh the pairs of a vote, once and for all', async () => {
    const vote = async (chosen: number) => {
      const { id, candidates } = await place.admin.generate({ ...input('judged'), candidateCount: 3 });
      const chosenCandidateId = candidates[chosen].id;
      return place.admin.submitFeedback({ generationId: id, verdict: 'CHOSEN', chosenCandidateId });
    };
    const { pairs, feedback } = await vote(1);
    const full = 1 / Math.sqrt(2);
    expect(pairs.map(({ weight }) => weight)).toEqual([expect.closeTo(full * 0.5), expect.closeTo(full * 0.5)]);
    // It stays as it was when the vote was cast.
    await stop('judged');
    expect((await vote(0)).pairs[0].weight).toBeCloseTo(full);
    const again = await place.admin.withdrawFeedback(feedback.id);
    expect(again.feedback.state).toBe('WITHDRAWN');
    await start('judged');
    const { id, candidates } = await place.admin.generate({ ...input('judged'), candidateCount: 1 });
    const bad = { generationId: id, verdict: 'BAD' as const, chosenCandidateId: candidates[0].id };
    const { trainingJob } = await place.admin.submitFeedback(bad);
    expect(trainingJob).not.toBeNull();
  });

  it('of a plugin that is stopped are not asked', async () => {
    await stop('first');
    const { candidates } = await place.admin.generate(input('anywhere'));
    for (const { text } of candidates) expect(text).toMatch(/^ask>[a-z]{4}$/);
    await start('first');
  });
});

describe('fields', () => {
  const GRAPHQL = `graphql: {
      typeDefs: \`
        type HelloThing { text: String!, shout: String! }
        extend type Query { helloThing(name: String!): HelloThing!  helloSecret: String  helloSlow: String  helloCount: Int! }
        extend type Mutation { helloAdd: Int! }
      \`,
      access: { helloThing: ['BOT', 'MEMBER'], helloAdd: ['BOT'] },
      resolvers: {
        Query: {
          helloThing: (_, { name }, { config }) => ({ text: config.greeting + ' ' + name }),
          helloSecret: () => { throw new Error('a detail of the inside') },
          helloSlow: () => new Promise(() => {}),
          helloCount: async (_, __, { storage }) => Number(await storage.get('count') ?? 0),
        },
        Mutation: { helloAdd: async (_, __, { storage, viewer }) => { await storage.set('count', viewer.scope === 'ADMIN' ? '7' : '3'); return 1 } },
        HelloThing: { shout: ({ text }) => text.toUpperCase() },
      },
    }`;
  const bad = (typeDefs: string, resolvers = '{}') =>
    file('bad', `graphql: { typeDefs: ${JSON.stringify(typeDefs)}, resolvers: ${resolvers} }`);
  const BAD: Record<string, [text: string, reason: string]> = {
    'bad-type.mjs': [bad('type Other { x: Int }'), 'must begin with "Bad"'],
    'bad-field.mjs': [bad('extend type Query { badger: Int }'), 'must begin with "bad"'],
    'bad-extension.mjs': [bad('extend type Member { badX: Int }'), 'only Query and Mutation'],
    'bad-directive.mjs': [bad('directive @bad on FIELD'), 'DirectiveDefinition'],
    'bad-reference.mjs': [bad('extend type Query { badX: Nothing }'), 'Unknown type "Nothing"'],
    'bad-resolver.mjs': [bad('extend type Query { badX: Int }', '{ Query: { pool: () => 1 } }'), 'Query.pool'],
    'bad-owner.mjs': [bad('extend type Query { badX: Int }', '{ Candidate: { role: () => 1 } }'), 'not its own'],
  };
  beforeAll(() =>
    open({
      'hello.mjs': file('hello', GRAPHQL, `greeting: z.string().default('Hello')`),
      ...Object.fromEntries(Object.entries(BAD).map(([name, [text]]) => [name, text])),
    }),
  );
  afterAll(() => place.close());
  const as = (viewer: { scope: 'BOT' | 'MEMBER'; platform: string; memberId: string | null }): PalateClient => {
    const { scope, platform, memberId } = viewer;
    const member = memberId ? { id: memberId, platform, externalId: 'ada', scope: '' } : null;
    return createPalateClient({
      executor: place.executorFor({ scope, platform: memberId ? null : platform, memberId, member }),
    });
  };

  it('answer with the plugin’s settings and rows', async () => {
    const { helloThing } = await place.admin.request('{ helloThing(name: "Ada") { text shout } }');
    expect(helloThing).toEqual({ text: 'Hello Ada', shout: 'HELLO ADA' });
    await place.admin.request('mutation { helloAdd }');
    expect(await place.admin.request('{ helloCount }')).toEqual({ helloCount: 7 });
  });

  it('keep the plugin’s faults inside', async () => {
    await expect(place.admin.request('{ helloSecret }')).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.not.stringContaining('detail'),
    });
    await expect(place.admin.request('{ helloSlow }')).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('are for those whom the plugin names, of its own platform', async () => {
    const thing = '{ helloThing(name: "Ada") { text } }';
    const bot = as({ scope: 'BOT', platform: 'hello', memberId: null });
    const member = as({ scope: 'MEMBER', platform: 'hello', memberId: 'm1' });
    const other = as({ scope: 'BOT', platform: 'slack', memberId: null });
    expect(await bot.request(thing)).toBeDefined();
    expect(await member.request(thing)).toBeDefined();
    await expect(other.request(thing)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(member.request('mutation { helloAdd }')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(bot.request('{ helloCount }')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('say so while the plugin does not run', async () => {
    await stop('hello');
    await expect(place.admin.request('{ helloCount }')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('does not run'),
    });
    await start('hello');
  });

  it.each(Object.entries(BAD))('that are not its own keep a plugin out: %s', async (name, [, reason]) => {
    const plugin = await place.plugin(`./${name}`);
    expect(plugin).toMatchObject({ status: 'BROKEN', message: expect.stringContaining(reason) });
  });
});
