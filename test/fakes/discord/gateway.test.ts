/** The local gateway, seen by a real discord.js client. */
import { type Message as ClientMessage, Events, GatewayIntentBits } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { connect, discord, INTENTS, newClient, next, start } from './connection.js';
import { CLOSE } from './gateway.js';

describe('the gateway', () => {
  it('greets a client with its user and its guilds', async () => {
    const { guild, channel } = await start();
    const client = await connect();
    expect(client.user.id).toBe(discord.world.application.userId);
    expect(client.guilds.cache.map(({ name }) => name)).toEqual([guild.name]);
    expect(client.channels.cache.has(channel.id)).toBe(true);
  });

  it('refuses a wrong token over REST already', async () => {
    await start();
    const client = newClient({ intents: [] });
    await expect(client.login('wrong.wrong.wrong')).rejects.toThrow('invalid token');
  });

  it('closes a client that asks for an intent that is switched off', async () => {
    await start();
    const client = newClient({ intents: [...INTENTS, GatewayIntentBits.MessageContent] });
    await expect(client.login(discord.token)).rejects.toThrow('disallowed intents');
  });

  it('hides texts without the message content intent, except where the bot is spoken to', async () => {
    const { ada, channel } = await start();
    const client = await connect();
    const seen: string[] = [];
    client.on(Events.MessageCreate, (message) => void seen.push(message.content));
    discord.people.say(ada, channel.id, 'secret');
    discord.people.say(ada, channel.id, `<@${client.user.id}> hello`);
    discord.people.say(ada, discord.world.directChannel(ada.id).id, 'direct');
    await discord.until('three messages', () => seen.length === 3);
    expect(seen).toEqual(['', `<@${client.user.id}> hello`, 'direct']);
  });

  it('shows texts with it', async () => {
    const { ada, channel } = await start();
    discord.world.application.privileged.messageContent = true;
    const client = await connect({ intents: [...INTENTS, GatewayIntentBits.MessageContent] });
    const message = next<ClientMessage>(client, Events.MessageCreate);
    discord.people.say(ada, channel.id, 'open');
    expect((await message).content).toBe('open');
  });

  it('tells nothing of a channel that the bot does not see, nor events whose intent is missing', async () => {
    const { ada, channel, guild } = await start();
    const hidden = discord.world.addChannel(guild, 'hidden');
    discord.world.deny(hidden, 'VIEW_CHANNEL');
    const client = await connect({ intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages] });
    const seen: string[] = [];
    client.on(Events.MessageCreate, (message) => void seen.push(message.channelId));
    client.on(Events.MessageReactionAdd, () => void seen.push('reaction'));
    discord.people.say(ada, hidden.id, 'one');
    const message = discord.people.say(ada, channel.id, 'two');
    discord.people.react(ada, message, '👍');
    discord.people.say(ada, channel.id, 'three');
    await discord.until('two messages', () => seen.length >= 2);
    expect(seen).toEqual([channel.id, channel.id]);
  });

  it.each([
    ['the network is cut', () => discord.gateway.cut()],
    ['the connection is closed with 4000', () => discord.gateway.closeAll(CLOSE.unknownError)],
    ['it is asked to reconnect', () => discord.gateway.askToReconnect()],
    ['the session is called invalid but resumable', () => discord.gateway.invalidate(true)],
  ])('resumes a session and replays what was missed when %s', async (_, disturb) => {
    const { ada, channel } = await start();
    const client = await connect();
    const seen: string[] = [];
    client.on(Events.MessageCreate, (message) => void seen.push(message.nonce ? '' : message.id));
    const sent = [discord.people.say(ada, channel.id, '1').id];
    await discord.until('the first', () => seen.length === 1);
    const resumed = next(client, Events.ShardResume);
    disturb();
    sent.push(discord.people.say(ada, channel.id, '2').id, discord.people.say(ada, channel.id, '3').id);
    await resumed;
    await discord.until('all three', () => seen.length === 3);
    expect(seen).toEqual(sent);
    expect(discord.gateway.received.filter(({ op }) => op === 6)).toHaveLength(1);
    expect(discord.gateway.sessions.size).toBe(1);
  });

  it('begins anew when a session cannot be resumed', async () => {
    const { ada, channel } = await start({ gateway: { identifyMs: 10 } });
    const client = await connect();
    discord.gateway.invalidate(false);
    await discord.until(
      'a second session',
      () => discord.gateway.received.filter(({ op }) => op === 2).length === 2,
      15_000,
    );
    await discord.until('the session', () => discord.gateway.connected === 1);
    const message = next<ClientMessage>(client, Events.MessageCreate);
    const said = discord.people.say(ada, channel.id, 'hello');
    expect((await message).id).toBe(said.id);
  });

  it('hears heartbeats, asks for one, and a client notices when they go unanswered', async () => {
    await start({ gateway: { heartbeatMs: 300 } });
    const client = await connect();
    const beats = () => discord.gateway.received.filter(({ op }) => op === 1).length;
    await discord.until('two heartbeats', () => beats() >= 2);
    const before = beats();
    discord.gateway.askForBeat();
    await discord.until('one at once', () => beats() > before, 250);
    discord.gateway.acknowledges = false;
    const resumed = next(client, Events.ShardResume);
    await discord.until('a resume', () => {
      if (discord.gateway.received.some(({ op }) => op === 6)) discord.gateway.acknowledges = true;
      return discord.gateway.acknowledges;
    });
    await resumed;
  });

  it('splits guilds among shards; direct messages go to the first', async () => {
    const { ada } = await start({ shards: 2, gateway: { maxConcurrency: 2 } });
    const guilds = Array.from({ length: 5 }, (_, i) => discord.world.addGuild(`guild ${i}`, ada));
    // Ids made within one millisecond all fall to one shard, so that the others get one of their own.
    await new Promise((resolve) => setTimeout(resolve, 2));
    guilds.push(discord.world.addGuild('later', ada));
    const channels = guilds.map((guild) => discord.world.addChannel(guild, 'general'));
    const client = await connect({ shards: 'auto' });
    const seen: string[] = [];
    client.on(Events.MessageCreate, (message) => void seen.push(message.channelId));
    for (const channel of channels) discord.people.say(ada, channel.id, 'hello');
    discord.people.say(ada, discord.world.directChannel(ada.id).id, 'direct');
    await discord.until('each once', () => seen.length === 7);
    expect(new Set(seen).size).toBe(7);
    expect(client.ws.shards.size).toBe(2);
    expect(client.guilds.cache.size).toBe(7);
  });

  it('delivers events twice, late or never when told to', async () => {
    const { ada, channel } = await start();
    const client = await connect();
    const seen: string[] = [];
    client.on(Events.MessageReactionAdd, (reaction) => void seen.push(`+${reaction.emoji.name}`));
    client.on(Events.MessageReactionRemove, (reaction) => void seen.push(`-${reaction.emoji.name}`));
    const message = discord.people.say(ada, channel.id, 'hello');
    const how = ['twice', 'late', 'once', 'never', 'once'] as const;
    let event = 0;
    discord.gateway.interfere = (name) => (name.includes('REACTION') ? how[event++] : 'once');
    for (const emoji of ['1️⃣', '2️⃣', '3️⃣', '4️⃣', '5️⃣']) discord.people.react(ada, message, emoji);
    await discord.until('five', () => seen.length === 5);
    expect(seen).toEqual(['+1️⃣', '+1️⃣', '+3️⃣', '+2️⃣', '+5️⃣']);
  });
});
