/** A real discord.js client against the local Discord, and the service behind it: from question to verdict. */
import { afterEach, describe, expect, it } from 'vitest';
import { type BotFixture, openBotFixture, shown } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture.close());

const chosen = (message: Parameters<typeof shown>[0], letter: string) => `CHOSEN ${shown(message).get(letter)}`;

describe('a question', () => {
  it('is answered with two replies, reactions and buttons, and notifies nobody', async () => {
    fixture = await openBotFixture();
    const { ada, discord, channel, bot } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    expect([...shown(message).keys()]).toEqual(['A', 'B']);
    expect(message.content).toContain('Which one is better? 🤝 equally good, 🚫 none of them.');
    expect([...message.reactions.keys()]).toEqual(['🇦', '🇧', '🤝', '🚫', '🔁']);
    const votes = ['A', 'B', 'Equally good', 'None of them', 'New replies'];
    expect([...discord.people.buttons(message).keys()]).toEqual([...votes, 'Continue A', 'Continue B']);
    expect(message.mentions).toEqual([]);
    expect(discord.world.messagesIn(channel.id).filter(({ authorId }) => authorId === bot)).toHaveLength(1);
    expect(fixture.place.runtime.requests[0].rows).toHaveLength(2);
  });

  it('is not answered when it is put to nobody, by a bot, or twice', async () => {
    fixture = await openBotFixture();
    const { ada, discord, channel, bot } = fixture;
    const robot = discord.world.addUser('robot', { bot: true });
    discord.world.addMessage({ channelId: channel.id, authorId: robot.id, content: `<@${bot}> hi`, mentions: [bot] });
    discord.people.say(ada, channel.id, 'nobody in particular');
    discord.gateway.interfere = (name) => (name === 'MESSAGE_CREATE' ? 'twice' : 'once');
    await fixture.reply(fixture.ask(ada, 'hello'));
    expect(discord.world.messagesIn(channel.id).filter(({ authorId }) => authorId === bot)).toHaveLength(1);
    expect(fixture.place.runtime.requests).toHaveLength(1);
  });

  it('in a direct message needs no mention, and the conversation goes on', async () => {
    fixture = await openBotFixture();
    const { ada, discord } = fixture;
    const direct = discord.world.directChannel(ada.id);
    const first = await fixture.reply(fixture.ask(ada, 'one', direct.id));
    discord.people.react(ada, first, '🇧');
    await fixture.ledger(ada, chosen(first, 'B'));
    await fixture.reply(fixture.ask(ada, 'two', direct.id));
    const [before, after] = fixture.place.runtime.requests.map(({ promptIds }) => promptIds.length);
    // The second prompt holds the first question and the reply that was chosen.
    expect(after).toBeGreaterThan(before + (shown(first).get('B') ?? '').length / 2);
  });
});

describe('a vote', () => {
  it('is changed and taken back by reactions', async () => {
    fixture = await openBotFixture();
    const { ada, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    discord.people.react(ada, message, '🇦');
    await fixture.ledger(ada, chosen(message, 'A'));
    const [{ id }] = await fixture.verdicts(ada);
    discord.people.react(ada, message, '🇧');
    await fixture.ledger(ada, chosen(message, 'B'));
    expect((await fixture.verdicts(ada))[0].id).toBe(id);
    discord.people.unreact(ada, message, '🇧');
    await fixture.ledger(ada, chosen(message, 'A'));
    discord.people.unreact(ada, message, '🇦');
    await fixture.ledger(ada, null);
    discord.people.react(ada, message, '🤝');
    await fixture.ledger(ada, 'TIE');
    discord.world.clearReactions(message);
    await fixture.ledger(ada, null);
  });

  it('is cast by a button, which says what it counted, and taken back by pressing again', async () => {
    fixture = await openBotFixture();
    const { ada, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    const button = discord.people.buttons(message).get('B') as string;
    const press = discord.people.press(ada, message, button);
    await fixture.ledger(ada, chosen(message, 'B'));
    await discord.until('the answer', () => press.message?.content.startsWith('Counted: B.'));
    expect(press.message?.ephemeralFor).toBe(ada.id);
    discord.people.press(ada, message, button);
    await fixture.ledger(ada, null);
  });

  it('of somebody else is their own', async () => {
    fixture = await openBotFixture();
    const { ada, bob, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    discord.people.react(bob, message, '🇦');
    discord.people.react(ada, message, '🇧');
    await fixture.ledger(bob, chosen(message, 'A'));
    await fixture.ledger(ada, chosen(message, 'B'));
  });

  it('changes the next reply, and taking it back brings the old one back', async () => {
    fixture = await openBotFixture();
    const { ada, discord, place } = fixture;
    const first = await fixture.reply(fixture.ask(ada, 'hello'));
    const taste = async () => {
      const input = {
        member: { platform: 'discord', externalId: ada.id },
        prompt: 'probe',
        candidateCount: 1,
        seed: 7,
      };
      return (await place.admin.generate({ ...input, explore: false, maxTokens: 12 })).candidates[0].text;
    };
    const before = await taste();
    discord.people.react(ada, first, '🇦');
    await fixture.ledger(ada, chosen(first, 'A'));
    const version = async () =>
      (await place.admin.member({ platform: 'discord', externalId: ada.id }))?.encoder.version ?? 0;
    while ((await version()) < 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await taste()).not.toBe(before);
    discord.people.unreact(ada, first, '🇦');
    while ((await version()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await taste()).toBe(before);
  });

  it('asks for new replies once, and only for the asker', async () => {
    fixture = await openBotFixture();
    const { ada, bob, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    discord.people.react(bob, message, '🔁');
    discord.gateway.interfere = (name) => (name === 'MESSAGE_REACTION_ADD' ? 'twice' : 'once');
    discord.people.react(ada, message, '🔁');
    const again = await fixture.reply(message);
    expect(shown(again).size).toBe(2);
    expect(fixture.place.runtime.requests).toHaveLength(2);
  });
});
