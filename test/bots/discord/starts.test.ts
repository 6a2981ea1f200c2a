/** Every step of the Discord bot's start fails in turn, or is given up in the middle: nothing of it is left behind. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Plugin } from '../../../src/contract/generated/types.js';
import { type Discord, startDiscord } from '../../fakes/discord/server.js';
import { openPluginFixture, type PluginFixture } from '../../plugins/fixture.js';
import { closedPort, type SilentServer, startSilentServer } from '../../support/dead-ends.js';
import { QUICK } from './fixture.js';

/** Longer than the SDK sleeps before it connects again. */
const ZOMBIE_MS = 1_500;

let discord: Discord;
let place: PluginFixture;
let silent: SilentServer;

beforeAll(async () => {
  discord = await startDiscord({ rateLimits: QUICK, gateway: { identifyMs: 10, heartbeatMs: 200 } });
  discord.world.addGuild('Home', discord.world.addUser('ada'));
  silent = await startSilentServer();
  const times = { load: 120_000, start: 90_000, firstRestart: 600_000, longestRestart: 600_000 };
  place = await openPluginFixture({ plugins: ['discord'], times });
});

afterEach(async () => {
  await place.admin.stopPlugin('discord');
  discord.rest.faults.clear();
  discord.world.gatewayUrl = undefined;
  greet(true);
  discord.world.application.privileged.messageContent = false;
});

afterAll(async () => {
  await place.close();
  await silent.stop();
  await discord.stop();
});

const set = (values: Record<string, string>) =>
  place.admin.configurePlugin('discord', {
    values: Object.entries({ token: discord.token, api: discord.api, messageContent: 'false', ...values }).map(
      ([name, value]) => ({ name, value }),
    ),
  });

/** Sets the bot up, which starts it unless it was stopped, and starts it then. */
async function start(values: Record<string, string> = {}): Promise<void> {
  await set(values);
  await place.admin.startPlugin('discord');
}

function greet(greets: boolean): void {
  discord.gateway.greets = greets;
}

async function expectNothingOpen(): Promise<void> {
  await discord.until('every connection to end', () => discord.gateway.open === 0 && silent.open === 0);
  const identified = discord.gateway.received.filter(({ op }) => op === 2).length;
  await new Promise((resolve) => setTimeout(resolve, ZOMBIE_MS));
  expect([discord.gateway.open, silent.open]).toEqual([0, 0]);
  expect(discord.gateway.received.filter(({ op }) => op === 2)).toHaveLength(identified);
}

const ended = ({ status }: Plugin) => status === 'WAITING' || status === 'UNCONFIGURED';

describe('a start that fails', () => {
  const fault = (path: RegExp, answer: number | 'cut') => () =>
    void discord.rest.faults.add({ path, times: 100, when: 'before', answer });
  const cases: [step: string, fail: () => unknown, status: string, message: RegExp, values?: Record<string, string>][] =
    [
      [
        'an unusable emoji',
        () => {},
        'UNCONFIGURED',
        /"Other emoji" is not usable/,
        { emoji: '{"UP":["x"],"DOWN":["x"]}' },
      ],
      ['the API away', () => {}, 'WAITING', /cannot be reached at .*ECONNREFUSED/, { api: 'closed' }],
      ['the API out of order', fault(/gateway\/bot/, 503), 'WAITING', /Discord at .* answers with 503/],
      ['an unknown token', () => {}, 'UNCONFIGURED', /does not know this token/, { token: 'bm90.bm90.known' }],
      ['the gateway unreachable', () => setGateway('closed'), 'WAITING', /gateway at .* does not let the bot in/],
      ['intents that are off', () => {}, 'UNCONFIGURED', /message content intent/, { messageContent: 'true' }],
      ['commands out of order', fault(/commands$/, 503), 'WAITING', /commands could not be registered/],
      ['commands whose answer is cut', fault(/commands$/, 'cut'), 'WAITING', /commands could not be registered/],
    ];

  async function setGateway(what: 'closed' | 'silent'): Promise<void> {
    discord.world.gatewayUrl = `ws://127.0.0.1:${what === 'closed' ? await closedPort() : silent.port}`;
  }

  it.each(cases)('at %s says so and leaves nothing behind', async (_, fail, status, message, values) => {
    await fail();
    const api: Record<string, string> =
      values?.api === 'closed' ? { api: `http://127.0.0.1:${await closedPort()}/api` } : {};
    await start({ emoji: '{}', ...values, ...api });
    const view = await until(ended);
    expect(view).toMatchObject({ status, message: expect.stringMatching(message) });
    await expectNothingOpen();
  });

  it.each([
    ['the gateway takes no handshake', () => setGateway('silent'), () => silent.open > 0],
    ['the gateway says no hello', () => greet(false), () => discord.gateway.open > 0],
    [
      'the commands wait',
      () => discord.rest.faults.add({ path: /commands$/, times: 9, when: 'before', answer: 429, retryAfter: 600 }),
      () => discord.rest.served.some(({ path, status }) => /commands$/.test(path) && status === 429),
    ],
  ] satisfies [string, () => unknown, () => boolean][])(
    'given up while %s leaves nothing behind',
    async (_, hold, reached) => {
      discord.rest.served.length = 0;
      await hold();
      await start({ emoji: '{}' });
      await discord.until('the step', reached, 90_000);
      expect((await place.plugin('discord')).status).toBe('STARTING');
      const { status } = await place.admin.stopPlugin('discord');
      expect(status).toBe('STOPPED');
      await expectNothingOpen();
    },
  );

  it('is followed by one that works, with one client', async () => {
    fault(/commands$/, 503)();
    await start({ emoji: '{}' });
    await until(ended);
    discord.rest.faults.clear();
    await place.admin.startPlugin('discord');
    await until(({ status }) => status === 'RUNNING');
    expect(discord.gateway.open).toBe(1);
    await place.admin.stopPlugin('discord');
    await expectNothingOpen();
  });
});

async function until(holds: (plugin: Plugin) => boolean): Promise<Plugin> {
  for (;;) {
    const now = await place.plugin('discord');
    if (holds(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
