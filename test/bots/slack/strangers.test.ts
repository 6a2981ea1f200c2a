/** What people on Slack may do who did not ask, and what a restart leaves. */
import { afterEach, describe, expect, it } from 'vitest';
import { encodeAction } from '../../../bots/kit/index.js';
import type { Interaction, Message, User } from '../../fakes/slack/types.js';
import { type Crowd, describeStrangers, type Person } from '../strangers.js';
import { type BotFixture, openBotFixture, textOf } from './fixture.js';

async function openCrowd(): Promise<Crowd<Message>> {
  const fixture = await openBotFixture();
  const { ada, bob, slack, team, channel, install, place } = fixture;
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
      fixture.reply(fixture.ask(users[person], 'hello', { channel: where === 'other' ? other.id : channel.id })),
    growing: (person) => growing(fixture, users[person]),
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
    close: () => fixture.close(),
  };
}

async function growing(fixture: BotFixture, user: User): Promise<Message> {
  fixture.place.runtime.holdDecoding = new Promise(() => {});
  const before = fixture.written().length;
  fixture.ask(user, 'a long one');
  return fixture.slack.until('a stop button', () =>
    fixture
      .written()
      .slice(before)
      .find((message) => fixture.slack.people.buttons(message).has('Stop')),
  );
}

describeStrangers('Slack', openCrowd);

let fixture: BotFixture;
afterEach(() => fixture?.close());

describe('the rest of a reply', () => {
  it('can be had in an assistant thread too', async () => {
    fixture = await openBotFixture({ config: { maxTokens: 40 } });
    const { ada, slack, place } = fixture;
    const { channel, threadTs } = slack.people.openAssistant(ada);
    const last = await fixture.reply(fixture.ask(ada, 'hello', { channel: channel.id, threadTs }));
    expect(textOf(last)).toContain('Cut off at the longest length: A, B.');
    slack.people.press(ada, last, 'Continue A');
    await slack.until('the rest', () =>
      fixture.written(channel.id).find((one) => one.ts > last.ts && slack.people.buttons(one).has('Continue')),
    );
    expect(place.runtime.requests.map(({ rows }) => rows[0].written?.length ?? 0)).toEqual([0, 40]);
  });
});

describe('across a restart', () => {
  it('an answer is begun again in its message', async () => {
    fixture = await openBotFixture();
    const { ada, slack } = fixture;
    const message = await growing(fixture, ada);
    await fixture.restart();
    await slack.until('the end', () => message.reactions.size === 5);
    expect(textOf(message)).toContain('**A**');
    expect(textOf(message)).not.toContain('Stopped.');
    expect(fixture.written()).toHaveLength(1);
  });

  it('an answer to a command ends as cut off, without its button', async () => {
    fixture = await openBotFixture();
    const { ada, slack, channel, place } = fixture;
    place.runtime.holdDecoding = new Promise(() => {});
    slack.people.command(ada, channel, 'ask hello');
    const message = await slack.until('a stop button', () =>
      fixture.written().find((one) => slack.people.buttons(one).has('Stop')),
    );
    while (!(await place.rowsOf('slack')).some(({ value }) => value.includes(`"message":"${message.ts}"`)))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await fixture.restart();
    await slack.until('the end', () => textOf(message).includes('I was restarted while I wrote this.'));
    expect(slack.people.buttons(message).size).toBe(0);
  });

  it('a question that nobody was told of is answered once, where the bot has conversations', async () => {
    fixture = await openBotFixture();
    const { ada, bob, slack, install } = fixture;
    const direct = slack.world.directChannel(install, ada);
    await fixture.reply(fixture.ask(ada, 'before'));
    await fixture.reply(fixture.ask(ada, 'before', { channel: direct.id }));
    const missed: Message[] = [];
    await fixture.restart(() => {
      slack.delivery.interfere = () => 'never';
      missed.push(fixture.ask(bob, 'missed'), fixture.ask(ada, 'missed', { channel: direct.id }));
      slack.people.say(bob, fixture.channel.id, 'to nobody');
    });
    slack.delivery.interfere = () => 'once';
    for (const question of missed) await fixture.reply(question);
    await fixture.restart();
    await fixture.reply(fixture.ask(ada, 'after'));
    expect(fixture.written()).toHaveLength(3);
    expect(fixture.written(direct.id)).toHaveLength(2);
  });
});

describe('six askers', () => {
  it('get their finished answers before anything that grows, and nothing is turned away', async () => {
    fixture = await openBotFixture({
      slack: {
        tiers: { 'chat.update': { limit: 50, windowMs: 60_000 }, 'chat.postMessage': { limit: 4, windowMs: 4_000 } },
      },
      config: { maxTokens: 600, controls: 'buttons' },
    });
    const { slack, team, channel, place } = fixture;
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
    for (const user of people) fixture.ask(user, 'hello');
    await slack.until(
      'all answers',
      () => fixture.written().filter((message) => slack.people.buttons(message).has('A')).length === people.length,
    );
    // The six finals, and what was on its way.
    expect(updates().length - Math.max(...finishedAt)).toBeLessThanOrEqual(7);
    expect(slack.web.served.filter(({ status }) => status === 429)).toEqual([]);
  });
});
