/** The Slack bot when things go wrong: repetitions, disorder, downtime, limits, errors, lost connections, forged requests. */
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../../../src/common/random.js';
import { type BotFixture, chosen, openBotFixture, QUICK, textOf } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture?.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** What the log holds that somebody should have been woken for. */
const alarms = () =>
  fixture.place.log.filter(
    ({ level, msg }) => Number(level) >= 50 && !/cannot work with its settings/.test(String(msg)),
  );

describe('events', () => {
  it('that come twice, or again with another id, are answered once', async () => {
    fixture = await openBotFixture();
    const { ada, slack, team, install, channel } = fixture;
    slack.delivery.interfere = () => 'twice';
    const question = fixture.ask(ada, 'hello');
    await fixture.reply(question);
    slack.delivery.interfere = () => 'once';
    const again = { type: 'app_mention', user: ada.id, text: question.text, ts: question.ts, channel: channel.id };
    slack.delivery.send(team, install, { ...again, event_ts: question.ts });
    await pause(300);
    expect(fixture.written()).toHaveLength(1);
    expect(fixture.place.runtime.requests).toHaveLength(1);
  });

  it('whose acknowledgement got lost are answered once, over sockets', async () => {
    fixture = await openBotFixture({ slack: { delivery: { ackMs: 400, retryMs: [30, 100] } } });
    const { ada, slack } = fixture;
    slack.sockets.losesAcknowledgements = true;
    await fixture.reply(fixture.ask(ada, 'hello'));
    await slack.until('the repetitions', () => slack.delivery.attempts.some(({ retry }) => retry === 2));
    expect(slack.delivery.attempts.every(({ outcome }) => outcome === 'timeout')).toBe(true);
    expect(fixture.written()).toHaveLength(1);
    expect(fixture.place.runtime.requests).toHaveLength(1);
  });

  it('are not acknowledged while they cannot be kept, and are answered when they come again', async () => {
    fixture = await openBotFixture({ transport: 'http' });
    const { ada, slack, place } = fixture;
    const { storage } = place.services;
    const { set } = storage;
    let refused = 0;
    storage.set = (owner, key, value, member) => {
      if (!key.startsWith('question/') || refused > 0) return set.call(storage, owner, key, value, member);
      refused++;
      return Promise.reject(new Error('The disk is full.'));
    };
    await fixture.reply(fixture.ask(ada, 'hello'));
    expect(refused).toBe(1);
    const outcomes = slack.delivery.attempts.filter(({ type }) => type === 'app_mention');
    expect(outcomes.map(({ outcome, retry }) => `${outcome} ${retry}`)).toEqual(['http_error 0', 'acknowledged 1']);
    expect(fixture.written()).toHaveLength(1);
  });

  it('in any order bring the vote that Slack shows', async () => {
    fixture = await openBotFixture();
    const { ada, slack } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    // The first of two comes behind the second.
    let late = true;
    slack.delivery.interfere = ({ type }) => {
      if (!type.startsWith('reaction')) return 'once';
      late = !late;
      return late ? 'once' : 'late';
    };
    slack.people.react(ada, message, 'a');
    slack.people.react(ada, message, 'b');
    await fixture.ledger(ada, chosen(message, 'B'));
    slack.people.unreact(ada, message, 'b');
    slack.people.react(ada, message, 'b');
    await pause(200);
    await fixture.ledger(ada, chosen(message, 'B'));
    slack.people.react(ada, message, 'handshake');
    slack.people.unreact(ada, message, 'handshake');
    await pause(200);
    await fixture.ledger(ada, chosen(message, 'B'));
  });

  it('that lack half of their parts, or speak of what is gone, do no harm', async () => {
    fixture = await openBotFixture();
    const { ada, slack, team, install, channel } = fixture;
    const { delivery, world } = slack;
    const send = (event: Record<string, unknown>) => delivery.send(team, install, { event_ts: world.ts(), ...event });
    send({ type: 'app_mention' });
    send({ type: 'app_mention', channel: 'C0NOWHERE', user: ada.id, ts: world.ts(), text: 'hi' });
    send({ type: 'app_mention', channel: channel.id, user: 'U0NOBODY', ts: world.ts(), text: 'hi' });
    send({ type: 'message', channel_type: 'im' });
    send({ type: 'reaction_added', user: ada.id, reaction: 'a' });
    send({ type: 'reaction_added', user: ada.id, reaction: 'a', item: { type: 'file', file: 'F1' } });
    send({ type: 'reaction_added', user: ada.id, reaction: 'a', item: { type: 'message', channel: 'C9', ts: '1.1' } });
    send({ type: 'something_new', user: ada.id });
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    world.deleteMessage(message);
    slack.people.react(ada, message, 'a');
    await fixture.reply(fixture.ask(ada, 'again'));
    expect(delivery.attempts.every(({ outcome }) => outcome === 'acknowledged')).toBe(true);
    expect((await fixture.place.plugin('slack')).status).toBe('RUNNING');
    expect(alarms()).toEqual([]);
  });

  it('are taken only with a right signature, and only fresh', async () => {
    fixture = await openBotFixture({ transport: 'http' });
    const { slack } = fixture;
    const body = JSON.stringify({ type: 'event_callback', event_id: 'Ev1', team_id: fixture.team.id, event: {} });
    const post = (headers: Record<string, string>) => slack.delivery.post(body, 'application/json', headers);
    expect((await post({})).status).toBe(200);
    expect((await post({ 'x-slack-signature': `v0=${'0'.repeat(64)}` })).status).toBe(401);
    expect((await post({ 'x-slack-signature': 'nonsense' })).status).toBe(401);
    const stale = String(Math.floor(Date.now() / 1_000) - 600);
    expect((await post({ 'x-slack-request-timestamp': stale })).status).toBe(401);
    const other = createHmac('sha256', 'another secret').update(body).digest('hex');
    expect((await post({ 'x-slack-signature': `v0=${other}` })).status).toBe(401);
    const challenge = await slack.delivery.post(
      JSON.stringify({ type: 'url_verification', challenge: 'abc' }),
      'application/json',
    );
    expect(await challenge.json()).toEqual({ challenge: 'abc' });
  });
});

