/** The Discord bot when things go wrong: downtime, limits, errors, lost connections, missing permissions. */
import { afterEach, describe, expect, it } from 'vitest';
import { type BotFixture, openBotFixture, QUICK, shown } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture.close());

const chosen = (message: Parameters<typeof shown>[0], letter: string) => `CHOSEN ${shown(message).get(letter)}`;

describe('after downtime', () => {
  it('votes that came, changed and went meanwhile are found', async () => {
    fixture = await openBotFixture();
    const { ada, bob, discord } = fixture;
    const [one, two, three] = [
      await fixture.reply(fixture.ask(ada, 'one')),
      await fixture.reply(fixture.ask(ada, 'two')),
      await fixture.reply(fixture.ask(bob, 'three')),
    ];
    discord.people.react(ada, one, '🇦');
    await fixture.ledger(ada, chosen(one, 'A'));
    discord.people.react(bob, three, '🇧');
    await fixture.ledger(bob, chosen(three, 'B'));
    await fixture.restart(() => {
      discord.people.unreact(ada, one, '🇦');
      discord.people.react(ada, two, '🇧');
      discord.people.unreact(bob, three, '🇧');
      discord.people.react(bob, three, '🤝');
    });
    await fixture.ledger(ada, chosen(two, 'B'));
    await fixture.ledger(bob, 'TIE');
    discord.people.unreact(bob, three, '🤝');
    await fixture.ledger(bob, null);
  });

  it('a vote that comes while reactions are being read counts', async () => {
    fixture = await openBotFixture();
    const { ada, bob, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'one'));
    for (const emoji of ['🇦', '🇧']) discord.people.react(bob, message, emoji);
    await fixture.ledger(bob, chosen(message, 'B'));
    // The first emoji's users are read; those of the second only after a wait.
    await fixture.restart(() =>
      discord.rest.faults.add({
        path: /reactions\/%F0%9F%87%A7/,
        times: 1,
        when: 'before',
        answer: 429,
        retryAfter: 3,
      }),
    );
    await discord.until('the wait', () => discord.rest.faults.met === 1);
    discord.people.react(ada, message, '🇦');
    await discord.until('the end', () => fixture.place.log.some(({ msg }) => msg === 'Reactions were reconciled'));
    await fixture.ledger(ada, chosen(message, 'A'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await fixture.ledger(ada, chosen(message, 'A'));
    await fixture.ledger(bob, chosen(message, 'B'));
  });

  it('votes by button stand', async () => {
    fixture = await openBotFixture();
    const { ada, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'one'));
    const button = discord.people.buttons(message).get('A') as string;
    discord.people.press(ada, message, button);
    await fixture.ledger(ada, chosen(message, 'A'));
    await fixture.restart();
    await fixture.ledger(ada, chosen(message, 'A'));
    discord.people.press(ada, message, button);
    await fixture.ledger(ada, null);
  });

  it('deleted messages and departed members do no harm', async () => {
    fixture = await openBotFixture();
    const { ada, bob, discord, guild } = fixture;
    const gone = await fixture.reply(fixture.ask(ada, 'one'));
    const stays = await fixture.reply(fixture.ask(ada, 'two'));
    discord.people.react(ada, gone, '🇦');
    await fixture.ledger(ada, chosen(gone, 'A'));
    await fixture.restart(() => {
      discord.world.deleteMessage(gone);
      discord.people.react(bob, stays, '🇧');
      discord.world.leaveGuild(guild, bob.id);
    });
    await fixture.ledger(bob, chosen(stays, 'B'));
    await fixture.ledger(ada, chosen(gone, 'A'));
  });
});

