/** Whatever Slack sends, or somebody who has its secret: nothing ends the bot, and nothing is counted that was not meant. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Message } from '../../fakes/slack/types.js';
import { mutationsOf, within } from '../../support/mutations.js';
import { storedVotes } from '../stored-votes.js';
import { type BotFixture, openBotFixture } from './fixture.js';

const WAIT = { timeout: 120_000, interval: 50 };
const AT_ONCE = 20;

let fixture: BotFixture;
let offer: Message;

beforeAll(async () => {
  fixture = await openBotFixture({
    transport: 'http',
    config: { askConsent: true },
    slack: { delivery: { ackMs: 60_000 } },
  });
  offer = await fixture.reply(fixture.ask(fixture.ada, 'hello'));
});
afterAll(() => fixture.close());

const json = (body: unknown) => fixture.slack.delivery.post(JSON.stringify(body), 'application/json');
const fields = (values: object) =>
  fixture.slack.delivery.post(
    String(
      new URLSearchParams(Object.entries(values).map(([name, value]): [string, string] => [name, String(value ?? '')])),
    ),
    'application/x-www-form-urlencoded',
  );
const form = (body: unknown) => fields({ payload: JSON.stringify(body) });

let serial = 0;
const envelope = (event: Record<string, unknown>) => ({
  type: 'event_callback',
  event_id: `EvFUZZ${serial++}`,
  team_id: fixture.team.id,
  event,
  authorizations: [{ team_id: fixture.team.id, enterprise_id: null, is_enterprise_install: false }],
});
const ts = () => fixture.slack.world.ts();

/** What is sent, and which parts say who means what: without one of them nothing may be counted. */
interface Kind {
  send: (body: unknown) => Promise<Response>;
  make: () => unknown;
  parts?: string[];
}

const press = (action: string) => () => ({
  type: 'block_actions',
  user: { id: fixture.bob.id, name: 'bob', team_id: fixture.team.id },
  team: { id: fixture.team.id, domain: 'home' },
  channel: { id: fixture.channel.id, name: 'general' },
  message: { ts: offer.ts, thread_ts: offer.threadTs },
  container: { type: 'message' },
  actions: [{ type: 'button', action_id: action, block_id: 'b' }],
  trigger_id: 'trigger',
  response_url: `${fixture.slack.url}/response/none`,
});
const PRESS_PARTS = ['type', 'user.id', 'actions.0.action_id'];

const KINDS: Record<string, Kind> = {
  'a mention': {
    send: json,
    make: () =>
      envelope({
        type: 'app_mention',
        user: fixture.bob.id,
        text: 'hi',
        ts: ts(),
        channel: fixture.channel.id,
        event_ts: ts(),
      }),
  },
  'a direct message': {
    send: json,
    make: () =>
      envelope({
        type: 'message',
        channel_type: 'im',
        user: fixture.bob.id,
        text: 'hi',
        ts: ts(),
        channel: 'D0NOWHERE',
        event_ts: ts(),
      }),
  },
  'a reaction': {
    send: json,
    make: () =>
      envelope({
        type: 'reaction_added',
        user: fixture.bob.id,
        reaction: 'a',
        item: { type: 'message', channel: fixture.channel.id, ts: offer.ts },
        event_ts: `${Math.floor(Date.now() / 1_000) + 60}.000001`,
      }),
    parts: [
      'type',
      'event.type',
      'event.user',
      'event.reaction',
      'event.item.channel',
      'event.item.ts',
      'event.event_ts',
    ],
  },
  'an opened home': {
    send: json,
    make: () =>
      envelope({ type: 'app_home_opened', user: fixture.bob.id, channel: 'D0X', tab: 'home', event_ts: ts() }),
  },
  'an opened assistant': {
    send: json,
    make: () =>
      envelope({
        type: 'assistant_thread_started',
        assistant_thread: { user_id: fixture.bob.id, channel_id: 'D0X', thread_ts: ts(), context: {} },
        event_ts: ts(),
      }),
  },
  'revoked tokens': {
    send: json,
    make: () =>
      envelope({ type: 'tokens_revoked', tokens: { oauth: [], bot: [fixture.install.botUserId] }, event_ts: ts() }),
  },
  'a vote by button': { send: form, make: press('palate:vote:A'), parts: [...PRESS_PARTS, 'channel.id', 'message.ts'] },
  'an answer about consent': { send: form, make: press('palate:consent:yes'), parts: PRESS_PARTS },
  'a command': {
    send: (body) => fields(Object(body)),
    make: () => ({
      command: '/palate',
      text: 'taste',
      user_id: fixture.bob.id,
      channel_id: fixture.channel.id,
      team_id: fixture.team.id,
      trigger_id: 'trigger',
      response_url: `${fixture.slack.url}/response/none`,
    }),
  },
};

async function expectUnharmed(): Promise<void> {
  const plugin = await fixture.place.plugin('slack');
  expect(plugin).toMatchObject({ status: 'RUNNING', restarts: 0 });
  expect(fixture.place.log.filter(({ msg }) => /plugin failed|left behind/.test(String(msg)))).toEqual([]);
}

