/** What people may do who did not ask: press what is their own, and nothing of anybody else's. */
import { afterEach, describe, expect, it } from 'vitest';
import { action, encodeAction, VERBS, type Verb, whoMay } from '../../../bots/kit/index.js';
import type { Message, User } from '../../discord/types.js';
import { type BotHouse, openBotHouse } from './house.js';

let house: BotHouse;
afterEach(() => house.close());

const NOT_YOURS = 'Only the person who asked can do this.';

/** Presses a button that never stood there. */
async function forge(user: User, message: Message, verb: Verb, ...args: string[]): Promise<string> {
  const id = encodeAction(action(verb, ...args));
  const made = { type: 1, components: [{ type: 2, style: 2, label: id, custom_id: id }] };
  message.components.push(made);
  const seen = house.discord.people.press(user, message, id);
  message.components.splice(message.components.indexOf(made), 1);
  const answered = await house.discord.until(`an answer to ${id}`, () => {
    const said = seen.message;
    return said && said !== message && (said.content !== '' || said.embeds.length > 0) && said;
  });
  expect(answered.ephemeralFor).toBe(user.id);
  return answered.content;
}

/** Everything the service knows of a person that others might want to change. */
async function known(user: User) {
  const member = await house.place.admin.member({ platform: 'discord', externalId: user.id });
  return { member, verdicts: await house.verdicts(user) };
}

async function growing(user: User): Promise<Message> {
  house.place.runtime.holdDecoding = new Promise(() => {});
  const question = house.ask(user, 'a long one');
  return house.discord.until('a stop button', () =>
    house.discord.world
      .messagesIn(house.channel.id)
      .find(({ reference, components }) => reference?.messageId === question.id && components.length > 0),
  );
}

describe('a stranger', () => {
  const GENUINE: Readonly<Record<Verb, string[]>> = {
    vote: ['REGENERATE'],
    stop: ['0a1b2c3d-0000-4000-8000-000000000000'],
    continue: ['A'],
    consent: ['no'],
    community: ['yes'],
    taste: [],
    undo: ['0'],
    forget: ['yes'],
    export: [],
    tune: ['A', '0'],
  };

  it('changes nothing of the asker by any button, whatever it carries', { timeout: 120_000 }, async () => {
    house = await openBotHouse();
    const { ada, bob, discord, place } = house;
    const offered = await house.reply(house.ask(ada, 'hello'));
    discord.people.react(ada, offered, '🇦');
    await discord.until('a vote', () => place.log.length > 0);
    while ((await house.verdicts(ada)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    while ((await known(ada)).member?.encoder.version !== 1) await new Promise((resolve) => setTimeout(resolve, 20));
    const before = await known(ada);
    const requests = place.runtime.requests.length;
    for (const verb of VERBS) {
      if (verb === 'tune') continue;
      const said = await forge(bob, offered, verb, ...GENUINE[verb]);
      if (verb === 'stop') expect(said).toBe('This reply is not being written any more.');
      else if (whoMay(action(verb, ...GENUINE[verb])) === 'ASKER') expect(said, verb).toBe(NOT_YOURS);
    }
    for (const [verb, ...args] of [
      ['vote', 'H'],
      ['vote', 'everything'],
      ['stop'],
      ['continue', 'H2'],
      ['consent'],
      ['consent', 'perhaps'],
      ['undo', 'NaN'],
      ['forget', ada.id],
      ['export', ada.id],
    ] as const) {
      expect(await forge(bob, offered, verb, ...args), verb).toBe('These replies can no longer be voted on.');
    }
    expect(await known(ada)).toEqual(before);
    expect(place.runtime.requests).toHaveLength(requests);
    expect(place.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('cannot stop a reply, and is told so alone; the asker can', async () => {
    house = await openBotHouse();
    const { ada, bob, discord } = house;
    const message = await growing(ada);
    const stop = discord.people.buttons(message).get('Stop') as string;
    const seen = discord.people.press(bob, message, stop);
    const said = await discord.until('an answer', () => seen.message);
    expect(said).toMatchObject({ content: NOT_YOURS, ephemeralFor: bob.id });
    expect(discord.people.buttons(message).has('Stop')).toBe(true);
    expect(message.content).not.toContain('Stopped.');
    discord.people.press(ada, message, stop);
    await discord.until('the end', () => message.content.includes('Stopped.'));
  });

  it('who looks after the server can stop it', async () => {
    house = await openBotHouse();
    const { ada, bob, discord } = house;
    // The server is Ada's.
    const message = await growing(bob);
    discord.people.press(ada, message, discord.people.buttons(message).get('Stop') as string);
    await discord.until('the end', () => message.content.includes('Stopped.'));
  });

  it('cannot stop it from another channel, or by its id alone', async () => {
    house = await openBotHouse();
    const { ada, bob, discord, guild } = house;
    const other = discord.world.addChannel(guild, 'other');
    const elsewhere = await house.reply(house.ask(bob, 'hello', other.id));
    const message = await growing(ada);
    const stop = discord.people.buttons(message).get('Stop') as string;
    const [, , generation] = stop.split(':');
    expect(await forge(bob, elsewhere, 'stop', decodeURIComponent(generation))).toContain('not being written');
    expect(discord.people.buttons(message).has('Stop')).toBe(true);
  });
});

describe('the rest of a reply', () => {
  it('is written for its asker, once, behind what was there', async () => {
    house = await openBotHouse();
    const { ada, bob, discord, place } = house;
    const message = await house.reply(house.ask(ada, 'hello'));
    expect(message.content).toContain('Cut off at the longest length: A, B.');
    const button = discord.people.buttons(message).get('Continue B') as string;
    const refused = discord.people.press(bob, message, button);
    await discord.until('a refusal', () => refused.message?.content === NOT_YOURS);
    discord.people.press(ada, message, button);
    const rest = await discord.until('the rest', () =>
      discord.world
        .messagesIn(message.channelId)
        .find((one) => one.reference?.messageId === message.id && discord.people.buttons(one).has('Continue')),
    );
    expect(place.runtime.requests).toHaveLength(2);
    expect(place.runtime.requests[1].rows).toHaveLength(1);
    expect(rest.reactions.size).toBe(0);
    const again = discord.people.press(ada, message, button);
    await discord.until('an answer', () => again.message?.content === 'It goes on below.');
    expect(place.runtime.requests).toHaveLength(2);
    // It goes on again, and the conversation holds the whole.
    discord.people.press(ada, rest, discord.people.buttons(rest).get('Continue') as string);
    await discord.until('the third part', () =>
      discord.world.messagesIn(message.channelId).some((one) => one.reference?.messageId === rest.id),
    );
    await house.reply(house.ask(ada, 'and?', message.channelId, rest));
    const written = place.runtime.requests.map(({ rows }) => rows[0].written?.length ?? 0);
    expect(written).toEqual([0, 12, 24, 0]);
  });
});