describe('Slack in trouble', () => {
  it('gets a reply posted once although its answer was lost', async () => {
    fixture = await openBotFixture();
    const { ada, slack } = fixture;
    slack.web.faults.add({ path: /^chat\.postMessage/, times: 1, when: 'after', answer: 'cut' });
    slack.web.faults.add({ path: /^chat\.postMessage/, times: 1, when: 'before', answer: 503 });
    slack.web.faults.add({ path: /^chat\.update/, times: 1, when: 'before', answer: 500 });
    await fixture.reply(fixture.ask(ada, 'one'));
    await fixture.reply(fixture.ask(ada, 'two'));
    expect(slack.web.faults.met).toBe(3);
    expect(fixture.written()).toHaveLength(2);
  });

  it('shows a reply before it says so: votes that come in between count', async () => {
    fixture = await openBotFixture();
    const { ada, slack } = fixture;
    slack.web.faults.add({ path: /^chat\.update/, times: 1_000, when: 'after', answer: 'cut' });
    fixture.ask(ada, 'hello');
    const message = await slack.until('a button', () =>
      fixture.written().find((one) => slack.people.buttons(one).has('A')),
    );
    slack.people.press(ada, message, 'A');
    slack.web.faults.clear();
    await fixture.ledger(ada, chosen(message, 'A'));
  });

  it('is given the time it asks for', async () => {
    fixture = await openBotFixture();
    const { ada, slack } = fixture;
    for (const path of [/^chat\.postMessage/, /^chat\.update/, /^reactions\.add/]) {
      slack.web.faults.add({ path, times: 1, when: 'before', answer: 429, retryAfter: 1 });
    }
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    expect(slack.web.faults.met).toBe(3);
    expect(slack.people.buttons(message).has('A')).toBe(true);
    expect(fixture.written()).toHaveLength(1);
  });

  it.each([
    ['chat.startStream', 'after', 'cut'],
    ['chat.startStream', 'before', 503],
    ['chat.appendStream', 'after', 500],
    ['chat.stopStream', 'after', 'cut'],
  ] as const)('sets a stream right at the end when %s fails %s it was done', async (method, when, answer) => {
    fixture = await openBotFixture({ config: { maxTokens: 40 } });
    const { ada, slack } = fixture;
    const { channel, threadTs } = slack.people.openAssistant(ada);
    slack.web.faults.add({ path: new RegExp(`^${method}`), times: 1, when, answer });
    const question = fixture.ask(ada, 'hello', { channel: channel.id, threadTs });
    const last = await fixture.reply(question);
    const own = fixture.written(channel.id).filter(({ ts }) => ts > question.ts);
    const { candidates } = (await fixture.place.admin.generations(await memberId())).nodes[0];
    for (const { text } of candidates) {
      expect(own.filter((message) => textOf(message).includes(text.trim()))).toHaveLength(1);
    }
    expect(own.filter(({ streaming }) => streaming)).toEqual([]);
    expect(slack.people.buttons(last).has('A')).toBe(true);
  });

  const memberId = async () => {
    const ref = { platform: 'slack', externalId: fixture.ada.id, scope: fixture.team.id };
    return (await fixture.place.admin.member(ref))?.id ?? '';
  };

  it('closes the socket while a reply is written: it is finished, and votes come through afterwards', async () => {
    fixture = await openBotFixture({ slack: { delivery: { retryMs: [1_000, 3_000, 6_000] } } });
    const { ada, slack, place } = fixture;
    let release = () => {};
    place.runtime.holdDecoding = new Promise((resolve) => {
      release = resolve;
    });
    const question = fixture.ask(ada, 'hello');
    await slack.until('a growing reply', () => fixture.written()[0]);
    slack.sockets.cut();
    place.runtime.holdDecoding = undefined;
    release();
    const message = await fixture.reply(question);
    slack.people.react(ada, message, 'a');
    await fixture.ledger(ada, chosen(message, 'A'));
    slack.sockets.refresh();
    slack.people.unreact(ada, message, 'a');
    await fixture.ledger(ada, null);
    expect(slack.sockets.connected).toBeGreaterThanOrEqual(2);
  });

  it('loses a message while it grows: the bot goes on', async () => {
    fixture = await openBotFixture();
    const { ada, slack, place } = fixture;
    let release = () => {};
    place.runtime.holdDecoding = new Promise((resolve) => {
      release = resolve;
    });
    fixture.ask(ada, 'hello');
    slack.world.deleteMessage(await slack.until('a growing reply', () => fixture.written()[0]));
    place.runtime.holdDecoding = undefined;
    release();
    await fixture.reply(fixture.ask(ada, 'again'));
    expect(alarms()).toEqual([]);
  });

  it('is stopped by the asker: the text so far stays and says so', async () => {
    fixture = await openBotFixture();
    const { ada, slack, place } = fixture;
    place.runtime.holdDecoding = new Promise(() => {});
    fixture.ask(ada, 'hello');
    const growing = await slack.until('a stop button', () =>
      fixture.written().find((message) => slack.people.buttons(message).has('Stop')),
    );
    slack.people.press(ada, growing, 'Stop');
    await slack.until('the end', () => textOf(growing).includes('Stopped.'));
  });
});

