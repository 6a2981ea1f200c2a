/** The Discord bot when things go wrong: downtime, limits, errors, lost connections, missing permissions. */
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../../../src/common/random.js';
import { type BotHouse, openBotHouse, QUICK, shown } from './house.js';

let house: BotHouse;
afterEach(() => house.close());

const chosen = (message: Parameters<typeof shown>[0], letter: string) => `CHOSEN ${shown(message).get(letter)}`;

describe('after downtime', () => {
  it('votes that came, changed and went meanwhile are found', { timeout: 120_000 }, async () => {
    house = await openBotHouse();
    const { ada, bob, discord } = house;
    const [one, two, three] = [
      await house.reply(house.ask(ada, 'one')),
      await house.reply(house.ask(ada, 'two')),
      await house.reply(house.ask(bob, 'three')),
    ];
    discord.people.react(ada, one, '🇦');
    await house.ledger(ada, chosen(one, 'A'));
    discord.people.react(bob, three, '🇧');
    await house.ledger(bob, chosen(three, 'B'));
    await house.restart(() => {
      discord.people.unreact(ada, one, '🇦');
      discord.people.react(ada, two, '🇧');
      discord.people.unreact(bob, three, '🇧');
      discord.people.react(bob, three, '🤝');
    });
    await house.ledger(ada, chosen(two, 'B'));
    await house.ledger(bob, 'TIE');
    discord.people.unreact(bob, three, '🤝');
    await house.ledger(bob, null);
  });

  it('a vote that comes while reactions are being read counts', { timeout: 120_000 }, async () => {
    house = await openBotHouse();
    const { ada, bob, discord } = house;
    const message = await house.reply(house.ask(ada, 'one'));
    for (const emoji of ['🇦', '🇧']) discord.people.react(bob, message, emoji);
    await house.ledger(bob, chosen(message, 'B'));
    // The first emoji's users are read; those of the second only after a wait.
    await house.restart(() =>
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
    await discord.until('the end', () => house.place.log.some(({ msg }) => msg === 'Reactions were reconciled'));
    await house.ledger(ada, chosen(message, 'A'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await house.ledger(ada, chosen(message, 'A'));
    await house.ledger(bob, chosen(message, 'B'));
  });

  it('votes by button stand', { timeout: 120_000 }, async () => {
    house = await openBotHouse();
    const { ada, discord } = house;
    const message = await house.reply(house.ask(ada, 'one'));
    const button = discord.people.buttons(message).get('A') as string;
    discord.people.press(ada, message, button);
    await house.ledger(ada, chosen(message, 'A'));
    await house.restart();
    await house.ledger(ada, chosen(message, 'A'));
    discord.people.press(ada, message, button);
    await house.ledger(ada, null);
  });

  it('deleted messages and departed members do no harm', { timeout: 120_000 }, async () => {
    house = await openBotHouse();
    const { ada, bob, discord, guild } = house;
    const gone = await house.reply(house.ask(ada, 'one'));
    const stays = await house.reply(house.ask(ada, 'two'));
    discord.people.react(ada, gone, '🇦');
    await house.ledger(ada, chosen(gone, 'A'));
    await house.restart(() => {
      discord.world.deleteMessage(gone);
      discord.people.react(bob, stays, '🇧');
      discord.world.leaveGuild(guild, bob.id);
    });
    await house.ledger(bob, chosen(stays, 'B'));
    await house.ledger(ada, chosen(gone, 'A'));
  });
});

describe('Discord in trouble', () => {
  it('gets a reply posted once although its answer was lost', async () => {
    house = await openBotHouse();
    const { ada, bot, channel, discord } = house;
    discord.rest.faults.add({ method: 'POST', path: /messages$/, times: 2, when: 'after', answer: 502 });
    discord.rest.faults.add({ method: 'PATCH', path: /messages/, times: 1, when: 'before', answer: 500 });
    await house.reply(house.ask(ada, 'hello'));
    expect(discord.rest.faults.met).toBe(3);
    expect(discord.world.messagesIn(channel.id).filter(({ authorId }) => authorId === bot)).toHaveLength(1);
  });

  it('hears no more edits than it takes', { timeout: 120_000 }, async () => {
    house = await openBotHouse({
      discord: { rateLimits: { ...QUICK, 'PATCH messages': { limit: 5, windowMs: 5_000 } } },
    });
    const { ada, discord } = house;
    for (let i = 0; i < 3; i++) await house.reply(house.ask(ada, `${i}`));
    expect(discord.rest.served.filter(({ status }) => status === 429)).toHaveLength(0);
  });

  it('keeps a reply whose message is deleted while it grows from ending the bot', async () => {
    house = await openBotHouse();
    const { ada, bot, channel, discord, place } = house;
    let release = () => {};
    place.runtime.holdDecoding = new Promise((resolve) => {
      release = resolve;
    });
    house.ask(ada, 'hello');
    const growing = await discord.until('a growing reply', () =>
      discord.world.messagesIn(channel.id).find(({ authorId }) => authorId === bot),
    );
    discord.world.deleteMessage(growing);
    place.runtime.holdDecoding = undefined;
    release();
    await house.reply(house.ask(ada, 'again'));
    expect(place.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('is stopped by the asker: the text so far stays and says so', async () => {
    house = await openBotHouse();
    const { ada, bot, channel, discord, place } = house;
    place.runtime.holdDecoding = new Promise(() => {});
    house.ask(ada, 'hello');
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
    house = await openBotHouse();
    const { ada, bot, channel, discord } = house;
    discord.world.deny(channel, name);
    house.ask(ada, 'hello');
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
    house = await openBotHouse();
    const { ada, channel, discord } = house;
    discord.world.deny(channel, 'ADD_REACTIONS');
    const message = await house.reply(house.ask(ada, 'hello'), 0);
    await discord.until('buttons', () => discord.people.buttons(message).has('A'));
    discord.people.press(ada, message, discord.people.buttons(message).get('A') as string);
    await house.ledger(ada, chosen(message, 'A'));
  });

  it('says what is wrong with the settings instead of trying for ever', async () => {
    house = await openBotHouse();
    const put = (name: string, value: string) =>
      house.place.admin.request(
        `mutation ($values: [PluginValueInput!]) { configurePlugin(name: "discord", input: { values: $values }) { status } }`,
        { values: [{ name, value }] },
      );
    await put('token', 'bm90.bm90.known');
    const refused = await house.place.until('discord', ({ message }) => /does not know this token/.test(message ?? ''));
    expect(refused.message).toContain('Reset Token');
    await put('token', house.discord.token);
    await put('messageContent', 'true');
    await house.place.until('discord', ({ message }) =>
      /message content intent is not switched on/.test(message ?? ''),
    );
  });
});

describe('many members', () => {
  it('vote while sockets drop, 429s rain and the service restarts: the ledger equals what Discord shows', {
    timeout: 240_000,
  }, async () => {
    house = await openBotHouse({
      discord: { rateLimits: { ...QUICK, 'reactions read': { limit: 100, windowMs: 500 } } },
    });
    const { ada, discord, guild } = house;
    const members = Array.from({ length: 500 }, (_, i) => discord.world.addUser(`member-${i}`));
    for (const { id } of members) guild.members.set(id, { roles: [], joinedAt: '' });
    const message = await house.reply(house.ask(ada, 'hello'));
    discord.people.react(ada, message, '🇦');
    await house.ledger(ada, chosen(message, 'A'));
    const [{ generation: generationId }] = await house.verdicts(ada);
    const random = new Random('votes');
    const emoji = ['🇦', '🇧', '🤝', '🚫'];
    const last = new Map<string, string[]>();
    const act = (from: number, to: number) => {
      for (const member of members.slice(from, to)) {
        const own = last.get(member.id) ?? [];
        if (own.length > 0 && random.uniform() < 0.35) {
          const taken = own[random.integer(own.length)];
          discord.people.unreact(member, message, taken);
          last.set(
            member.id,
            own.filter((one) => one !== taken),
          );
        } else {
          const one = emoji[random.integer(emoji.length)];
          discord.people.react(member, message, one);
          if (!own.includes(one)) last.set(member.id, [...own, one]);
        }
      }
    };
    act(0, 300);
    discord.gateway.cut();
    act(100, 400);
    discord.rest.faults.add({ path: /channels/, times: 25, when: 'before', answer: 429, retryAfter: 0.05 });
    discord.rest.faults.add({ path: /channels/, times: 3, when: 'before', answer: 503 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    discord.gateway.closeAll(4000);
    act(0, 200);
    await new Promise((resolve) => setTimeout(resolve, 500));
    // While the service is down everybody takes away what they have and leaves at most one: then the order does not matter.
    await house.restart(() => {
      for (const member of members) {
        for (const one of last.get(member.id) ?? []) discord.people.unreact(member, message, one);
        const one = random.uniform() < 0.8 ? emoji[random.integer(emoji.length)] : null;
        if (one) discord.people.react(member, message, one);
        last.set(member.id, one ? [one] : []);
      }
    });
    const shownVotes = () =>
      members.map(({ id }) => {
        const [one] = last.get(id) ?? [];
        if (!one) return null;
        return one === '🤝' ? 'TIE' : one === '🚫' ? 'ALL_BAD' : chosen(message, one === '🇦' ? 'A' : 'B');
      });
    const query = `query ($id: ID!, $member: MemberRef!) { generation(id: $id) { feedback(member: $member) { verdict state chosen { text } } } }`;
    const ledger = () =>
      Promise.all(
        members.map(async ({ id }) => {
          const data = await house.place.admin.request(query, {
            id: generationId,
            member: { platform: 'discord', externalId: id },
          });
          const { feedback } = data.generation as {
            feedback: { verdict: string; state: string; chosen: { text: string } | null } | null;
          };
          if (feedback?.state !== 'ACTIVE') return null;
          return feedback.chosen ? `${feedback.verdict} ${feedback.chosen.text}` : feedback.verdict;
        }),
      );
    const expected = shownVotes();
    let found = await ledger();
    for (
      const end = Date.now() + 120_000;
      Date.now() < end && found.join() !== expected.join();
      found = await ledger()
    ) {
      // Reading five hundred verdicts is work too: the bot is to get on with its own.
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    }
    expect(found).toEqual(expected);
    expect(new Set(expected).size).toBe(5);
  });
});
