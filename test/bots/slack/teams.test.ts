/** The Slack bot in several workspaces and in an organisation: installation by OAuth, who is who, tokens at rest. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Team, User } from '../../fakes/slack/types.js';
import { type BotFixture, chosen, openBotFixture, shown } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture?.close());

/** An admin opens the installation page, agrees on Slack's, and comes back. */
async function install(user: User, options: { wholeEnterprise?: boolean } = {}): Promise<Response> {
  const begun = await fetch(`${fixture.botUrl}/slack/install`, { redirect: 'manual' });
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const back = fixture.slack.oauth.agree(begun.headers.get('location') ?? '', user, options);
  return fetch(back, { headers: { cookie } });
}

function room(team: Team, ...people: User[]) {
  const { world } = fixture.slack;
  const channel = world.addChannel(team, 'room', people);
  channel.members.add(world.installIn(team.id)?.botUserId ?? '');
  return channel;
}

const several = { several: true, slack: { delivery: { retryMs: [30, 300] } } } as const;

describe.each(['socket', 'http'] as const)('over %s', (transport) => {
  it('two workspaces that install it are kept apart, and it is there after a restart', async () => {
    fixture = await openBotFixture({ ...several, transport });
    const { ada, slack, team, place } = fixture;
    expect((await place.plugin('slack')).status).toBe('RUNNING');
    const other = slack.world.addTeam('other');
    const eve = slack.world.addUser(other, 'eve');
    expect((await install(ada)).status).toBe(200);
    expect((await install(eve)).status).toBe(200);
    const [here, there] = [room(team, ada), room(other, eve)];
    const one = await fixture.reply(fixture.ask(ada, 'hello', { channel: here.id }));
    const two = await fixture.reply(fixture.ask(eve, 'hello', { channel: there.id }));
    await fixture.restart(() => slack.people.react(eve, two, 'b'));
    slack.people.react(ada, one, 'a');
    await fixture.ledger(ada, chosen(one, 'A'));
    await fixture.ledger(eve, chosen(two, 'B'), other.id);
    const rows = JSON.stringify(await fixture.place.rowsOf('slack'));
    for (const { token } of slack.world.installs) expect(rows).not.toContain(token);
  });
});

it('names the workspace that takes its token no more, and goes on in the others', async () => {
  fixture = await openBotFixture({ ...several });
  const { ada, slack, place } = fixture;
  const eve = slack.world.addUser(slack.world.addTeam('other'), 'eve');
  await install(ada);
  await install(eve);
  const [here, there] = [room(fixture.team, ada), room(slack.world.teams.get(eve.teamId) as Team, eve)];
  await place.until('slack', ({ message }) => message === 'Connected in 2 workspaces.');
  const revoked = slack.world.installIn(eve.teamId);
  if (revoked) revoked.token = 'xoxb-another';
  fixture.ask(eve, 'hello', { channel: there.id });
  const { status, message } = await place.until('slack', (plugin) => /no more/.test(plugin.message ?? ''));
  expect(message).toContain(`${eve.teamId} (invalid_auth)`);
  expect(message).toContain('/slack/install');
  expect(status).toBe('RUNNING');
  await fixture.reply(fixture.ask(ada, 'hello', { channel: here.id }));
  // Added there again, it is well.
  if (revoked) slack.world.installs.splice(slack.world.installs.indexOf(revoked), 1);
  await install(eve);
  await place.until('slack', ({ message }) => message === 'Connected in 2 workspaces.');
});

describe('an organisation', () => {
  it('that installs it as a whole has one taste for a person in all its workspaces', async () => {
    fixture = await openBotFixture({ ...several });
    const { slack, place } = fixture;
    const [first, second] = ['first', 'second'].map((name) => slack.world.addTeam(name, { enterpriseId: 'E0ORG' }));
    const ada = slack.world.addUser(first, 'ada');
    expect((await install(ada, { wholeEnterprise: true })).status).toBe(200);
    const one = await fixture.reply(fixture.ask(ada, 'hello', { channel: room(first, ada).id }));
    const two = await fixture.reply(fixture.ask(ada, 'hello', { channel: room(second, ada).id }));
    slack.people.react(ada, one, 'a');
    await fixture.ledger(ada, chosen(one, 'A'), 'E0ORG');
    const press = slack.people.press(ada, two, 'B');
    await slack.until('the answer', () => press.answers[0]);
    await vi.waitFor(async () => expect(await fixture.verdicts(ada, 'E0ORG')).toHaveLength(2), { timeout: 120_000 });
    expect(await place.admin.member({ platform: 'slack', externalId: ada.id, scope: first.id })).toBeNull();
    expect(shown(two).size).toBe(2);
  });
});

describe('an installation', () => {
  it('whose tokens expire goes on with new ones', async () => {
    fixture = await openBotFixture(several);
    const { ada, slack, team } = fixture;
    Object.assign(slack.oauth, { rotates: true, expiresIn: 60 });
    await install(ada);
    const channel = room(team, ada);
    const before = slack.world.installs[0].token;
    await fixture.reply(fixture.ask(ada, 'hello', { channel: channel.id }));
    expect(slack.world.installs[0].token).not.toBe(before);
  });

  it('begun in another browser, or with a forged state, is refused', async () => {
    fixture = await openBotFixture(several);
    const { ada, slack } = fixture;
    const begun = await fetch(`${fixture.botUrl}/slack/install`, { redirect: 'manual' });
    const back = slack.oauth.agree(begun.headers.get('location') ?? '', ada);
    expect((await fetch(back)).status).not.toBe(200);
    const forged = new URL(back);
    forged.searchParams.set('state', 'forged');
    expect((await fetch(forged, { headers: { cookie: 'slack-app-oauth-state=forged' } })).status).not.toBe(200);
    expect(slack.world.installs).toEqual([]);
  });

  it('that is taken away ends what the bot knows of it, and others stay', async () => {
    fixture = await openBotFixture(several);
    const { ada, slack, team, place } = fixture;
    const other = slack.world.addTeam('other');
    const eve = slack.world.addUser(other, 'eve');
    await install(ada);
    await install(eve);
    room(team, ada);
    slack.people.uninstall(team);
    for (;;) {
      const keys = (await place.rowsOf('slack')).map(({ key }) => key).filter((key) => key.startsWith('install/'));
      if (keys.length === 1) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await fixture.reply(fixture.ask(eve, 'hello', { channel: room(other, eve).id }));
  });
});
