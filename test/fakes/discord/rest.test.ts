/** The local REST API, seen by a real discord.js client. */
import { type Client, type Message as ClientMessage, Events, MessageFlags, type TextChannel } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { button, codeOf, connect, discord, next, row, start, textChannel } from './connection.js';

describe('messages', () => {
  it('are sent, answered, edited, read and deleted', async () => {
    const { ada, channel } = await start();
    const client = await connect();
    const said = discord.people.say(ada, channel.id, `<@${client.user.id}> hi`);
    const room = await textChannel(client, channel.id);
    const sent = await room.send({ content: 'hello', reply: { messageReference: said.id } });
    expect(discord.world.message(channel.id, sent.id)).toMatchObject({ content: 'hello', type: 19 });
    await sent.edit('changed');
    expect(discord.world.message(channel.id, sent.id).content).toBe('changed');
    const page = await room.messages.fetch({ limit: 10 });
    expect(page.map(({ id }) => id)).toEqual([sent.id, said.id]);
    expect((await sent.fetchReference()).id).toBe(said.id);
    await sent.delete();
    await expect(room.messages.fetch(sent.id)).rejects.toMatchObject({ status: 404, code: 10008 });
  });

  it('with the same nonce are posted once, if it is enforced', async () => {
    const { channel } = await start();
    const room = await textChannel(await connect(), channel.id);
    const first = await room.send({ content: 'one', nonce: 'n1', enforceNonce: true });
    const again = await room.send({ content: 'one', nonce: 'n1', enforceNonce: true });
    expect(again.id).toBe(first.id);
    await room.send({ content: 'two', nonce: 'n1' });
    expect(discord.world.messagesIn(channel.id)).toHaveLength(2);
  });

  it('that Discord would not take are refused with its codes', async () => {
    const { ada, channel } = await start();
    const room = await textChannel(await connect(), channel.id);
    const other = discord.people.say(ada, channel.id, 'mine');
    const refusals = await Promise.all(
      [
        room.send('x'.repeat(2_001)),
        room.send({ content: '' }),
        room.send({ content: 'x', nonce: 'n'.repeat(26) }),
        room.send({ content: 'x', components: [row(...Array.from({ length: 2 }, () => button('same')))] }),
        room.send({ content: 'x', reply: { messageReference: '123' } }),
        room.send({ embeds: [{ description: 'x'.repeat(4_097) }] }),
        room.messages.edit(other.id, 'yours now'),
        room.messages.fetch('1'),
      ].map((promise) => promise.then(() => null, codeOf)),
    );
    expect(refusals).toEqual([
      [400, 50035],
      [400, 50006],
      [400, 50035],
      [400, 50035],
      [400, 50035],
      [400, 50035],
      [403, 50005],
      [404, 10008],
    ]);
  });

  it('notify those whom allowed_mentions lets through', async () => {
    const { ada, bob, channel } = await start();
    const room = await textChannel(await connect(), channel.id);
    const content = `<@${ada.id}> <@${bob.id}> @everyone`;
    const notified = async (allowedMentions?: object) => {
      const { id } = await room.send({ content, allowedMentions });
      const { mentions, mentionEveryone } = discord.world.message(channel.id, id);
      return [mentions, mentionEveryone];
    };
    expect(await notified()).toEqual([[ada.id, bob.id], false]);
    expect(await notified({ parse: [] })).toEqual([[], false]);
    expect(await notified({ users: [bob.id] })).toEqual([[bob.id], false]);
    const said = discord.people.say(ada, channel.id, 'hi');
    const reply = await room.send({
      content: 'x',
      reply: { messageReference: said.id },
      allowedMentions: { parse: [], repliedUser: false },
    });
    expect(discord.world.message(channel.id, reply.id).mentions).toEqual([]);
  });

  it('carry files, which can be fetched again', async () => {
    const { channel } = await start();
    const room = await textChannel(await connect(), channel.id);
    const sent = await room.send({ files: [{ name: 'taste.json', attachment: Buffer.from('{"a":1}') }] });
    const url = sent.attachments.first()?.url ?? '';
    expect(await (await fetch(url)).text()).toBe('{"a":1}');
  });

  it('begin threads, whose history is their own', async () => {
    const { ada, channel } = await start();
    const client = await connect();
    const room = await textChannel(client, channel.id);
    const sent = await room.send('a topic');
    const thread = await sent.startThread({ name: 'topic' });
    expect(thread.id).toBe(sent.id);
    discord.people.say(ada, thread.id, 'inside');
    await thread.send('reply');
    expect((await thread.messages.fetch()).size).toBe(2);
  });
});

