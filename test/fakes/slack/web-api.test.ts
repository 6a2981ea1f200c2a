/** The local Slack's methods against the real client. */
import { type types, webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_TIERS, RateLimits } from './rate-limits.js';
import { type Slack, startSlack } from './server.js';
import type { Channel, Install, Team, User } from './types.js';

const SCOPES = [
  ...['chat:write', 'reactions:read', 'reactions:write', 'users:read', 'im:write', 'im:history', 'channels:history'],
  'assistant:write',
];

let slack: Slack;
let team: Team;
let ada: User;
let channel: Channel;
let install: Install;
let client: webApi.WebClient;

beforeEach(async () => {
  slack = await startSlack();
  team = slack.world.addTeam('home');
  ada = slack.world.addUser(team, 'ada', { locale: 'de-DE' });
  channel = slack.world.addChannel(team, 'general', [ada]);
  install = slack.world.install(team, SCOPES);
  channel.members.add(install.botUserId);
  client = clientOf(install.token);
});
afterEach(() => slack.stop());

function clientOf(token: string, options: webApi.WebClientOptions = {}): webApi.WebClient {
  const logLevel = 'error' as webApi.LogLevel;
  return new webApi.WebClient(token, { slackApiUrl: slack.api, retryConfig: { retries: 0 }, logLevel, ...options });
}

/** Slack's word for why it refused. */
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'ok',
    (error: unknown) => (error as { data?: { error?: string } }).data?.error ?? String(error),
  );

const button = (id: string): types.KnownBlock => ({
  type: 'actions',
  elements: [{ type: 'button', text: { type: 'plain_text', text: id }, action_id: id }],
});

describe('tokens and scopes', () => {
  it('are looked at', async () => {
    const { user_id, response_metadata } = await client.auth.test();
    expect(user_id).toBe(install.botUserId);
    expect(response_metadata?.scopes).toEqual(SCOPES);
    expect(await refusal(clientOf('xoxb-unknown').auth.test())).toBe('invalid_auth');
    install.scopes = [];
    const post = client.chat.postMessage({ channel: channel.id, text: 'hi' });
    expect(await refusal(post)).toBe('missing_scope');
  });
});

describe('messages', () => {
  it('are posted, changed and deleted by whoever wrote them', async () => {
    const posted = await client.chat.postMessage({ channel: channel.id, text: 'one', blocks: [button('a')] });
    const ts = posted.ts as string;
    await client.chat.update({ channel: channel.id, ts, text: 'two', blocks: [] });
    expect(slack.world.find(channel.id, ts)).toMatchObject({ text: 'two', blocks: [], edits: 1 });
    const foreign = slack.people.say(ada, channel.id, 'mine');
    const change = client.chat.update({ channel: channel.id, ts: foreign.ts, text: 'yours' });
    expect(await refusal(change)).toBe('cant_update_message');
    await client.chat.delete({ channel: channel.id, ts });
    expect(await refusal(client.chat.delete({ channel: channel.id, ts }))).toBe('message_not_found');
  });

  it.each([
    ['a text of 40,001 characters', { text: 'x'.repeat(40_001) }, 'msg_too_long'],
    ['nothing', { text: '' }, 'no_text'],
    ['a section that is too long', { blocks: [section('x'.repeat(3_001))] }, 'invalid_blocks'],
    ['two buttons of one id', { blocks: [twoButtons('a', 'a')] }, 'invalid_blocks'],
    ['markdown of 12,001 characters', { blocks: [{ type: 'markdown', text: 'x'.repeat(12_001) }] }, 'invalid_blocks'],
    ['51 blocks', { blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) }, 'invalid_blocks'],
  ])('are refused with %s', async (_, content, error) => {
    const call = client.apiCall('chat.postMessage', { channel: channel.id, ...content });
    expect(await refusal(call)).toBe(error);
  });

  it('go where the bot is, and nowhere else', async () => {
    const other = slack.world.addChannel(team, 'other', [ada]);
    expect(await refusal(client.chat.postMessage({ channel: other.id, text: 'hi' }))).toBe('not_in_channel');
    expect(await refusal(client.chat.postMessage({ channel: 'C0', text: 'hi' }))).toBe('channel_not_found');
    const { channel: direct } = await client.conversations.open({ users: ada.id });
    await client.chat.postMessage({ channel: direct?.id ?? '', text: 'hi' });
    await client.chat.postEphemeral({ channel: channel.id, user: ada.id, text: 'psst' });
    expect(slack.ephemerals[0]).toMatchObject({ text: 'psst', ephemeralFor: ada.id });
    expect(slack.world.messagesIn(channel.id)).toEqual([]);
  });

  it('carry metadata, and are found again in history and threads', async () => {
    const root = slack.people.say(ada, channel.id, 'root');
    const metadata = { event_type: 'kept', event_payload: { key: 'k' } };
    await client.chat.postMessage({ channel: channel.id, text: 'reply', thread_ts: root.ts, metadata });
    const within = { channel: channel.id, ts: root.ts, include_all_metadata: true };
    const { messages } = await client.conversations.replies(within);
    expect(messages?.map(({ text }) => text)).toEqual(['root', 'reply']);
    expect(messages?.[1].metadata?.event_payload).toEqual({ key: 'k' });
    const { messages: top } = await client.conversations.history({ channel: channel.id });
    expect(top?.map(({ text }) => text)).toEqual(['root']);
  });
});

