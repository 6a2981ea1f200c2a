/** The Discord bot across restarts: answers that were being written, and questions that were asked meanwhile. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Message } from '../../fakes/discord/types.js';
import { type BotFixture, openBotFixture, shown } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture.close());

const own = () =>
  fixture.discord.world.messagesIn(fixture.channel.id).filter(({ authorId }) => authorId === fixture.bot);
const minutes = (count: number) => count * 60_000;
/** An id from so long ago. */
const idOf = (ago: number) => String((BigInt(Date.now() - ago) - 1_420_070_400_000n) << 22n);

async function interrupted(question: () => void): Promise<Message> {
  fixture.place.runtime.holdDecoding = new Promise(() => {});
  const before = own().length;
  question();
  const growing = await fixture.discord.until('a stop button', () =>
    own()
      .slice(before)
      .find((message) => fixture.discord.people.buttons(message).has('Stop')),
  );
  // Where it stands is kept.
  while (!(await fixture.place.rowsOf('discord')).some(({ value }) => value.includes(growing.id)))
    await new Promise((resolve) => setTimeout(resolve, 10));
  return growing;
}

describe('an answer that a restart interrupted', () => {
  it('is begun again in its message, and can be voted on', async () => {
    fixture = await openBotFixture();
    const { ada, discord } = fixture;
    let question: Message | undefined;
    const growing = await interrupted(() => {
      question = fixture.ask(ada, 'hello');
    });
    await fixture.restart();
    const message = await fixture.reply(question as Message);
    expect(message.id).toBe(growing.id);
    expect(own()).toHaveLength(1);
    expect([...shown(message).keys()]).toEqual(['A', 'B']);
    expect(message.content).not.toContain('Stopped.');
    expect(discord.people.buttons(message).has('Stop')).toBe(false);
    discord.people.react(ada, message, '🇦');
    await fixture.ledger(ada, `CHOSEN ${shown(message).get('A')}`);
  });

  it('is found although nobody noted where it stands', async () => {
    fixture = await openBotFixture();
    const { ada, place } = fixture;
    const { set } = place.services.storage;
    // The process ends between the posting and the note.
    place.services.storage.set = (owner, key, value, member) =>
      key.startsWith('question/') && value?.includes('"message"')
        ? new Promise(() => {})
        : set.call(place.services.storage, owner, key, value, member);
    place.runtime.holdDecoding = new Promise(() => {});
    const question = fixture.ask(ada, 'hello');
    const growing = await fixture.discord.until('a growing reply', () => own().at(0));
    await fixture.restart();
    expect((await fixture.reply(question)).id).toBe(growing.id);
    expect(own()).toHaveLength(1);
  });

  it('to a command ends as cut off, without its button', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    const growing = await interrupted(() => discord.people.command(ada, channel.id, 'ask', { prompt: 'hello' }));
    await fixture.restart();
    await discord.until('the end', () => growing.content.includes('I was restarted while I wrote this.'));
    expect(growing.content.startsWith('> hello\n\n')).toBe(true);
    expect(growing.components).toEqual([]);
    expect(fixture.place.runtime.requests).toEqual([]);
  });

  it('long ago ends as cut off as well', async () => {
    fixture = await openBotFixture();
    const { ada, discord, place } = fixture;
    const growing = await interrupted(() => fixture.ask(ada, 'hello'));
    // As it would be kept after an hour.
    for (const { key, value } of await place.rowsOf('discord')) {
      const row = JSON.parse(value);
      if (key.startsWith('question/'))
        await place.services.storage.set(
          'plugin/discord',
          key,
          JSON.stringify({ ...row, at: row.at - minutes(60) }),
          null,
        );
    }
    await fixture.restart();
    await discord.until('the end', () => growing.content.includes('I was restarted while I wrote this.'));
    expect(discord.people.buttons(growing).size).toBe(0);
    expect(fixture.place.runtime.requests).toEqual([]);
  });
});

describe('a question asked while the bot was away', () => {
  it('is answered once, where the bot has conversations, if it is minutes old', async () => {
    fixture = await openBotFixture();
    const { ada, bob, bot, channel, discord, guild } = fixture;
    await fixture.reply(fixture.ask(ada, 'before'));
    const unknown = discord.world.addChannel(guild, 'unknown');
    let missed: Message[] = [];
    await fixture.restart(() => {
      missed = [fixture.ask(ada, 'missed'), fixture.ask(bob, 'missed too')];
      discord.people.say(bob, channel.id, 'to nobody');
      fixture.ask(ada, 'elsewhere', unknown.id);
      const old = { channelId: channel.id, authorId: ada.id, content: `<@${bot}> long ago`, mentions: [bot] };
      discord.world.addMessage({ ...old, id: idOf(minutes(16)) });
    });
    for (const question of missed) expect([...shown(await fixture.reply(question)).keys()]).toEqual(['A', 'B']);
    expect(fixture.place.runtime.requests).toHaveLength(2);
    await fixture.restart();
    await discord.until('a look', () => fixture.place.log.some(({ msg }) => msg === 'Reactions were reconciled'));
    await fixture.reply(fixture.ask(ada, 'after'));
    expect(own()).toHaveLength(4);
    expect(fixture.place.runtime.requests).toHaveLength(1);
    expect(discord.world.messagesIn(unknown.id)).toHaveLength(1);
  });
});

describe('reading reactions after downtime', () => {
  it('asks for messages by the page, and for people only where somebody reacted', async () => {
    fixture = await openBotFixture();
    const { ada, bob, channel, bot, discord } = fixture;
    const offered = await fixture.reply(fixture.ask(ada, 'hello'));
    const owner = 'plugin/discord';
    const { storage } = fixture.place.services;
    for (let i = 0; i < 103; i++) {
      const { id } = discord.world.addMessage({ channelId: channel.id, authorId: bot, content: `offer ${i}` });
      const generationId = `0a1b2c3d-0000-4000-8000-${String(i).padStart(12, '0')}`;
      const offer = { generationId, candidates: ['a', 'b'], asker: ada.id, scope: '', channel: channel.id };
      await storage.set(
        owner,
        `offer/${channel.id}/${id}`,
        JSON.stringify({ ...offer, messages: [id], at: Date.now(), language: 'en' }),
        null,
      );
    }
    await fixture.restart(() => {
      discord.people.react(bob, offered, '🇧');
      discord.rest.served.length = 0;
    });
    await fixture.ledger(bob, `CHOSEN ${shown(offered).get('B')}`);
    await discord.until('a look', () => fixture.place.log.some(({ msg }) => msg === 'Reactions were reconciled'));
    const read = discord.rest.served.filter(({ method, path }) => method === 'GET' && /messages/.test(path));
    expect(read.filter(({ path }) => /reactions/.test(path))).toHaveLength(1);
    expect(read.length).toBeLessThan(12);
  });
});