describe('a payload with one part wrong', () => {
  it.each(Object.keys(KINDS))('does no harm: %s', async (name) => {
    const { send, make, parts } = KINDS[name];
    const mutations = [...mutationsOf(make(), parts && within(parts))];
    expect(mutations.length).toBeGreaterThan(30);
    for (let i = 0; i < mutations.length; i += AT_ONCE) {
      const wrong = mutations.slice(i, i + AT_ONCE).map(async ({ path, how, payload }) => {
        // An event is told by its id: each is a new one, unless the id is what is wrong.
        const fresh = path === '' || path === 'event_id' ? {} : { event_id: `EvFUZZ${serial++}` };
        const whole = typeof payload === 'object' && payload !== null && 'event_id' in payload;
        const response = await send(whole ? { ...payload, ...fresh } : payload);
        return `${response.status < 500 ? 'answered' : response.status} ${path} ${how}`;
      });
      for (const said of await Promise.all(wrong)) expect(said).toMatch(/^answered/);
    }
    await expectUnharmed();
  });

  it.each([
    'palate:consent',
    'palate:consent:',
    'palate:consent:maybe',
    'palate:community',
    'palate:undo',
    'palate:undo:',
    'palate:undo:-1',
    'palate:undo:NaN',
    'palate:forget:perhaps',
    'palate:stop',
    'palate:stop:',
    'palate:vote',
    'palate:vote:Z',
    'palate:tune:A',
    'palate:tune:A:x',
    'palate:nothing:yes',
    'palate:%E0%A4%A',
  ])('means nothing: %s', async (action) => {
    expect((await form(press(action)())).status).toBe(200);
    await expectUnharmed();
  });

  it('counts nothing, and what is right counts afterwards', async () => {
    // What was sent before is dealt with by then.
    await fixture.reply(fixture.ask(fixture.ada, 'are you there?'));
    const [ref, asker] = [fixture.bob, fixture.ada].map(({ id }) => ({
      platform: 'slack',
      externalId: id,
      scope: fixture.team.id,
    }));
    const stored = () => storedVotes(fixture.place, 'slack', [ref, asker]);
    expect(await stored()).toEqual([]);
    expect((await fixture.place.admin.member(ref))?.consent.learn ?? 'UNASKED').toBe('UNASKED');
    // With their yes, whatever had been kept for it would count.
    await form(press('palate:consent:yes')());
    await vi.waitUntil(async () => (await fixture.place.admin.member(ref))?.consent.learn === 'GRANTED', WAIT);
    expect(await stored()).toEqual([]);
    await form(press('palate:vote:A')());
    await vi.waitUntil(async () => (await fixture.verdicts(fixture.bob)).length === 1, WAIT);
    expect(await stored()).toContain(`${fixture.bob.id}: CHOSEN ACTIVE`);
  });
});

describe('a request', () => {
  it.each([
    ['null', 'application/json'],
    [' null\n', 'application/json'],
    ['payload=null', 'application/x-www-form-urlencoded'],
    ['[]', 'application/json'],
    ['"text"', 'application/json'],
    ['7', 'application/json'],
    ['{', 'application/json'],
    ['', 'application/json'],
    ['payload=%7B', 'application/x-www-form-urlencoded'],
  ])('that is signed and no payload is turned away: %s', async (body, type) => {
    const { status } = await fixture.slack.delivery.post(body, type);
    expect(status).toBeLessThan(500);
    await expectUnharmed();
  });

  it.each([
    ['from the past', -301],
    ['from the future', 301],
    ['of no time', Number.NaN],
  ])('%s is turned away', async (_, seconds) => {
    const at = Math.floor(Date.now() / 1_000) + seconds;
    const body = JSON.stringify(KINDS['a mention'].make());
    const { status } = await fixture.slack.delivery.post(body, 'application/json', {
      'x-slack-request-timestamp': String(at),
    });
    expect(status).toBe(401);
  });

  it('that is too long is turned away', async () => {
    const long = JSON.stringify({ type: 'event_callback', padding: 'x'.repeat(5_000_000) });
    const status = await fixture.slack.delivery.post(long, 'application/json').then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
    await expectUnharmed();
  });
});

describe('over a socket', () => {
  it('nothing that cannot be read ends the bot', async () => {
    await fixture.close();
    fixture = await openBotFixture();
    const { sockets } = fixture.slack;
    const kinds = [
      'hello',
      'events_api',
      'slash_commands',
      'interactive',
      'error',
      'close',
      'connected',
      'slack_event',
    ];
    for (const type of kinds) {
      for (const payload of [undefined, null, 7, 'x', [], {}, { event: null }, { event: { type: 7 } }]) {
        if (type !== 'hello') sockets.say(JSON.stringify({ type, envelope_id: 'e', payload }));
      }
    }
    for (const type of ['close', 'error', 'disconnected', 'ws_message']) {
      sockets.say(JSON.stringify({ type: 'events_api', envelope_id: 'e', payload: { event: { type } } }));
    }
    for (const text of ['null', '7', '[]', '{', '', '{"type":null}']) sockets.say(text);
    await fixture.reply(fixture.ask(fixture.ada, 'hello'));
    await expectUnharmed();
  });
});