describe('streams', () => {
  it('grow by pieces and end with blocks', async () => {
    const root = slack.people.say(ada, channel.id, 'root');
    const args = { channel: channel.id, thread_ts: root.ts };
    expect(await refusal(client.chat.startStream(args))).toBe('missing_recipient_team_id');
    const streamer = client.chatStream({
      ...args,
      recipient_team_id: team.id,
      recipient_user_id: ada.id,
      buffer_size: 1,
    });
    await streamer.append({ markdown_text: '**he' });
    await streamer.append({ markdown_text: 'llo**' });
    const [message] = slack.world.thread(channel.id, root.ts);
    expect(message).toMatchObject({ streamed: '**hello**', streaming: true });
    const change = client.chat.update({ channel: channel.id, ts: message.ts, text: 'x' });
    expect(await refusal(change)).toBe('streaming_state_conflict');
    await streamer.stop({ markdown_text: '!', blocks: [button('a')] });
    expect(message).toMatchObject({ streamed: '**hello**!', streaming: false });
    const more = client.chat.appendStream({ channel: channel.id, ts: message.ts, markdown_text: 'x' });
    expect(await refusal(more)).toBe('message_not_in_streaming_state');
    await client.chat.update({ channel: channel.id, ts: message.ts, text: 'changed' });
  });
});

describe('reactions', () => {
  it('are listed whole only when that is asked for', async () => {
    const { ts = '' } = await client.chat.postMessage({ channel: channel.id, text: 'vote' });
    const message = slack.world.find(channel.id, ts);
    if (!message) throw new Error('There is no message.');
    for (let i = 0; i < 60; i++) slack.people.react(slack.world.addUser(team, `u${i}`), message, 'a');
    await client.reactions.add({ channel: channel.id, timestamp: ts, name: 'b' });
    const again = client.reactions.add({ channel: channel.id, timestamp: ts, name: 'b' });
    expect(await refusal(again)).toBe('already_reacted');
    const counts = async (full: boolean) => {
      const found = await client.reactions.get({ channel: channel.id, timestamp: ts, full });
      return found.message?.reactions?.map(({ count, users }) => [count, users?.length]);
    };
    expect(await counts(false)).toEqual([
      [60, 50],
      [1, 1],
    ]);
    expect(await counts(true)).toEqual([
      [60, 60],
      [1, 1],
    ]);
  });
});

describe('people', () => {
  it('have a language', async () => {
    const { user } = await client.users.info({ user: ada.id, include_locale: true });
    expect(user).toMatchObject({ name: 'ada', locale: 'de-DE', is_admin: false });
    expect(await refusal(client.users.info({ user: 'U0' }))).toBe('user_not_found');
  });
});

describe('limits and faults', () => {
  it('let a method be called so often, and say when it may be again', () => {
    const limits = new RateLimits(DEFAULT_TIERS);
    const take = (now: number, on = 'C1') => limits.take('chat.postMessage', 'T1', on, now);
    expect([take(0), take(0), take(0), take(0)]).toEqual([null, null, null, null]);
    expect(take(1_000)).toBe(3);
    expect(take(1_000, 'C2')).toBeNull();
    expect(take(4_000)).toBeNull();
    expect(limits.take('reactions.get', 'T1', undefined, 0)).toBeNull();
  });

  it('are waited for by the client, and known to it', async () => {
    slack.web.faults.add({ path: /^auth\.test/, times: 1, when: 'before', answer: 429, retryAfter: 1 });
    const began = performance.now();
    await clientOf(install.token, { retryConfig: { retries: 1, minTimeout: 1 } }).auth.test();
    expect(performance.now() - began).toBeGreaterThan(990);
    slack.web.faults.add({ path: /^chat/, times: 1, when: 'after', answer: 'cut' });
    await expect(client.chat.postMessage({ channel: channel.id, text: 'lost' })).rejects.toThrow();
    expect(slack.world.messagesIn(channel.id)).toHaveLength(1);
    slack.web.faults.add({ path: /^chat/, times: 1, when: 'before', answer: 503 });
    await expect(client.chat.postMessage({ channel: channel.id, text: 'never' })).rejects.toMatchObject({
      statusCode: 503,
    });
    expect(slack.world.messagesIn(channel.id)).toHaveLength(1);
  });
});

function section(text: string) {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

function twoButtons(...ids: string[]) {
  return {
    type: 'actions',
    elements: ids.map((id) => ({ type: 'button', text: { type: 'plain_text', text: id }, action_id: id })),
  };
}