describe('reactions', () => {
  it('are added, listed, removed and told of', async () => {
    const { ada, bob, channel } = await start();
    const client = await connect();
    const told: string[] = [];
    client.on(Events.MessageReactionAdd, (reaction, user) => void told.push(`+${reaction.emoji.name} ${user.id}`));
    client.on(Events.MessageReactionRemove, (reaction, user) => void told.push(`-${reaction.emoji.name} ${user.id}`));
    const room = await textChannel(client, channel.id);
    const sent = await room.send('vote');
    await sent.react('🇦');
    const message = discord.world.message(channel.id, sent.id);
    discord.people.react(ada, message, '🇦');
    discord.people.react(bob, message, '🇦');
    discord.people.unreact(ada, message, '🇦');
    await discord.until('four events', () => told.length === 4);
    expect(told).toEqual([`+🇦 ${client.user.id}`, `+🇦 ${ada.id}`, `+🇦 ${bob.id}`, `-🇦 ${ada.id}`]);
    const fresh = await room.messages.fetch({ message: sent.id, force: true });
    const users = await fresh.reactions.cache.get('🇦')?.users.fetch();
    expect([...(users?.keys() ?? [])].sort()).toEqual([bob.id, client.user.id].sort());
    await sent.reactions.cache.get('🇦')?.users.remove(client.user.id);
    expect([...(message.reactions.get('🇦') ?? [])]).toEqual([bob.id]);
  });

  it('come as partials on messages from before', async () => {
    const { ada, channel } = await start();
    const old = discord.world.addMessage({
      channelId: channel.id,
      authorId: discord.world.application.userId,
      content: 'old',
    });
    const client = await connect();
    const reaction = next<{ partial: boolean; message: ClientMessage }>(client, Events.MessageReactionAdd);
    discord.people.react(ada, old, '👍');
    const { message } = await reaction;
    expect(message.partial).toBe(true);
    expect((await message.fetch()).content).toBe('old');
  });
});

describe('permissions that are missing', () => {
  it.each([
    ['VIEW_CHANNEL', [403, 50001], (room: TextChannel) => room.send('x')],
    ['SEND_MESSAGES', [403, 50013], (room: TextChannel) => room.send('x')],
    ['ADD_REACTIONS', [403, 50013], async (room: TextChannel) => (await room.send('x')).react('👍')],
    ['READ_MESSAGE_HISTORY', [403, 50013], async (room: TextChannel) => (await room.send('x')).react('👍')],
    [
      'CREATE_PUBLIC_THREADS',
      [403, 50013],
      async (room: TextChannel) => (await room.send('x')).startThread({ name: 't' }),
    ],
    [
      'ATTACH_FILES',
      [403, 50013],
      (room: TextChannel) => room.send({ files: [{ name: 'a', attachment: Buffer.from('a') }] }),
    ],
  ] as const)('%s is answered with %j', async (name, expected, act) => {
    const { channel } = await start();
    const room = await textChannel(await connect(), channel.id);
    discord.world.deny(channel, name);
    expect(await act(room).then(() => null, codeOf)).toEqual(expected);
  });

  it('are a matter of the person in direct messages', async () => {
    await start();
    const shy = discord.world.addUser('shy', { takesDirectMessages: false });
    const client = await connect();
    const user = await client.users.fetch(shy.id);
    expect(await user.send('hello').then(() => null, codeOf)).toEqual([403, 50007]);
  });
});