describe('Discord in trouble', () => {
  it('gets a reply posted once although its answer was lost', async () => {
    fixture = await openBotFixture();
    const { ada, bot, channel, discord } = fixture;
    discord.rest.faults.add({ method: 'POST', path: /messages$/, times: 2, when: 'after', answer: 502 });
    discord.rest.faults.add({ method: 'PATCH', path: /messages/, times: 1, when: 'before', answer: 500 });
    await fixture.reply(fixture.ask(ada, 'hello'));
    expect(discord.rest.faults.met).toBe(3);
    expect(discord.world.messagesIn(channel.id).filter(({ authorId }) => authorId === bot)).toHaveLength(1);
  });

  it('hears no more edits than it takes', async () => {
    fixture = await openBotFixture({
      discord: { rateLimits: { ...QUICK, 'PATCH messages': { limit: 5, windowMs: 5_000 } } },
    });
    const { ada, discord } = fixture;
    for (let i = 0; i < 3; i++) await fixture.reply(fixture.ask(ada, `${i}`));
    expect(discord.rest.served.filter(({ status }) => status === 429)).toHaveLength(0);
  });

  it('keeps a reply whose message is deleted while it grows from ending the bot', async () => {
    fixture = await openBotFixture();
    const { ada, bot, channel, discord, place } = fixture;
    let release = () => {};
    place.runtime.holdDecoding = new Promise((resolve) => {
      release = resolve;
    });
    fixture.ask(ada, 'hello');
    const growing = await discord.until('a growing reply', () =>
      discord.world.messagesIn(channel.id).find(({ authorId }) => authorId === bot),
    );
    discord.world.deleteMessage(growing);
    place.runtime.holdDecoding = undefined;
    release();
    await fixture.reply(fixture.ask(ada, 'again'));
    expect(place.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('is stopped by the asker: the text so far stays and says so', async () => {
    fixture = await openBotFixture();
    const { ada, bot, channel, discord, place } = fixture;
    place.runtime.holdDecoding = new Promise(() => {});
    fixture.ask(ada, 'hello');
    const growing = await discord.until('a stop button', () =>
      discord.world.messagesIn(channel.id).find((message) => message.authorId === bot && message.components.length > 0),
    );
    discord.people.press(ada, growing, discord.people.buttons(growing).get('Stop') as string);
    await discord.until('the end', () => growing.content.includes('Stopped.'));
  });

  it.each([
    ['SEND_MESSAGES', 'Send Messages'],
    ['READ_MESSAGE_HISTORY', 'Read Message History'],
  ] as const)('says which permission is missing: %s', async (name, said) => {
    fixture = await openBotFixture();
    const { ada, bot, channel, discord } = fixture;
    discord.world.deny(channel, name);
    fixture.ask(ada, 'hello');
    const direct = discord.world.directChannel(ada.id);
    const sentence = await discord.until('a sentence', () =>
      [...discord.world.messagesIn(direct.id), ...discord.world.messagesIn(channel.id)].find(
        ({ authorId }) => authorId === bot,
      ),
    );
    expect(sentence.content).toBe(`I cannot reply in <#${channel.id}>: I lack the permission ${said}.`);
    expect(sentence.channelId === direct.id).toBe(name === 'SEND_MESSAGES');
  });

  it('offers buttons alone where reactions are not allowed', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    discord.world.deny(channel, 'ADD_REACTIONS');
    const message = await fixture.reply(fixture.ask(ada, 'hello'), 0);
    await discord.until('buttons', () => discord.people.buttons(message).has('A'));
    discord.people.press(ada, message, discord.people.buttons(message).get('A') as string);
    await fixture.ledger(ada, chosen(message, 'A'));
  });

  it('says what is wrong with the settings instead of trying for ever', async () => {
    fixture = await openBotFixture();
    const put = (name: string, value: string) =>
      fixture.place.admin.request(
        `mutation ($values: [PluginValueInput!]) { configurePlugin(name: "discord", input: { values: $values }) { status } }`,
        { values: [{ name, value }] },
      );
    await put('token', 'bm90.bm90.known');
    const refused = await fixture.place.until('discord', ({ message }) =>
      /does not know this token/.test(message ?? ''),
    );
    expect(refused.message).toContain('Reset Token');
    await put('token', fixture.discord.token);
    await put('messageContent', 'true');
    await fixture.place.until('discord', ({ message }) =>
      /message content intent is not switched on/.test(message ?? ''),
    );
  });
});