describe('after downtime', () => {
  it('a question that was taken in and not answered is answered, and votes are found', async () => {
    fixture = await openBotFixture();
    const { ada, bob, slack, place } = fixture;
    const [one, two] = [await fixture.reply(fixture.ask(ada, 'one')), await fixture.reply(fixture.ask(bob, 'two'))];
    slack.people.react(ada, one, 'a');
    await fixture.ledger(ada, chosen(one, 'A'));
    place.runtime.holdDecoding = new Promise(() => {});
    const interrupted = fixture.ask(bob, 'three');
    await slack.until('the acknowledgement', () => slack.delivery.attempts.length >= 4);
    await pause(300);
    await fixture.restart(() => {
      slack.people.unreact(ada, one, 'a');
      slack.people.react(ada, one, 'handshake');
      slack.people.react(bob, two, 'b');
      slack.world.deleteMessage(two);
    });
    await fixture.ledger(ada, 'TIE');
    const message = await fixture.reply(interrupted);
    expect(textOf(message)).toContain('**A**');
    expect(await fixture.verdicts(bob)).toEqual([]);
  });

  it('a repetition from before counts as what stands there now', async () => {
    fixture = await openBotFixture();
    const { ada, slack, team, install } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'one'));
    const at = slack.world.ts();
    await fixture.restart();
    await slack.until('a look', () => fixture.place.log.some(({ msg }) => msg === 'Reactions were reconciled'));
    // Added and taken away while nobody listened: only the first of both is repeated.
    const item = { type: 'message', channel: message.channel, ts: message.ts };
    slack.delivery.send(team, install, { type: 'reaction_added', user: ada.id, reaction: 'a', item, event_ts: at });
    await pause(500);
    await fixture.ledger(ada, null);
  });
});

