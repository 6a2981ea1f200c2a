/** Commands and pages of the Discord bot, used by people on the local Discord. */
import { PNG } from 'pngjs';
import { afterEach, describe, expect, it } from 'vitest';
import type { SeenInteraction } from '../../fakes/discord/people.js';
import type { Message, Wire } from '../../fakes/discord/types.js';
import { type BotFixture, openBotFixture, shown } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture.close());

/** The text of a page: of the message, and of what is embedded in it. */
function textOf(message: Message): string {
  const embeds = message.embeds.flatMap((embed) => [
    embed.title,
    embed.description,
    ...((embed.fields ?? []) as Wire[]).flatMap(({ name, value }) => [name, value]),
  ]);
  return [message.content, ...embeds].filter(Boolean).join('\n');
}

/** The answer to an interaction once it says something. */
async function answer(
  seen: SeenInteraction,
  fits: (message: Message) => boolean = (message) => textOf(message) !== '',
) {
  return fixture.discord.until('an answer', () => seen.message && fits(seen.message) && seen.message);
}

const press = (message: Message, label: string, user = fixture.ada) => {
  const id = fixture.discord.people.buttons(message).get(label);
  if (!id) throw new Error(`No button ${label} in ${[...fixture.discord.people.buttons(message).keys()]}`);
  return fixture.discord.people.press(user, message, id);
};

describe('/ask', () => {
  it('shows the question at once, answers like a message, and can be voted on', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    const asked = discord.people.command(ada, channel.id, 'ask', { prompt: 'hello\n*there*' });
    const message = await answer(asked, ({ reactions }) => reactions.size === 5);
    expect(asked.interaction.answer?.data.content).toBe('> hello \\*there\\*\n\n…');
    expect(message.content).toMatch(/^> hello \\\*there\\\*\n\n\*\*A\*\*\n/);
    discord.people.react(ada, message, '🇦');
    await fixture.ledger(ada, `CHOSEN ${shown(message).get('A')}`);
  });

  it('speaks the language of its person', async () => {
    fixture = await openBotFixture();
    const { channel, discord } = fixture;
    const jun = discord.world.addUser('jun', { locale: 'ja' });
    fixture.guild.members.set(jun.id, { roles: [], joinedAt: '' });
    const asked = discord.people.command(jun, channel.id, 'ask', { prompt: 'hello' });
    const message = await answer(asked, ({ reactions }) => reactions.size === 5);
    expect(message.content).toContain('どちらがよいですか？');
    const commands = discord.world.commands.get('') as Wire[];
    const ask = commands.find(({ name }) => name === 'ask') as Wire;
    expect((ask.description_localizations as Wire).de).toContain('die bessere von zwei Antworten');
  });
});

describe('a reply to the bot without mentioning it', () => {
  it('is told once that it cannot be read', async () => {
    fixture = await openBotFixture();
    const { ada, bob, channel, bot, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    const questions = ['one', 'two'].map((text) =>
      discord.people.say(bob, channel.id, text, { replyTo: message, ping: false }),
    );
    const answersTo = ({ id }: Message) =>
      discord.world
        .messagesIn(channel.id)
        .filter(({ authorId, reference }) => authorId === bot && reference?.messageId === id);
    const said = await discord.until('a word', () => answersTo(questions[0]).at(0));
    expect(said.content).toContain('leave the mention on when you reply');
    await fixture.reply(discord.people.say(bob, channel.id, 'three', { replyTo: message }));
    expect(answersTo(questions[1])).toEqual([]);
    expect(fixture.place.runtime.requests).toHaveLength(2);
  });

  it('is answered where the bot may read it', async () => {
    fixture = await openBotFixture({
      config: { messageContent: true },
      before: ({ world }) => {
        world.application.privileged.messageContent = true;
      },
    });
    const { ada, bob, channel, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    await fixture.reply(discord.people.say(bob, channel.id, 'and now?', { replyTo: message, ping: false }));
    expect(fixture.place.runtime.requests).toHaveLength(2);
  });
});

describe('consent', () => {
  it('is kept of somebody who has not asked anything yet', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, channel, discord, place } = fixture;
    const page = await answer(discord.people.command(ada, channel.id, 'consent'));
    expect(textOf(await answer(press(page, 'Yes, learn')))).toContain('Thank you.');
    const member = await place.admin.member({ platform: 'discord', externalId: ada.id });
    expect(member?.consent.learn).toBe('GRANTED');
  });

  it('is asked for in a direct message behind the first vote, which waits for it', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    discord.people.react(ada, message, '🇦');
    const direct = discord.world.directChannel(ada.id);
    const question = await discord.until('the question', () => discord.world.messagesIn(direct.id)[0]);
    expect(textOf(question)).toContain('never from other messages');
    expect(await fixture.verdicts(ada)).toEqual([]);
    const granted = press(question, 'Yes, learn');
    expect(textOf(await answer(granted))).toContain('those that were waiting included');
    await fixture.ledger(ada, `CHOSEN ${shown(message).get('A')}`);
    discord.people.react(ada, message, '🇧');
    await fixture.ledger(ada, `CHOSEN ${shown(message).get('B')}`);
    expect(discord.world.messagesIn(direct.id)).toHaveLength(1);
  });

  it('is asked for where the button was pressed, and where no direct message is taken', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, bob, discord, channel } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    const pressed = press(message, 'A');
    const [question] = await discord.until('the question', () => pressed.followups.length === 1 && pressed.followups);
    expect(question.ephemeralFor).toBe(ada.id);
    bob.takesDirectMessages = false;
    discord.people.react(bob, message, '🇦');
    const open = await discord.until('an open question', () =>
      discord.world.messagesIn(channel.id).find(({ content }) => content === `<@${bob.id}>`),
    );
    expect(textOf(await answer(press(open, 'No', bob)))).toContain('change nothing');
    const state = (await fixture.place.admin.member({ platform: 'discord', externalId: bob.id }))?.consent.learn;
    expect(state).toBe('DENIED');
  });

  it('is seen and changed by /consent', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    await fixture.reply(fixture.ask(ada, 'hello'));
    const page = await answer(discord.people.command(ada, channel.id, 'consent'));
    expect(textOf(page)).toContain('You have not decided yet');
    expect(page.ephemeralFor).toBe(ada.id);
    await answer(press(page, 'Yes, learn'));
    const now = await answer(discord.people.command(ada, channel.id, 'consent'));
    expect(textOf(now)).toContain('shown to nobody but you');
    expect(textOf(await answer(press(now, 'Show it to others, without my name')))).toContain('without a name');
  });
});

