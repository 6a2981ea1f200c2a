/** A real Bolt app against the local Slack, over a socket and over HTTP, and the service behind it: from question to verdict. */
import { afterEach, describe, expect, it } from 'vitest';
import { type BotFixture, chosen, openBotFixture, shown, textOf } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture?.close());

describe.each(['socket', 'http'] as const)('over %s, a question', (transport) => {
  it('is answered in a thread with two replies, reactions and buttons', async () => {
    fixture = await openBotFixture({ transport });
    const { ada, slack, place } = fixture;
    const question = fixture.ask(ada, 'hello &lt;there&gt;');
    const message = await fixture.reply(question);
    expect(message.threadTs).toBe(question.ts);
    expect([...shown(message).keys()]).toEqual(['A', 'B']);
    expect(textOf(message)).toContain('Which one is better? :handshake: equally good, :no_entry_sign: none of them.');
    expect([...message.reactions.keys()]).toEqual(['a', 'b', 'handshake', 'no_entry_sign', 'repeat']);
    const votes = ['A', 'B', 'Equally good', 'None of them', 'New replies'];
    expect([...slack.people.buttons(message).keys()]).toEqual([...votes, 'Continue A', 'Continue B']);
    expect(fixture.written()).toHaveLength(1);
    expect(place.runtime.requests[0].rows).toHaveLength(2);
    const { nodes } = await place.admin.generations(
      (await place.admin.member({ platform: 'slack', externalId: ada.id, scope: fixture.team.id }))?.id ?? '',
    );
    expect(nodes[0].prompt).toBe('hello <there>');
    expect(slack.delivery.attempts.every(({ outcome, ms }) => outcome === 'acknowledged' && ms < 3_000)).toBe(true);
  });

  it('becomes a verdict by reaction or button, changed and taken back', async () => {
    fixture = await openBotFixture({ transport });
    const { ada, bob, slack } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    slack.people.react(ada, message, 'a');
    await fixture.ledger(ada, chosen(message, 'A'));
    const [{ id }] = await fixture.verdicts(ada);
    slack.people.react(ada, message, 'b');
    await fixture.ledger(ada, chosen(message, 'B'));
    expect((await fixture.verdicts(ada))[0].id).toBe(id);
    slack.people.unreact(ada, message, 'b');
    await fixture.ledger(ada, chosen(message, 'A'));
    slack.people.unreact(ada, message, 'a');
    await fixture.ledger(ada, null);
    slack.people.react(ada, message, 'handshake');
    await fixture.ledger(ada, 'TIE');
    const press = slack.people.press(bob, message, 'B');
    await fixture.ledger(bob, chosen(message, 'B'));
    const said = await slack.until('the answer', () => press.answers[0]);
    expect(said).toMatchObject({ text: 'Counted: B. Press again to take it back.', ephemeralFor: bob.id });
    expect(press.answeredAfter).toBeLessThan(3_000);
    slack.people.press(bob, message, 'B');
    await fixture.ledger(bob, null);
  });
});

describe('a conversation', () => {
  it('in a thread goes on from the reply that was chosen', async () => {
    fixture = await openBotFixture();
    const { ada, slack, place } = fixture;
    const first = fixture.ask(ada, 'one');
    const reply = await fixture.reply(first);
    slack.people.react(ada, reply, 'b');
    await fixture.ledger(ada, chosen(reply, 'B'));
    await fixture.reply(fixture.ask(ada, 'one', { threadTs: first.ts }));
    await fixture.reply(fixture.ask(ada, 'one'));
    const [before, within, without] = place.runtime.requests.map(({ promptIds }) => promptIds.length);
    expect(within).toBeGreaterThan(before + (shown(reply).get('B') ?? '').length / 2);
    expect(without).toBe(before);
  });

  it('in a direct channel needs no mention', async () => {
    fixture = await openBotFixture();
    const { ada, slack, install, place } = fixture;
    const direct = slack.world.directChannel(install, ada);
    const first = await fixture.reply(fixture.ask(ada, 'one', { channel: direct.id }));
    expect(first.threadTs).toBeUndefined();
    await fixture.reply(fixture.ask(ada, 'two', { channel: direct.id }));
    const [before, after] = place.runtime.requests.map(({ promptIds }) => promptIds.length);
    expect(after).toBeGreaterThan(before + 6);
  });

  it('is not begun by other messages, by bots or by changes', async () => {
    fixture = await openBotFixture();
    const { ada, slack, channel, install, team } = fixture;
    const { world, people, delivery } = slack;
    people.say(ada, channel.id, 'nobody in particular');
    const robot = { type: 'app_mention', user: 'U1', bot_id: 'B9', text: `<@${install.botUserId}> hi`, ts: world.ts() };
    delivery.send(team, install, { ...robot, channel: channel.id });
    const direct = world.directChannel(install, ada);
    const said = fixture.ask(ada, 'hello', { channel: direct.id });
    await fixture.reply(said);
    people.edit(said, 'something else');
    world.deleteMessage(said);
    await fixture.reply(fixture.ask(ada, 'hello'));
    expect(fixture.place.runtime.requests).toHaveLength(2);
    expect(fixture.written()).toHaveLength(1);
  });
});

