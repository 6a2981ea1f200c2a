/** What the doctor finds about a Discord bot, against the local Discord. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/client/index.js';
import { bits, EVERYONE } from '../../fakes/discord/permissions.js';
import { type Discord, startDiscord } from '../../fakes/discord/server.js';
import { openPluginFixture, type PluginFixture } from '../../plugins/fixture.js';

let discord: Discord;
let place: PluginFixture;
const PERMISSIONS = 274_878_024_768;

beforeAll(async () => {
  discord = await startDiscord({ gateway: { identifyMs: 10 } });
  place = await openPluginFixture({ plugins: ['discord'] });
  await place.admin.stopPlugin('discord');
});
afterAll(async () => {
  await place.close();
  await discord.stop();
});
beforeEach(() => configure({ token: discord.token, api: discord.api, messageContent: 'false', controls: 'both' }));

async function configure(values: Record<string, string>): Promise<void> {
  const given = Object.entries(values).map(([name, value]) => ({ name, value }));
  await place.admin.configurePlugin('discord', { values: given });
}

const findings = () => place.admin.diagnosePlugin('discord');
const about = (found: readonly Finding[], words: string) => found.find(({ title }) => title.includes(words));
const problems = (found: readonly Finding[]) => found.filter(({ level }) => level === 'PROBLEM');

describe('the doctor of the Discord bot', () => {
  it('says where a new token is to be had when the token is wrong, and says no token', async () => {
    await configure({ token: 'not-the-token-that-was-given' });
    const found = await findings();
    expect(problems(found)).toEqual([
      {
        level: 'PROBLEM',
        title: 'Discord does not know the token.',
        advice: expect.stringMatching(/https:\/\/discord\.com\/developers\/applications.*"Reset Token"/),
      },
    ]);
    expect(JSON.stringify(found)).not.toContain('not-the-token');
  });

  it('says so when Discord cannot be reached', async () => {
    await configure({ api: 'http://127.0.0.1:1/api' });
    const [found, ...others] = problems(await findings());
    expect(found.title).toContain('Discord cannot be reached at http://127.0.0.1:1/api');
    expect(others).toEqual([]);
  });

  it('gives the invitation with the right scopes and permissions while the bot is in no server', async () => {
    const found = await findings();
    const { id } = discord.world.application;
    expect(about(found, 'The token is good')?.title).toContain(id);
    expect(about(found, 'in no server')).toMatchObject({ level: 'WARNING' });
    const link = about(found, 'in no server')?.advice?.match(/https:\S+/)?.[0] ?? '';
    expect(Object.fromEntries(new URL(link).searchParams)).toEqual({
      client_id: id,
      scope: 'bot applications.commands',
      permissions: String(PERMISSIONS),
    });
    expect(about(found, 'Commands are not registered')?.title).toContain('/ask /taste /consent /tune /palate');
    expect(about(found, 'works without the message content intent')?.level).toBe('OK');
    expect(problems(found)).toEqual([]);
  });

  it('knows which intents are on and which are needed', async () => {
    const { privileged } = discord.world.application;
    await configure({ messageContent: 'true' });
    const [missing] = problems(await findings());
    expect(missing.advice).toContain('/bot, "Privileged Gateway Intents", or switch "Message content intent" off');
    privileged.messageContent = true;
    privileged.presences = true;
    const granted = await findings();
    expect(problems(granted)).toEqual([]);
    expect(about(granted, 'does not ask for')?.title).toContain('Presence.');
    await configure({ messageContent: 'false' });
    expect(about(await findings(), 'does not ask for')?.title).toContain('Presence, Message Content.');
    Object.assign(privileged, { messageContent: false, presences: false });
  });

  it('tells of the servers it is in and of the permissions that it lacks there', async () => {
    const { world } = discord;
    const ada = world.addUser('ada');
    const [home, quiet, plain] = ['Home', 'Quiet', 'Plain'].map((name) => world.addGuild(name, ada));
    const everyone = (guild: typeof home) => guild.roles.get(guild.id) ?? { permissions: 0n };
    everyone(quiet).permissions = EVERYONE & ~bits(['SEND_MESSAGES', 'ATTACH_FILES']);
    everyone(plain).permissions = EVERYONE & ~bits(['ADD_REACTIONS']);
    const found = await findings();
    expect(about(found, 'in 3 servers')?.title).toContain('Home, Quiet, Plain. In 1 of them');
    expect(about(found, 'In Quiet')).toMatchObject({
      level: 'PROBLEM',
      title: expect.stringContaining('Send Messages (it cannot answer), Attach Files'),
    });
    expect(about(found, 'In Plain')).toMatchObject({
      level: 'WARNING',
      title: expect.stringContaining('Add Reactions'),
    });
    // Who votes by buttons alone needs none.
    await configure({ controls: 'buttons' });
    expect(about(await findings(), 'In Plain')).toBeUndefined();
    for (const guild of [quiet, plain]) everyone(guild).permissions = bits(['ADMINISTRATOR']);
    expect(about(await findings(), 'in 3 servers')?.title).toContain('In 3 of them');
  });

  it('knows the traps of the developer portal', async () => {
    const { application } = discord.world;
    Object.assign(application, { requiresCodeGrant: true, connectionsLeft: 0 });
    expect(problems(await findings()).map(({ title }) => title)).toEqual([
      'Invitations do not work: "Requires OAuth2 Code Grant" is on.',
      '0 of 1000 connections are left today, and it needs 1.',
    ]);
    Object.assign(application, { requiresCodeGrant: undefined, connectionsLeft: undefined, isPublic: false });
    expect(about(await findings(), 'Only the owner')?.level).toBe('OK');
  });

  it('goes on where one thing cannot be looked at', async () => {
    discord.rest.faults.add({ method: 'GET', path: /\/guilds$/, times: 9, when: 'before', answer: 503 });
    const found = await findings();
    expect(about(found, 'did not tell about the servers')?.level).toBe('WARNING');
    expect(about(found, 'connections are left')?.level).toBe('OK');
  });

  it('has connected nowhere so far, and finds everything in order once the bot runs', async () => {
    expect(discord.gateway.sessions.size).toBe(0);
    discord.rest.faults.clear();
    await place.admin.startPlugin('discord');
    await place.until('discord', ({ status, message }) => status === 'RUNNING' && message !== null);
    const found = await findings();
    expect(found[0]).toMatchObject({ level: 'OK', title: expect.stringContaining('Connected as palate') });
    expect(found.filter(({ level }) => level !== 'OK')).toEqual([]);
    expect(about(found, 'Its commands are registered')).toBeDefined();
  });
});