describe('/taste', () => {
  const trained = async (version: number) => {
    for (;;) {
      const member = await fixture.place.admin.member({ platform: 'discord', externalId: fixture.ada.id });
      if ((member?.encoder.version ?? 0) >= version) return member;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('shows what was learned, goes back, exports and forgets', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    const empty = await answer(discord.people.command(ada, channel.id, 'taste'));
    expect(textOf(empty)).toContain('not learned anything');
    const first = await fixture.reply(fixture.ask(ada, 'one'));
    discord.people.react(ada, first, '🇦');
    await trained(1);
    const second = await fixture.reply(fixture.ask(ada, 'two'));
    discord.people.react(ada, second, '🇧');
    await trained(2);
    const page = await answer(discord.people.command(ada, channel.id, 'taste'));
    expect(textOf(page)).toContain('2, from 2 votes');
    const [map] = page.attachments;
    expect(page.embeds[0].image).toMatchObject({ url: `attachment://${map.filename}` });
    expect(map.description).toContain('2 chosen replies, 2 rejected replies, 0 other members');
    expect(PNG.sync.read(Buffer.from(map.bytes))).toMatchObject({ width: 720, height: 540 });
    const exported = await answer(press(page, 'Export'), ({ attachments }) => attachments.length === 1);
    expect(Buffer.from(exported.attachments[0].bytes).toString()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(textOf(await answer(press(page, 'Back to version 1')))).toContain('Back at version 1');
    await fixture.ledger(ada, `CHOSEN ${shown(first).get('A')}`);
    const question = await answer(press(page, 'Forget me'));
    expect(textOf(await answer(press(question, 'Keep it')))).toBe('Nothing was deleted.');
    expect(textOf(await answer(press(question, 'Delete everything')))).toContain('Receipt:');
    expect(await fixture.place.admin.member({ platform: 'discord', externalId: ada.id })).toBeNull();
    const rows = JSON.stringify((await fixture.place.admin.request('{ viewer { scope } }')) ?? {});
    expect(rows).toContain('ADMIN');
    // A vote on what is gone ends the offer: its buttons disappear.
    discord.people.react(ada, first, '🇧');
    await discord.until(
      'the buttons to go',
      () => first.components.length === 0 || first.reactions.get('🇧')?.size === 2,
    );
  });
});

describe('/tune', () => {
  it('asks ten prompts, four replies each, learns, and shows before and after', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    const started = discord.people.command(ada, channel.id, 'tune');
    const page = await answer(started, (message) => discord.people.buttons(message).has('A'));
    expect(page.ephemeralFor).toBe(ada.id);
    for (let at = 0; at < 10; at++) {
      await discord.until(`prompt ${at}`, () => textOf(page).includes(`${at} of 10`) && page.components.length > 0);
      expect([...discord.people.buttons(page).keys()]).toEqual(['A', 'B', 'C', 'D', 'None', 'Skip', 'Stop']);
      press(page, at === 4 ? 'Skip' : at === 5 ? 'None' : 'C');
      if (at === 2) press(page, 'C');
    }
    await discord.until('the end', () => textOf(page).includes('Done: 9 votes'));
    expect(textOf(page)).toMatch(/\*\*Before\*\*\n[\s\S]+\*\*After\*\*\n/);
    const verdicts = await fixture.verdicts(ada);
    expect(verdicts).toHaveLength(9);
    expect(verdicts.filter(({ verdict }) => verdict === 'CHOSEN')).toHaveLength(8);
    const [before, after] = [/Before\*\*\n(.+)/, /After\*\*\n(.+)/].map((part) => part.exec(textOf(page))?.[1]);
    expect(after).not.toBe(before);
  });

  it('asks for consent before the first prompt; without it there is no round', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, channel, discord, place } = fixture;
    const question = await answer(discord.people.command(ada, channel.id, 'tune'));
    expect(textOf(question)).toContain('A tuning round teaches me your taste. So I ask first:');
    expect(place.runtime.requests).toEqual([]);
    const no = textOf(await answer(press(question, 'No')));
    expect(no).toContain('Your votes change nothing.');
    expect(no).toContain('there is none');
    expect(place.runtime.requests).toEqual([]);
    const member = () => place.admin.member({ platform: 'discord', externalId: ada.id });
    expect((await member())?.consent.learn).toBe('DENIED');
    const again = await answer(discord.people.command(ada, channel.id, 'tune'));
    const yes = press(again, 'Yes, learn');
    expect(textOf(await answer(yes))).toContain('Votes that were waiting when you said no do not.');
    const page = await discord.until('the first prompt', () =>
      yes.followups.find((message) => discord.people.buttons(message).has('A')),
    );
    expect(page.ephemeralFor).toBe(ada.id);
    expect((await member())?.consent.learn).toBe('GRANTED');
    press(page, 'A');
    await discord.until('the second prompt', () => textOf(page).includes('1 of 10') && page.components.length > 0);
    expect((await fixture.verdicts(ada)).map(({ state }) => state)).toEqual(['ACTIVE']);
  });

  it('says so at the end where nothing was learned', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    const page = await answer(
      discord.people.command(ada, channel.id, 'tune'),
      (message) => message.components.length > 0,
    );
    for (let at = 0; at < 10; at++) {
      await discord.until(`prompt ${at}`, () => textOf(page).includes(`${at} of 10`) && page.components.length > 0);
      press(page, 'Skip');
    }
    await discord.until('the end', () => textOf(page).includes('I have learned nothing from this round so far'));
    expect(textOf(page)).not.toContain('**Before**');
  });

  it('goes on after a restart where it was', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord } = fixture;
    const page = await answer(
      discord.people.command(ada, channel.id, 'tune'),
      (message) => message.components.length > 0,
    );
    press(page, 'A');
    await discord.until('the second prompt', () => textOf(page).includes('1 of 10') && page.components.length > 0);
    const before = textOf(page);
    await fixture.restart();
    const again = await answer(
      discord.people.command(ada, channel.id, 'tune'),
      (message) => message.components.length > 0,
    );
    expect(textOf(again)).toBe(before);
    press(again, 'B');
    await discord.until('the third prompt', () => textOf(again).includes('2 of 10') && again.components.length > 0);
    expect(await fixture.verdicts(ada)).toHaveLength(2);
  });
});