describe('many members', () => {
  it('vote while sockets drop, 429s rain and the service restarts: the ledger equals what Slack shows', async () => {
    fixture = await openBotFixture({
      slack: { tiers: { ...QUICK, 'reactions.get': { limit: 20, windowMs: 1_000 } } },
      config: { controls: 'reactions' },
    });
    const { ada, slack, team, channel } = fixture;
    const members = Array.from({ length: 500 }, (_, i) => slack.world.addUser(team, `member-${i}`));
    for (const { id } of members) channel.members.add(id);
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    slack.people.react(ada, message, 'a');
    await fixture.ledger(ada, chosen(message, 'A'));
    const [{ generation }] = await fixture.verdicts(ada);
    const random = new Random('votes');
    const names = ['a', 'b', 'handshake', 'no_entry_sign'];
    const last = new Map<string, string[]>();
    const act = (from: number, to: number) => {
      for (const member of members.slice(from, to)) {
        const own = last.get(member.id) ?? [];
        if (own.length > 0 && random.uniform() < 0.35) {
          const taken = own[random.integer(own.length)];
          slack.people.unreact(member, message, taken);
          last.set(
            member.id,
            own.filter((one) => one !== taken),
          );
        } else {
          const one = names[random.integer(names.length)];
          slack.people.react(member, message, one);
          if (!own.includes(one)) last.set(member.id, [...own, one]);
        }
      }
    };
    act(0, 300);
    slack.sockets.cut();
    act(100, 400);
    slack.web.faults.add({ path: /^(reactions|chat)/, times: 5, when: 'before', answer: 429, retryAfter: 1 });
    slack.web.faults.add({ path: /^(reactions|chat)/, times: 2, when: 'before', answer: 503 });
    await pause(500);
    act(0, 200);
    // While the service is down everybody takes away what they have and leaves at most one: then the order does not matter.
    await fixture.restart(() => {
      for (const member of members) {
        for (const one of last.get(member.id) ?? []) slack.people.unreact(member, message, one);
        const one = random.uniform() < 0.8 ? names[random.integer(names.length)] : null;
        if (one) slack.people.react(member, message, one);
        last.set(member.id, one ? [one] : []);
      }
    });
    const expected = members.map(({ id }) => {
      const [one] = last.get(id) ?? [];
      if (!one) return null;
      return one === 'handshake' ? 'TIE' : one === 'no_entry_sign' ? 'ALL_BAD' : chosen(message, one.toUpperCase());
    });
    const query = `query ($id: ID!, $member: MemberRef!) { generation(id: $id) { feedback(member: $member) { verdict state chosen { text } } } }`;
    const ledger = () =>
      Promise.all(
        members.map(async ({ id }) => {
          const member = { platform: 'slack', externalId: id, scope: team.id };
          const data = await fixture.place.admin.request(query, { id: generation, member });
          const { feedback } = data.generation as {
            feedback: { verdict: string; state: string; chosen: { text: string } | null } | null;
          };
          if (feedback?.state !== 'ACTIVE') return null;
          return feedback.chosen ? `${feedback.verdict} ${feedback.chosen.text}` : feedback.verdict;
        }),
      );
    let found = await ledger();
    for (const end = Date.now() + 180_000; Date.now() < end && found.join() !== expected.join(); ) {
      // Reading five hundred verdicts is work too: the bot is to get on with its own.
      await pause(5_000);
      found = await ledger();
    }
    expect(found).toEqual(expected);
    expect(new Set(expected).size).toBe(5);
  });
});
