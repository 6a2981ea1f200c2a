/** What people may do who did not ask, and what a restart leaves: the Slack bot. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { action, encodeAction, VERBS, type Verb, whoMay } from '../../../bots/kit/index.js';
import type { Message, User } from '../../slack/types.js';
import { type BotHouse, openBotHouse, textOf } from './house.js';

vi.setConfig({ testTimeout: 240_000 });

let house: BotHouse;
afterEach(() => house?.close());

const NOT_YOURS = 'Only the person who asked can do this.';

/** Presses a button that never stood there, and gives what was said to the presser. */
async function forge(user: User, message: Message, verb: Verb, ...args: string[]): Promise<string> {
  const id = encodeAction(action(verb, ...args));
  const blocks = message.blocks;
  const made = { type: 'button', text: { type: 'plain_text', text: id }, action_id: id };
  message.blocks = [...blocks, { type: 'actions', elements: [made] }];
  const press = house.slack.people.press(user, message, id);
  message.blocks = blocks;
  const said = await house.slack.until(`an answer to ${id}`, () => press.answers[0]);
  expect(said.ephemeralFor).toBe(user.id);
  return textOf(said);
}

async function known(user: User) {
  const member = await house.place.admin.member({ platform: 'slack', externalId: user.id, scope: house.team.id });
  return { member, verdicts: await house.verdicts(user) };
}

async function growing(user: User): Promise<Message> {
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
    tune: ['start'],
  };

  it('changes nothing of the asker by any button, whatever it carries', async () => {
    house = await openBotHouse();
    const { ada, bob, slack, place } = house;
    const offered = await house.reply(house.ask(ada, 'hello'));
    slack.people.react(ada, offered, 'a');
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
      ['undo', 'NaN'],
      ['forget', ada.id],
    ] as const) {
      expect(await forge(bob, offered, verb, ...args), verb).toBe('These replies can no longer be voted on.');
    }
    expect(await known(ada)).toEqual(before);
    expect(place.runtime.requests).toHaveLength(requests);
  });

  it('cannot stop a reply, and is told so alone; the asker can, and an admin of the workspace', async () => {
    house = await openBotHouse();
    const { ada, bob, slack, team, channel } = house;
    const boss = slack.world.addUser(team, 'boss', { isAdmin: true });
    channel.members.add(boss.id);
    const first = await growing(ada);
    const press = slack.people.press(bob, first, 'Stop');
    const said = await slack.until('an answer', () => press.answers[0]);
    expect(said).toMatchObject({ text: NOT_YOURS, ephemeralFor: bob.id });
    expect(slack.people.buttons(first).has('Stop')).toBe(true);
    slack.people.press(ada, first, 'Stop');
    await slack.until('the end', () => textOf(first).includes('Stopped.'));
    const second = await growing(ada);
    slack.people.press(boss, second, 'Stop');
    await slack.until('the end', () => textOf(second).includes('Stopped.'));
  });
});

describe('the rest of a reply', () => {
  it('is written for its asker, once, behind what was there', async () => {
    house = await openBotHouse();
    const { ada, bob, slack, place } = house;
    const question = house.ask(ada, 'hello');
    const message = await house.reply(question);
    expect(textOf(message)).toContain('Cut off at the longest length: A, B.');
    const refused = slack.people.press(bob, message, 'Continue B');
    expect((await slack.until('a refusal', () => refused.answers[0])).text).toBe(NOT_YOURS);
    slack.people.press(ada, message, 'Continue B');
    await slack.until('the rest', () =>
      slack.world
        .thread(message.channel, question.ts)
        .find((one) => one.ts > message.ts && slack.people.buttons(one).has('Continue')),
    );
    const again = slack.people.press(ada, message, 'Continue B');
    expect((await slack.until('an answer', () => again.answers[0])).text).toBe('It goes on below.');
    expect(place.runtime.requests.map(({ rows }) => rows[0].written?.length ?? 0)).toEqual([0, 12]);
  });

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
    const message = await growing(ada);
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