describe('/palate', () => {
  it('lets those who manage the server choose channels, learning and limits', async () => {
    fixture = await openBotFixture();
    const { ada, channel, discord, guild } = fixture;
    const page = await answer(
      discord.people.command(ada, channel.id, 'palate', { channel: { channel: channel.id, learn: false } }),
    );
    expect(textOf(page)).toContain('Learning: off');
    const question = fixture.ask(ada, 'hello');
    const reply = await fixture.reply(question, 0);
    await discord.until('the whole reply', () => discord.people.buttons(reply).has('Continue'));
    expect(discord.people.buttons(reply).size).toBe(1);
    expect(shown(reply).size).toBe(0);
    const other = discord.world.addChannel(guild, 'other');
    const long = discord.people.command(ada, channel.id, 'palate', { channel: { channel: other.id, tokens: 20 } });
    expect(textOf(await answer(long))).toContain(`<#${other.id}>: Learning: on, up to 20 tokens`);
    await answer(discord.people.command(ada, other.id, 'palate', { limits: { candidates: 3, tokens: 8 } }));
    const three = await fixture.reply(fixture.ask(ada, 'hello', other.id), 6);
    expect([...shown(three).keys()]).toEqual(['A', 'B', 'C']);
    expect(fixture.place.runtime.requests.at(-1)?.maxTokens).toBe(20);
    await answer(
      discord.people.command(ada, channel.id, 'palate', { channel: { channel: channel.id, answer: false } }),
    );
    const off = await answer(discord.people.command(ada, channel.id, 'ask', { prompt: 'hello' }));
    expect(off.content).toBe('I do not answer in this channel.');
  });

  it('refuses everybody else', async () => {
    fixture = await openBotFixture();
    const { bob, channel, discord } = fixture;
    const page = await answer(discord.people.command(bob, channel.id, 'palate', { show: {} }));
    expect(page.content).toContain('Only people who may manage this server');
  });
});
