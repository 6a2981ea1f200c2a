/** Every step of the Slack bot's start fails in turn, or is given up in the middle: nothing of it is left behind. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Plugin } from '../../../src/contract/generated/types.js';
import { type Slack, startSlack } from '../../fakes/slack/server.js';
import { openPluginFixture, type PluginFixture } from '../../plugins/fixture.js';
import { closedPort, type SilentServer, startSilentServer } from '../../support/dead-ends.js';
import { QUICK, SCOPES } from './fixture.js';

/** Longer than the SDK waits before it connects again. */
const ZOMBIE_MS = 6_000;

let slack: Slack;
let place: PluginFixture;
let silent: SilentServer;
let taken: Server;
let token: string;
let free: number;

beforeAll(async () => {
  slack = await startSlack({ tiers: QUICK });
  token = slack.world.install(slack.world.addTeam('home'), SCOPES).token;
  silent = await startSilentServer();
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  free = await closedPort();
  const times = { load: 120_000, start: 90_000, firstRestart: 600_000, longestRestart: 600_000 };
  place = await openPluginFixture({ plugins: ['slack'], times });
});

afterEach(async () => {
  await place.admin.stopPlugin('slack');
  slack.web.faults.clear();
  slack.sockets.address = undefined;
  greet(true);
});

afterAll(async () => {
  await place.close();
  await silent.stop();
  await slack.stop();
  await new Promise((resolve) => taken.close(resolve));
});

function greet(greets: boolean): void {
  slack.sockets.greets = greets;
}

type Values = Record<string, string | null>;
const { appToken, signingSecret, clientId, clientSecret } = {
  appToken: 'xapp-1-A0LOCAL-for-tests-only',
  signingSecret: 'a-signing-secret-for-tests-only',
  clientId: '1234.5678',
  clientSecret: 'a-client-secret-for-tests-only',
};
const SOCKET: Values = {
  botToken: '',
  appToken,
  signingSecret: null,
  clientId: null,
  clientSecret: null,
  publicUrl: null,
};
const HTTP: Values = { ...SOCKET, appToken: null, signingSecret };
const SEVERAL: Values = { ...SOCKET, botToken: null, clientId, clientSecret, publicUrl: 'https://bot.example' };

async function start(values: Values): Promise<void> {
  const given: Values = { api: slack.api, port: String(free), emoji: '{}', ...values };
  if (given.botToken === '') given.botToken = token;
  await place.admin.configurePlugin('slack', {
    values: Object.entries(given).map(([name, value]) => ({ name, value })),
  });
  await place.admin.startPlugin('slack');
}

async function until(holds: (plugin: Plugin) => boolean): Promise<Plugin> {
  for (;;) {
    const now = await place.plugin('slack');
    if (holds(now)) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @param after milliseconds after which it is looked again, where a socket was asked for */
async function expectNothingOpen(after = 0): Promise<void> {
  // Where a request is given up, Node's fetch may open a connection once more and lets go of it seconds later.
  let closedSince: number | undefined;
  await slack.until('every connection to end', () => {
    if (slack.sockets.size > 0 || silent.open > 0) closedSince = undefined;
    else closedSince ??= performance.now();
    return closedSince !== undefined && performance.now() - closedSince > 500;
  });
  const made = slack.sockets.connected;
  await new Promise((resolve) => setTimeout(resolve, after));
  expect([slack.sockets.size, slack.sockets.connected, silent.open]).toEqual([0, made, 0]);
  await expect(fetch(`http://127.0.0.1:${free}/slack/events`)).rejects.toThrow('fetch failed');
}

const ended = ({ status }: Plugin) => status === 'WAITING' || status === 'UNCONFIGURED';
const fault = (method: string, answer: number | 'cut') =>
  void slack.web.faults.add({ path: new RegExp(method), times: 100, when: 'before', answer });

describe('a start that fails', () => {
  const cases: [step: string, fail: () => unknown, status: string, message: RegExp, values: Values][] = [
    [
      'an unusable emoji',
      () => {},
      'UNCONFIGURED',
      /"Other emoji" is not usable/,
      { ...SOCKET, emoji: '{"UP":["x"],"DOWN":["x"]}' },
    ],
    ['the Web API out of order', () => fault('auth.test', 503), 'WAITING', /Slack at .* answers with 503/, SOCKET],
    ['the Web API cut', () => fault('auth.test', 'cut'), 'WAITING', /Slack cannot be reached at/, HTTP],
    [
      'a bot token that is not known',
      () => {},
      'UNCONFIGURED',
      /bot token \(invalid_auth\)/,
      { ...SOCKET, botToken: 'xoxb-no' },
    ],
    [
      'an app-level token that is not known',
      () => {},
      'UNCONFIGURED',
      /app-level token \(invalid_auth\)/,
      { ...SOCKET, appToken: 'xapp-no' },
    ],
    [
      'sockets out of order',
      () => fault('apps.connections.open', 503),
      'WAITING',
      /Slack at .* answers with 503/,
      SOCKET,
    ],
    ['the port taken, over HTTP', () => {}, 'UNCONFIGURED', /port is not free/, { ...HTTP, port: 'taken' }],
    ['the port taken, several workspaces', () => {}, 'UNCONFIGURED', /port is not free/, { ...SEVERAL, port: 'taken' }],
    [
      'sockets out of order, behind a port that is open',
      () => fault('apps.connections.open', 503),
      'WAITING',
      /answers with 503/,
      SEVERAL,
    ],
  ];

  it.each(cases)('at %s says so and leaves nothing behind', async (step, fail, status, message, values) => {
    fail();
    const port: Values = values.port === 'taken' ? { port: String((taken.address() as AddressInfo).port) } : {};
    await start({ ...values, ...port });
    expect(await until(ended)).toMatchObject({ status, message: expect.stringMatching(message) });
    await expectNothingOpen(/sockets/.test(step) ? ZOMBIE_MS : 0);
  });

  const holds: [step: string, hold: () => unknown, reached: () => boolean, values: Values][] = [
    ['the Web API is silent', () => {}, () => silent.open > 0, { ...SOCKET, api: 'silent' }],
    ['the socket takes no handshake', () => hide(), () => silent.open > 0, SEVERAL],
    ['the socket says no hello', () => greet(false), () => slack.sockets.size > 0, SEVERAL],
  ];
  const hide = () => {
    slack.sockets.address = `ws://127.0.0.1:${silent.port}/link`;
  };

  it.each(holds)('given up while %s leaves nothing behind', async (step, hold, reached, values) => {
    hold();
    const api: Values = values.api === 'silent' ? { api: `http://127.0.0.1:${silent.port}/api/` } : {};
    await start({ ...values, ...api });
    await slack.until('the step', reached);
    expect((await place.plugin('slack')).status).toBe('STARTING');
    expect((await place.admin.stopPlugin('slack')).status).toBe('STOPPED');
    await expectNothingOpen(/socket/.test(step) ? ZOMBIE_MS : 0);
  });

  it('is followed by one that works, with one connection', async () => {
    fault('apps.connections.open', 503);
    await start(SOCKET);
    await until(ended);
    slack.web.faults.clear();
    await place.admin.startPlugin('slack');
    await until(({ status }) => status === 'RUNNING');
    expect(slack.sockets.size).toBe(1);
    await place.admin.stopPlugin('slack');
    await expectNothingOpen(ZOMBIE_MS);
  });
});
