/** What people on Slack may do who did not ask, and what a restart leaves. */
import { afterEach, describe, expect, it } from 'vitest';
import { encodeAction } from '../../../bots/kit/index.js';
import type { Interaction, Message, User } from '../../slack/types.js';
import { type Crowd, describeStrangers, type Person } from '../strangers.js';
import { type BotHouse, openBotHouse, textOf } from './house.js';

async function openCrowd(): Promise<Crowd<Message>> {
  const house = await openBotHouse();
  const { ada, bob, slack, team, channel, install, place } = house;
  const { people, world } = slack;
  const boss = world.addUser(team, 'boss', { isAdmin: true });
  channel.members.add(boss.id);
  const other = world.addChannel(team, 'other', [ada, bob, boss]);
  other.members.add(install.botUserId);
  const users: Record<Person, User> = { manager: boss, asker: ada, stranger: bob };
  const told =
    (user: User, { answers }: Interaction) =>
    async () => {
      const said = await slack.until('an answer', () => answers[0]);
      expect(said.ephemeralFor).toBe(user.id);
      return textOf(said);
    };
  return {
    place,
    memberOf: (person) => ({ platform: 'slack', externalId: users[person].id, scope: team.id }),
    answered: (person, where) =>
      house.reply(house.ask(users[person], 'hello', { channel: where === 'other' ? other.id : channel.id })),
    growing: (person) => growing(house, users[person]),
    textOf,
    buttons: (message) => new Map([...people.buttons(message)].map(([label, wire]) => [label, String(wire.action_id)])),
    rest: (message) =>
      slack.until('the rest', () =>
        world
          .thread(message.channel, message.threadTs as string)
          .find((one) => one.ts > message.ts && people.buttons(one).has('Continue')),
      ),
    vote: (person, message) => people.react(users[person], message, 'a'),
    press: (person, message, label) => told(users[person], people.press(users[person], message, label)),
    forge: (person, message, action) => {
      const id = encodeAction(action);
      const { blocks } = message;
      const made = { type: 'button', text: { type: 'plain_text', text: id }, action_id: id };
      message.blocks = [...blocks, { type: 'actions', elements: [made] }];
      const press = people.press(users[person], message, id);
      message.blocks = blocks;
      return told(users[person], press);
    },
    until: (what, holds) => slack.until(what, holds),
    close: () => house.close(),
  };
}

async function growing(house: BotHouse, user: User): Promise<Message> {
  house.place.runtime.holdDecoding = new Promise(() => {});
  const before = house.written().length;
  house.ask(user, 'a long one');
  return house.slack.until('a stop button', () =>
    house
      .written()
      .slice(before)
      .find((message) => house.slack.people.buttons(message).has('Stop')),
  );
}

describeStrangers('Slack', openCrowd);

let house: BotHouse;
afterEach(() => house?.close());

describe('the rest of a reply', () => {
  it('can be had in an assistant thread too', async () => {
    house = await openBotHouse({ config: { maxTokens: 40 } });
    const { ada, slack, place } = house;
    const { channel, threadTs } = slack.people.openAssistant(ada);
    const last = await house.reply(house.ask(ada, 'hello', { channel: channel.id, threadTs }));
    expect(textOf(last)).toContain('Cut off at the longest length: A, B.');
    slack.people.press(ada, last, 'Continue A');
    await slack.until('the rest', () =>
      house.written(channel.id).find((one) => one.ts > last.ts && slack.people.buttons(one).has('Continue')),
    );
    expect(place.runtime.requests.map(({ rows }) => rows[0].written?.length ?? 0)).toEqual([0, 40]);
  });
});

describe('across a restart', () => {
  it('an answer is begun again in its message', async () => {
    house = await openBotHouse();
    const { ada, slack } = house;
    const message = await growing(house, ada);
    await house.restart();
    await slack.until('the end', () => message.reactions.size === 5);
    expect(textOf(message)).toContain('**A**');
    expect(textOf(message)).not.toContain('Stopped.');
    expect(house.written()).toHaveLength(1);
  });

  it('an answer to a command ends as cut off, without its button', async () => {
    house = await openBotHouse();
    const { ada, slack, channel, place } = house;
    place.runtime.holdDecoding = new Promise(() => {});
    slack.people.command(ada, channel, 'ask hello');
    const message = await slack.until('a stop button', () =>
      house.written().find((one) => slack.people.buttons(one).has('Stop')),
    );
    while (!(await place.rowsOf('slack')).some(({ value }) => value.includes(`"message":"${message.ts}"`)))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await house.restart();
    await slack.until('the end', () => textOf(message).includes('I was restarted while I wrote this.'));
    expect(slack.people.buttons(message).size).toBe(0);
  });

  it('a question that nobody was told of is answered once, where the bot has conversations', async () => {
    house = await openBotHouse();
    const { ada, bob, slack, install } = house;
    const direct = slack.world.directChannel(install, ada);
    await house.reply(house.ask(ada, 'before'));
    await house.reply(house.ask(ada, 'before', { channel: direct.id }));
    const missed: Message[] = [];
    await house.restart(() => {
      slack.delivery.interfere = () => 'never';
      missed.push(house.ask(bob, 'missed'), house.ask(ada, 'missed', { channel: direct.id }));
      slack.people.say(bob, house.channel.id, 'to nobody');
    });
    slack.delivery.interfere = () => 'once';
    for (const question of missed) await house.reply(question);
    await house.restart();
    await house.reply(house.ask(ada, 'after'));
    expect(house.written()).toHaveLength(3);
    expect(house.written(direct.id)).toHaveLength(2);
  });
});

describe('six askers', () => {
  it('get their finished answers before anything that grows, and nothing is turned away', async () => {
    house = await openBotHouse({
      slack: {
        tiers: { 'chat.update': { limit: 50, windowMs: 60_000 }, 'chat.postMessage': { limit: 4, windowMs: 4_000 } },
      },
      config: { maxTokens: 600, controls: 'buttons' },
    });
    const { slack, team, channel, place } = house;
    const people = Array.from({ length: 6 }, (_, i) => slack.world.addUser(team, `asker-${i}`));
    for (const { id } of people) channel.members.add(id);
    const updates = () => slack.web.served.filter(({ method }) => method === 'chat.update');
    const finishedAt: number[] = [];
    const generate = place.runtime.generate.bind(place.runtime);
    place.runtime.generate = async (...args) => {
      const rows = await generate(...args);
      finishedAt.push(updates().length);
      return rows;
    };
    for (const user of people) house.ask(user, 'hello');
    await slack.until(
      'all answers',
      () => house.written().filter((message) => slack.people.buttons(message).has('A')).length === people.length,
    );
    // The six finals, and what was on its way.
    expect(updates().length - Math.max(...finishedAt)).toBeLessThanOrEqual(7);
    expect(slack.web.served.filter(({ status }) => status === 429)).toEqual([]);
  });
});
