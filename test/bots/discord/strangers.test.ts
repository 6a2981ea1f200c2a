/** What people on Discord may do who did not ask, and how far a reply goes on. */
import { expect, it } from 'vitest';
import { encodeAction } from '../../../bots/kit/index.js';
import type { SeenInteraction } from '../../fakes/discord/people.js';
import type { GuildMember, Message, User } from '../../fakes/discord/types.js';
import { type Crowd, describeStrangers, type Person } from '../strangers.js';
import { type BotFixture, openBotFixture } from './fixture.js';

function restOf({ discord }: BotFixture, message: Message): Promise<Message> {
  return discord.until('the rest', () =>
    discord.world
      .messagesIn(message.channelId)
      .find((one) => one.reference?.messageId === message.id && discord.people.buttons(one).has('Continue')),
  );
}

async function openCrowd(): Promise<Crowd<Message>> {
  const fixture = await openBotFixture();
  const { ada, bob, discord, guild, place, channel } = fixture;
  const { people, world } = discord;
  const eve = world.addUser('eve');
  guild.members.set(eve.id, guild.members.get(bob.id) as GuildMember);
  const other = world.addChannel(guild, 'other');
  // The server is Ada's.
  const users: Record<Person, User> = { manager: ada, asker: bob, stranger: eve };
  const told = (user: User, message: Message, seen: SeenInteraction) => async () => {
    const said = await discord.until('an answer', () => {
      const answer = seen.message;
      return answer && answer !== message && (answer.content !== '' || answer.embeds.length > 0) && answer;
    });
    expect(said.ephemeralFor).toBe(user.id);
    return said.content;
  };
  return {
    place,
    memberOf: (person) => ({ platform: 'discord', externalId: users[person].id }),
    answered: (person, where) =>
      fixture.reply(fixture.ask(users[person], 'hello', where === 'other' ? other.id : channel.id)),
    growing: (person) => {
      place.runtime.holdDecoding = new Promise(() => {});
      const question = fixture.ask(users[person], 'a long one');
      return discord.until('a stop button', () =>
        world
          .messagesIn(channel.id)
          .find(({ reference, components }) => reference?.messageId === question.id && components.length > 0),
      );
    },
    textOf: ({ content }) => content,
    buttons: (message) => people.buttons(message),
    rest: (message) => restOf(fixture, message),
    vote: (person, message) => people.react(users[person], message, '🇦'),
    press: (person, message, label) => {
      const button = people.buttons(message).get(label) as string;
      return told(users[person], message, people.press(users[person], message, button));
    },
    forge: (person, message, action) => {
      const id = encodeAction(action);
      const made = { type: 1, components: [{ type: 2, style: 2, label: id, custom_id: id }] };
      message.components.push(made);
      const seen = people.press(users[person], message, id);
      message.components.splice(message.components.indexOf(made), 1);
      return told(users[person], message, seen);
    },
    until: (what, holds) => discord.until(what, holds),
    close: () => fixture.close(),
  };
}

describeStrangers('Discord', openCrowd);

it('the rest of a reply goes on again, and the conversation holds the whole', async () => {
  const fixture = await openBotFixture();
  const { ada, discord, place } = fixture;
  const { people, world } = discord;
  try {
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    people.press(ada, message, people.buttons(message).get('Continue B') as string);
    const rest = await restOf(fixture, message);
    // A button is known a moment after it is seen.
    while (!(await place.rowsOf('discord')).some(({ key }) => key.includes(rest.id)))
      await new Promise((resolve) => setTimeout(resolve, 10));
    people.press(ada, rest, people.buttons(rest).get('Continue') as string);
    await discord.until('the third part', () =>
      world.messagesIn(message.channelId).some((one) => one.reference?.messageId === rest.id),
    );
    await fixture.reply(fixture.ask(ada, 'and?', message.channelId, rest));
    const written = place.runtime.requests.map(({ rows }) => rows[0].written?.length ?? 0);
    expect(written).toEqual([0, 12, 24, 0]);
  } finally {
    await fixture.close();
  }
});
