/** Commands, pages and tuning of the Slack bot, used by people on the local Slack. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Interaction, Message } from '../../fakes/slack/types.js';
import { type BotFixture, chosen, openBotFixture, shown, textOf } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture?.close());

/** The newest answer to a command or press, once there is one. */
const answer = (to: Interaction, fits: (message: Message) => boolean = () => true) =>
  fixture.slack.until('an answer', () => to.answers.find(fits));

const run = (text: string, user = fixture.ada) => fixture.slack.people.command(user, fixture.channel, text);

describe('/palate', () => {
  it('ask shows the question and answers below it', async () => {
    fixture = await openBotFixture();
    const { ada, slack } = fixture;
    const asked = run('ask hello <!channel>');
    const root = await slack.until('the question', () => fixture.written()[0]);
    expect(root.text).toBe('> hello &lt;!channel&gt;');
    const reply = await slack.until('the reply', () =>
      slack.world.thread(root.channel, root.ts).find(({ reactions }) => reactions.size === 5),
    );
    slack.people.react(ada, reply, 'a');
    await fixture.ledger(ada, chosen(reply, 'A'));
    expect(asked.answeredAfter).toBeLessThan(3_000);
  });

  it('says how it is used, and speaks the language of its person', async () => {
    fixture = await openBotFixture();
    const { slack, team, channel } = fixture;
    expect((await answer(run(''))).text).toContain('`/palate taste`');
    const jun = slack.world.addUser(team, 'jun', { locale: 'ja-JP' });
    channel.members.add(jun.id);
    expect(textOf(await answer(run('taste', jun)))).toContain('あなたの好み');
    expect(textOf(await fixture.reply(fixture.ask(jun, 'hello')))).toContain('どちらがよいですか？');
  });

  it('asks to be invited where it cannot write', async () => {
    fixture = await openBotFixture();
    const { slack, team, ada } = fixture;
    const other = slack.world.addChannel(team, 'other', [ada]);
    const said = await answer(slack.people.command(ada, other, 'ask hello'));
    expect(said.text).toContain('/invite');
  });

  it('lets those who manage the workspace choose where it answers and learns, and nobody else', async () => {
    fixture = await openBotFixture();
    const { slack, team, channel, ada } = fixture;
    const boss = slack.world.addUser(team, 'boss', { isAdmin: true });
    channel.members.add(boss.id);
    expect((await answer(run('settings learn off'))).text).toContain('Only people who may manage this workspace');
    expect(textOf(await answer(run('settings learn off tokens 8 length 20', boss)))).toContain(
      'Learning: off, up to 20 tokens',
    );
    const question = fixture.ask(ada, 'hello');
    const reply = await slack.until('the whole reply', () => {
      const [message] = slack.world.thread(channel.id, question.ts);
      return message && slack.people.buttons(message).has('Continue') && message;
    });
    expect(shown(reply).size).toBe(0);
    await answer(run('settings answer off', boss));
    expect((await answer(run('ask hello'))).text).toBe('I do not answer in this channel.');
    fixture.ask(ada, 'hello again');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(fixture.place.runtime.requests).toHaveLength(1);
  });
});

describe('consent', () => {
  it('is asked for in a direct message behind the first vote, which waits for it; once', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, slack, install } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    slack.people.react(ada, message, 'a');
    const direct = slack.world.directChannel(install, ada);
    const question = await slack.until('the question', () => fixture.written(direct.id)[0]);
    expect(textOf(question)).toContain('I learn only from my own replies');
    expect(await fixture.verdicts(ada)).toEqual([]);
    slack.people.react(ada, message, 'b');
    expect(textOf(await answer(slack.people.press(ada, question, 'Yes, learn')))).toContain('Thank you.');
    await fixture.ledger(ada, chosen(message, 'B'));
    expect(fixture.written(direct.id)).toHaveLength(1);
    const page = await answer(run('consent'));
    expect(textOf(page)).toContain('I learn from your votes.');
    await answer(slack.people.press(ada, page, 'No'));
    await fixture.ledger(ada, null);
  });

  it('is asked for beside the message where somebody votes by button', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, slack } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    const press = slack.people.press(ada, message, 'A');
    const question = await answer(press, (said) => textOf(said).includes('May I learn from your votes?'));
    expect(question).toMatchObject({ ephemeralFor: ada.id, threadTs: message.threadTs });
  });

  it('is asked for where they voted when they take no direct messages', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { bob, slack } = fixture;
    const message = await fixture.reply(fixture.ask(bob, 'hello'));
    bob.isDeactivated = true;
    slack.people.react(bob, message, 'a');
    const question = await slack.until('the question', () => slack.ephemerals[0]);
    expect(question).toMatchObject({ ephemeralFor: bob.id, threadTs: message.threadTs });
  });
});