describe('the assistant', () => {
  it('greets, streams both replies side by side, and takes votes on them', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, slack, team } = fixture;
    const { channel, threadTs } = slack.people.openAssistant(ada);
    const prompts = await slack.until('prompts', () => slack.world.prompts[0]);
    expect(prompts.prompts).toHaveLength(4);
    const [asked] = await slack.until('the question of consent', () => {
      const found = slack.world.thread(channel.id, threadTs);
      return found.length > 0 && found;
    });
    expect(textOf(asked)).toContain('May I learn from your votes?');
    const question = fixture.ask(ada, 'hello', { channel: channel.id, threadTs });
    const second = await fixture.reply(question);
    const [first] = fixture.written(channel.id).filter(({ ts }) => ts > question.ts);
    expect(slack.web.served.filter(({ method }) => method === 'chat.startStream')).toHaveLength(2);
    expect(slack.web.served.filter(({ method }) => method === 'chat.stopStream')).toHaveLength(2);
    expect([...shown(first, second).keys()]).toEqual(['A', 'B']);
    expect(first.streaming || second.streaming).toBe(false);
    expect(slack.world.statuses[0]).toMatchObject({ threadTs, status: 'is writing…' });
    expect(slack.world.titles[0]).toMatchObject({ threadTs, title: 'hello' });
    slack.people.react(ada, second, 'a');
    const held = await slack
      .until('a verdict', () => true)
      .then(async () => {
        for (;;) {
          const [verdict] = await heldVerdicts(team.id);
          if (verdict) return verdict;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });
    expect(held).toMatchObject({ verdict: 'CHOSEN', state: 'HELD' });
    slack.people.press(ada, asked, 'Yes, learn');
    await fixture.ledger(ada, `CHOSEN ${shown(first).get('A')}`);
  });

  const heldVerdicts = async (scope: string) => {
    const ref = { platform: 'slack', externalId: fixture.ada.id, scope };
    const member = await fixture.place.admin.member(ref);
    const { nodes } = member ? await fixture.place.admin.generations(member.id) : { nodes: [] };
    const query = `query ($id: ID!, $ref: MemberRef!) { generation(id: $id) { feedback(member: $ref) { verdict state } } }`;
    const found = await Promise.all(nodes.map(({ id }) => fixture.place.admin.request(query, { id, ref })));
    return found.flatMap(({ generation }) => (generation as { feedback: unknown }).feedback ?? []);
  };
});

describe('a vote', () => {
  it('changes the next reply, and taking it back brings the old one back', async () => {
    fixture = await openBotFixture();
    const { ada, slack, place, team } = fixture;
    const member = { platform: 'slack', externalId: ada.id, scope: team.id };
    const first = await fixture.reply(fixture.ask(ada, 'hello'));
    const taste = async () => {
      const input = { member, prompt: 'probe', candidateCount: 1, seed: 7, explore: false, maxTokens: 12 };
      return (await place.admin.generate(input)).candidates[0].text;
    };
    const version = async (atLeast: number) => {
      while (((await place.admin.member(member))?.encoder.version ?? 0) < atLeast) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const before = await taste();
    slack.people.react(ada, first, 'a');
    await version(1);
    expect(await taste()).not.toBe(before);
    slack.people.unreact(ada, first, 'a');
    await version(2);
    expect(await taste()).toBe(before);
  });

  it('asks for new replies once, and only for the asker', async () => {
    fixture = await openBotFixture();
    const { ada, bob, slack } = fixture;
    const question = fixture.ask(ada, 'hello');
    const message = await fixture.reply(question);
    slack.people.react(bob, message, 'repeat');
    slack.delivery.interfere = ({ type }) => (type === 'reaction_added' ? 'twice' : 'once');
    slack.people.react(ada, message, 'repeat');
    const again = await slack.until('new replies', () =>
      slack.world.thread(message.channel, question.ts).find((one) => one.ts > message.ts && one.reactions.size === 5),
    );
    expect(shown(again).size).toBe(2);
    expect(fixture.place.runtime.requests).toHaveLength(2);
  });
});