describe('interactions', () => {
  const register = (client: Client<true>) =>
    client.application.commands.set([
      { name: 'ask', description: 'Ask', options: [{ type: 3, name: 'prompt', description: 'What', required: true }] },
    ]);

  it('of commands are registered, used, and answered within three seconds', async () => {
    const { ada, channel } = await start();
    const client = await connect();
    await register(client);
    client.on(Events.InteractionCreate, async (interaction) => {
      if (!interaction.isChatInputCommand()) return;
      await interaction.deferReply();
      await interaction.editReply(`You asked ${interaction.options.getString('prompt')} in ${interaction.locale}`);
      await interaction.followUp({ content: 'only you', flags: MessageFlags.Ephemeral });
    });
    const used = discord.people.command(ada, channel.id, 'ask', { prompt: 'why' });
    await discord.until('the follow-up', () => used.followups.length === 1);
    expect(used.message).toMatchObject({ content: 'You asked why in en-US', flags: 0 });
    expect(used.followups[0].ephemeralFor).toBe(ada.id);
    expect(discord.world.messagesIn(channel.id)).toHaveLength(1);
    expect(() => discord.people.command(ada, channel.id, 'unknown')).toThrow('no command /unknown');
  });

  it('of buttons update the message they stand on', async () => {
    const { ada, channel } = await start();
    const client = await connect();
    client.on(Events.InteractionCreate, async (interaction) => {
      if (interaction.isButton())
        await interaction.update({ content: `pressed ${interaction.customId}`, components: [] });
    });
    const room = await textChannel(client, channel.id);
    const sent = await room.send({ content: 'choose', components: [row(button('one'), button('two'))] });
    discord.people.press(ada, discord.world.message(channel.id, sent.id), 'two');
    await discord.until('the update', () => discord.world.message(channel.id, sent.id).content === 'pressed two');
    expect(discord.world.message(channel.id, sent.id).components).toEqual([]);
  });

  it('are answered once, and not too late', async () => {
    const { ada, channel } = await start();
    const client = await connect();
    await register(client);
    const codes: unknown[] = [];
    client.on(Events.InteractionCreate, async (interaction) => {
      if (!interaction.isChatInputCommand()) return;
      const { id, token } = interaction;
      const answer = () =>
        client.rest.post(`/interactions/${id}/${token}/callback`, { body: { type: 5 }, auth: false });
      if (interaction.options.getString('prompt') === 'late')
        await new Promise((resolve) => setTimeout(resolve, 3_100));
      for (let i = 0; i < 2; i++) codes.push(await answer().then(() => 'fine', codeOf));
    });
    discord.people.command(ada, channel.id, 'ask', { prompt: 'twice' });
    discord.people.command(ada, channel.id, 'ask', { prompt: 'late' });
    await discord.until('four answers', () => codes.length === 4);
    expect(codes).toEqual(['fine', [400, 40060], [404, 10062], [404, 10062]]);
  });

  it('are refused for commands that Discord would not register', async () => {
    await start();
    const client = await connect();
    const refused = async (command: object) =>
      client.rest.put(`/applications/${client.application.id}/commands`, { body: [command] }).then(() => null, codeOf);
    expect(await refused({ name: 'Upper', description: 'x' })).toEqual([400, 50035]);
    expect(await refused({ name: 'x', description: 'x'.repeat(101) })).toEqual([400, 50035]);
    expect(await refused({ name: 'x', description: 'x', description_localizations: { de: '' } })).toEqual([400, 50035]);
    const option = (name: string, required: boolean) => ({ type: 3, name, description: 'x', required });
    const options = [option('a', false), option('b', true)];
    expect(await refused({ name: 'x', description: 'x', options })).toEqual([400, 50035]);
    expect(await refused({ name: 'x', description: 'x', options: options.reverse() })).toBeNull();
  });
});

describe('limits and faults', () => {
  it('hold back a client that sends too fast; it waits and goes on', async () => {
    const { channel } = await start({ rateLimits: { 'POST messages': { limit: 2, windowMs: 300 } } });
    const room = await textChannel(await connect(), channel.id);
    const started = Date.now();
    await Promise.all(Array.from({ length: 6 }, (_, i) => room.send(`${i}`)));
    expect(Date.now() - started).toBeGreaterThan(500);
    expect(discord.world.messagesIn(channel.id).map(({ content }) => content)).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('say 429 with what to wait for', async () => {
    const { channel } = await start({ rateLimits: { 'POST messages': { limit: 1, windowMs: 60_000 } } });
    const send = () =>
      fetch(`${discord.api}/v10/channels/${channel.id}/messages`, {
        method: 'POST',
        headers: { authorization: `Bot ${discord.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ content: 'x' }),
      });
    const first = await send();
    expect(first.headers.get('x-ratelimit-remaining')).toBe('0');
    const second = await send();
    expect(second.status).toBe(429);
    expect(second.headers.get('x-ratelimit-scope')).toBe('user');
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await second.json()).toMatchObject({ global: false, message: 'You are being rate limited.' });
    expect(discord.rest.invalid).toHaveLength(1);
  });

  it.each([
    ['a 502 before anything happened', { when: 'before', answer: 502 }, 1],
    ['a 429 before anything happened', { when: 'before', answer: 429 }, 1],
    ['a 500 behind a message that was posted', { when: 'after', answer: 500 }, 2],
  ] as const)('make a client try again: %s', async (_, fault, posted) => {
    const { channel } = await start();
    const room = await textChannel(await connect(), channel.id);
    discord.rest.faults.add({ method: 'POST', path: /messages$/, times: 1, ...fault });
    await room.send('x');
    expect(discord.world.messagesIn(channel.id)).toHaveLength(posted);
    discord.rest.faults.add({ method: 'POST', path: /messages$/, times: 1, ...fault });
    await room.send({ content: 'y', nonce: '1', enforceNonce: true });
    expect(discord.world.messagesIn(channel.id)).toHaveLength(posted + 1);
  });
});