describe('the home page', () => {
  it('shows the taste; goes back, exports and forgets', async () => {
    fixture = await openBotFixture();
    const { ada, slack, place, team } = fixture;
    const member = { platform: 'slack', externalId: ada.id, scope: team.id };
    const home = (words: string) =>
      slack.until(`the home page with ${words}`, () => {
        const view = slack.world.homes.get(ada.id);
        return view && textOf({ blocks: view.blocks, text: '' } as Message).includes(words) && view;
      });
    slack.people.openHome(ada);
    await home('I have not learned anything about you yet');
    for (const [i, letter] of ['a', 'b'].entries()) {
      slack.people.react(ada, await fixture.reply(fixture.ask(ada, `hello ${i}`)), letter);
      while (((await place.admin.member(member))?.encoder.version ?? 0) <= i) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    slack.people.openHome(ada);
    await home('2, from 2 votes');
    slack.people.pressHome(ada, 'Export');
    await home('This text holds your taste');
    slack.people.pressHome(ada, 'Back to version 1');
    await home('Back at version 1');
    slack.people.pressHome(ada, 'Forget me');
    await home('This cannot be undone');
    slack.people.pressHome(ada, 'Delete everything');
    await home('Receipt:');
    expect(await place.admin.member(member)).toBeNull();
    const rows = (await place.rowsOf('slack')).filter(({ key }) => !key.startsWith('question/'));
    expect(JSON.stringify(rows)).not.toContain(ada.id);
  });
});

describe('tuning', () => {
  it('asks for consent before the first prompt; without it there is no round', async () => {
    fixture = await openBotFixture({ config: { askConsent: true } });
    const { ada, slack, install, place, team } = fixture;
    const asked = run('tune');
    const question = await answer(asked);
    expect(textOf(question)).toContain('A tuning round teaches me your taste. So I ask first:');
    expect(textOf(await answer(slack.people.press(ada, question, 'No')))).toContain('there is none');
    const direct = slack.world.directChannel(install, ada);
    expect(fixture.written(direct.id)).toEqual([]);
    expect(place.runtime.requests).toEqual([]);
    const member = () => place.admin.member({ platform: 'slack', externalId: ada.id, scope: team.id });
    expect((await member())?.consent.learn).toBe('DENIED');
    slack.people.press(ada, await answer(run('tune')), 'Yes, learn');
    const page = await slack.until('the first prompt', () =>
      fixture.written(direct.id).find((message) => slack.people.buttons(message).has('A')),
    );
    expect((await member())?.consent.learn).toBe('GRANTED');
    slack.people.press(ada, page, 'A');
    await slack.until(
      'the second prompt',
      () => textOf(page).includes('1 of 10') && slack.people.buttons(page).size > 0,
    );
    expect((await fixture.verdicts(ada)).map(({ state }) => state)).toEqual(['ACTIVE']);
  });

  it('is a thread: ten prompts, four replies each, before and after', async () => {
    fixture = await openBotFixture();
    const { ada, slack, install } = fixture;
    const started = run('tune');
    expect((await answer(started)).text).toBe('I have written to you in a direct message.');
    const direct = slack.world.directChannel(install, ada);
    const page = await slack.until('the round', () => fixture.written(direct.id).find(({ threadTs }) => threadTs));
    for (let at = 0; at < 10; at++) {
      await slack.until(
        `prompt ${at}`,
        () => textOf(page).includes(`${at} of 10`) && slack.people.buttons(page).size > 0,
      );
      expect([...slack.people.buttons(page).keys()]).toEqual(['A', 'B', 'C', 'D', 'None', 'Skip', 'Stop']);
      slack.people.press(ada, page, at === 4 ? 'Skip' : at === 5 ? 'None' : 'C');
    }
    await slack.until('the end', () => textOf(page).includes('Done: 9 votes'));
    expect(textOf(page)).toMatch(/\*\*Before\*\*\n[\s\S]+\*\*After\*\*\n/);
    expect((await fixture.verdicts(ada)).filter(({ verdict }) => verdict === 'CHOSEN')).toHaveLength(8);
  });

  it('goes on after a restart where it was', async () => {
    fixture = await openBotFixture();
    const { ada, slack, install } = fixture;
    run('tune');
    const direct = slack.world.directChannel(install, ada);
    const rounds = () => fixture.written(direct.id).filter(({ threadTs }) => threadTs);
    const page = await slack.until('the round', () => rounds().find((one) => slack.people.buttons(one).size > 0));
    slack.people.press(ada, page, 'A');
    await slack.until(
      'the second prompt',
      () => textOf(page).includes('1 of 10') && slack.people.buttons(page).size > 0,
    );
    const before = textOf(page);
    await fixture.restart();
    run('tune');
    const again = await slack.until('the round', () =>
      rounds().find((one) => one !== page && slack.people.buttons(one).size > 0),
    );
    expect(textOf(again)).toBe(before);
    slack.people.press(ada, again, 'B');
    await slack.until(
      'the third prompt',
      () => textOf(again).includes('2 of 10') && slack.people.buttons(again).size > 0,
    );
    expect(await fixture.verdicts(ada)).toHaveLength(2);
  });
});
