/** The local Slack's events, commands and buttons against a real Bolt app, over HTTP and over sockets. */
import type { AddressInfo } from 'node:net';
import { App, HTTPReceiver, LogLevel, SocketModeReceiver } from '@slack/bolt';
import { afterEach, describe, expect, it } from 'vitest';
import { type Slack, type SlackOptions, startSlack } from './server.js';
import type { Channel, Install, Team, User } from './types.js';

let slack: Slack;
let team: Team;
let ada: User;
let channel: Channel;
let install: Install;
let app: App;

afterEach(async () => {
  await app.stop();
  await slack.stop();
});

async function start(transport: 'http' | 'socket', options: SlackOptions = {}): Promise<void> {
  slack = await startSlack({ tiers: null, delivery: { retryMs: [20, 50, 100] }, ...options });
  team = slack.world.addTeam('home');
  ada = slack.world.addUser(team, 'ada');
  channel = slack.world.addChannel(team, 'general', [ada]);
  install = slack.world.install(team, ['chat:write']);
  channel.members.add(install.botUserId);
  const logLevel = LogLevel.ERROR;
  const { signingSecret, appToken } = slack.secrets;
  const http = new HTTPReceiver({ signingSecret, logLevel });
  const installerOptions = { clientOptions: { slackApiUrl: slack.api } };
  const receiver = transport === 'http' ? http : new SocketModeReceiver({ appToken, logLevel, installerOptions });
  app = new App({ token: install.token, receiver, logLevel, clientOptions: { slackApiUrl: slack.api } });
  if (transport === 'socket') await app.start();
  else {
    const server = (await http.start({ host: '127.0.0.1', port: 0 })) as unknown as { address(): AddressInfo };
    slack.delivery.requestUrl = `http://127.0.0.1:${server.address().port}/slack/events`;
  }
}

describe.each(['http', 'socket'] as const)('over %s', (transport) => {
  it('mentions, reactions and direct messages arrive and can be answered', async () => {
    await start(transport);
    const seen: string[] = [];
    app.event('app_mention', async ({ event, say }) => {
      seen.push(event.text);
      await say({ text: 'hello', thread_ts: event.ts });
    });
    app.event('reaction_added', async ({ event }) => void seen.push(event.reaction));
    app.message(async ({ message }) => void seen.push(message.channel_type));
    const question = slack.people.say(ada, channel.id, `<@${install.botUserId}> hi`);
    const reply = await slack.until('a reply', () => slack.world.thread(channel.id, question.ts)[0]);
    slack.people.react(ada, reply, 'a');
    slack.people.say(ada, slack.world.directChannel(install, ada).id, 'directly');
    await slack.until('all three', () => seen.length === 3);
    expect(seen).toEqual([question.text, 'a', 'im']);
    expect(slack.delivery.attempts.every(({ outcome }) => outcome === 'acknowledged')).toBe(true);
  });

  it('commands and buttons are acknowledged and answered at their address, five times', async () => {
    await start(transport);
    const statuses: number[] = [];
    app.command('/palate', async ({ ack, respond, command }) => {
      await ack();
      for (let i = 0; i < 6; i++) {
        const sent = respond({ text: `${command.text} ${i}`, response_type: 'ephemeral' }) as Promise<Response>;
        statuses.push(await sent.then((response) => response.status).catch((error) => error.statusCode ?? 0));
      }
    });
    const used = slack.people.command(ada, channel, 'taste');
    await slack.until('the answers', () => statuses.length === 6);
    expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(statuses[5]).not.toBe(200);
    expect(used.answers).toHaveLength(5);
    expect(used.answers[0]).toMatchObject({ text: 'taste 0', ephemeralFor: ada.id });
    expect(used.answeredAfter).toBeLessThan(3_000);

    app.action('yes', async ({ ack, respond }) => {
      await ack();
      await respond({ text: 'pressed', replace_original: true });
    });
    const element = { type: 'button' as const, text: { type: 'plain_text' as const, text: 'Yes' }, action_id: 'yes' };
    const blocks = [{ type: 'actions' as const, elements: [element] }];
    const { ts = '' } = await app.client.chat.postMessage({ channel: channel.id, text: 'press', blocks });
    const message = slack.world.find(channel.id, ts);
    if (!message) throw new Error('There is no message.');
    slack.people.press(ada, message, 'Yes');
    await slack.until('the change', () => message.text === 'pressed' && message.blocks.length === 0);
  });

  it('a command that nobody acknowledges fails before its person', async () => {
    await start(transport, { delivery: { ackMs: 300, retryMs: [] } });
    app.command('/palate', async () => {});
    const used = slack.people.command(ada, channel, 'taste');
    await slack.until('the failure', () => used.failed);
    expect(used.answeredAfter).toBeNull();
  });
});

describe('repetitions', () => {
  it('come over HTTP where the app was not there, and say why', async () => {
    await start('http');
    const retries: unknown[] = [];
    app.event('app_mention', async ({ context }) => void retries.push([context.retryNum, context.retryReason]));
    const { requestUrl } = slack.delivery;
    slack.delivery.requestUrl = 'http://127.0.0.1:1/';
    slack.people.say(ada, channel.id, `<@${install.botUserId}> hi`);
    await slack.until('a failure', () => slack.delivery.attempts.length === 1);
    slack.delivery.requestUrl = requestUrl;
    await slack.until('a repetition', () => retries.length === 1);
    expect(retries).toEqual([[1, 'connection_failed']]);
  });

  it('come over sockets where the acknowledgement is lost, and end after the third', async () => {
    await start('socket', { delivery: { ackMs: 200, retryMs: [10, 10, 10] } });
    const retries: unknown[] = [];
    app.event('app_mention', async ({ context }) => void retries.push(context.retryNum));
    slack.sockets.losesAcknowledgements = true;
    slack.people.say(ada, channel.id, `<@${install.botUserId}> hi`);
    await slack.until('every attempt', () => slack.delivery.attempts.length === 4);
    expect(retries).toEqual([0, 1, 2, 3]);
  });

  it('hold events for a client that was asked to connect anew', async () => {
    await start('socket', { delivery: { retryMs: [100, 3_000, 6_000] } });
    const seen: string[] = [];
    app.event('app_mention', async ({ event }) => void seen.push(event.text));
    slack.sockets.refresh();
    await slack.until('the connection to end', () => slack.sockets.size === 0);
    slack.people.say(ada, channel.id, `<@${install.botUserId}> hi`);
    await slack.until('the event', () => seen.length === 1);
    expect(slack.sockets.connected).toBe(2);
  });
});

describe('forged requests', () => {
  it('are turned away by the app: wrong signature, old time', async () => {
    await start('http');
    const post = (headers: Record<string, string>) => slack.delivery.post('{}', 'application/json', headers);
    expect((await post({ 'x-slack-signature': `v0=${'0'.repeat(64)}` })).status).toBe(401);
    expect((await post({ 'x-slack-request-timestamp': '1600000000' })).status).toBe(401);
  });
});
