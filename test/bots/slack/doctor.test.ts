import { afterEach, describe, expect, it } from 'vitest';
import { HELPFUL, NEEDED } from '../../../bots/slack/scopes.js';
import type { Finding } from '../../../src/client/index.js';
import { type Slack, startSlack } from '../../fakes/slack/server.js';
import { openPluginFixture, type PluginFixture } from '../../plugins/fixture.js';
import { freePort } from '../../support/free-port.js';
import { openBotFixture, SCOPES } from './fixture.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A Slack, and a service whose Slack bot is set up and does not run. */
async function stopped(config: Record<string, string>): Promise<{ slack: Slack; place: PluginFixture; token: string }> {
  const slack = await startSlack();
  closing.push(() => slack.stop());
  const { token } = slack.world.install(slack.world.addTeam('home'), SCOPES);
  const place = await openPluginFixture({ plugins: ['slack'] });
  closing.push(() => place.close());
  await place.admin.stopPlugin('slack');
  await configure(place, { api: slack.api, ...config });
  return { slack, place, token };
}

async function configure(place: PluginFixture, config: Record<string, string | null>): Promise<void> {
  const values = Object.entries(config).map(([name, value]) => ({ name, value }));
  await place.admin.configurePlugin('slack', { values });
}

const about = (found: readonly Finding[], words: string) => found.find(({ title }) => title.includes(words));
const problems = (found: readonly Finding[]) => found.filter(({ level }) => level === 'PROBLEM');

describe('the doctor of the Slack bot', () => {
  it('says which settings go together, before it asks Slack', async () => {
    const { place } = await stopped({});
    const [found, ...others] = problems(await place.admin.diagnosePlugin('slack'));
    expect(found.title).toContain('set "Bot token" for one workspace');
    expect(others).toEqual([]);
  });

  it('looks at each token, and says where a new one is made', async () => {
    const { slack, place, token } = await stopped({ botToken: 'xoxb-wrong-token', appToken: 'xapp-1-A0LOCAL-wrong' });
    const wrong = problems(await place.admin.diagnosePlugin('slack'));
    expect(wrong).toMatchObject([
      {
        title: 'Slack does not take the bot token (invalid_auth).',
        advice: expect.stringContaining('https://api.slack.com/apps/A0LOCAL, "OAuth & Permissions"'),
      },
      {
        title: 'Slack does not take the app-level token (invalid_auth).',
        advice: expect.stringContaining('connections:write'),
      },
    ]);
    await configure(place, { botToken: slack.secrets.appToken, appToken: token });
    const exchanged = await place.admin.diagnosePlugin('slack');
    expect(about(exchanged, 'The tokens are exchanged')?.level).toBe('PROBLEM');
    expect(JSON.stringify(exchanged)).not.toContain(token);

    await configure(place, { botToken: token, appToken: slack.secrets.appToken });
    const right = (await place.admin.diagnosePlugin('slack')).slice(1);
    expect(right.map(({ level, title }) => [level, title])).toEqual([
      ['OK', 'The bot token is good: it belongs to palate in home.'],
      ['OK', 'It has every scope that it needs.'],
      ['OK', expect.stringContaining('over Socket Mode')],
    ]);
    expect(slack.web.served.filter(({ method }) => !/auth.test|bots.info|connections.open/.test(method))).toEqual([]);
  });

  it('compares what the bot may do with the manifest', async () => {
    expect([...NEEDED, ...HELPFUL].sort()).toEqual([...SCOPES].sort());
    const { slack, place, token } = await stopped({});
    await configure(place, { botToken: token, appToken: slack.secrets.appToken });
    slack.world.installs[0].scopes = [
      ...SCOPES.filter((scope) => !['reactions:read', 'groups:history'].includes(scope)),
      'files:write',
    ];
    const found = await place.admin.diagnosePlugin('slack');
    expect(problems(found)).toMatchObject([{ title: expect.stringMatching(/cannot work without: reactions:read\.$/) }]);
    expect(about(found, 'groups:history')?.level).toBe('WARNING');
    expect(about(found, 'files:write')?.level).toBe('OK');
  });

  it('notices tokens of two apps', async () => {
    const { slack, place, token } = await stopped({});
    slack.world.secrets.appId = 'A0OTHER';
    closing.push(async () => {
      slack.world.secrets.appId = 'A0LOCAL';
    });
    await configure(place, { botToken: token, appToken: slack.secrets.appToken });
    const [found] = problems(await place.admin.diagnosePlugin('slack'));
    expect(found.title).toBe('The tokens are of two apps: the bot token of A0OTHER, the app-level token of A0LOCAL.');
  });

  it('says so when Slack cannot be reached', async () => {
    const { place, token } = await stopped({});
    await configure(place, { api: 'http://127.0.0.1:1/api/', botToken: token, appToken: 'xapp-1-A0LOCAL-x' });
    const found = problems(await place.admin.diagnosePlugin('slack'));
    expect(found).toHaveLength(2);
    for (const { title } of found) expect(title).toContain('could not be asked');
  });

  it('asks for the request address while the bot does not run, and finds it once it does', async () => {
    const fixture = await openBotFixture({ transport: 'http' });
    closing.push(() => fixture.close());
    const { admin } = fixture.place;
    const running = await admin.diagnosePlugin('slack');
    expect(problems(running)).toEqual([]);
    expect(about(running, `The bot answers at ${fixture.botUrl}/slack/events`)).toMatchObject({
      level: 'OK',
      advice: expect.stringContaining('"Event Subscriptions"'),
    });
    expect(about(running, 'signing secret does not look like one')?.level).toBe('WARNING');
    await admin.stopPlugin('slack');
    const resting = await admin.diagnosePlugin('slack');
    expect(about(resting, `Nothing answers at ${fixture.botUrl}/slack/events`)?.level).toBe('WARNING');
  });

  it('looks at the app and at every workspace it is installed in', async () => {
    const fixture = await openBotFixture({ several: true, transport: 'http' });
    closing.push(() => fixture.close());
    const { admin } = fixture.place;
    const none = await admin.diagnosePlugin('slack');
    expect(about(none, 'installed in no workspace')?.advice).toContain(`${fixture.botUrl}/slack/install`);
    expect(about(none, 'Client ID and client secret are good')?.level).toBe('OK');
    expect(about(none, 'is not https')?.level).toBe('WARNING');
    expect(about(none, `The bot answers at ${fixture.botUrl}/slack/install`)?.level).toBe('OK');

    const page = await fetch(`${fixture.botUrl}/slack/install`, { redirect: 'manual' });
    const cookie = page.headers.getSetCookie().join('; ');
    const back = fixture.slack.oauth.agree(page.headers.get('location') ?? '', fixture.ada);
    expect((await fetch(back, { headers: { cookie } })).status).toBe(200);
    const one = await admin.diagnosePlugin('slack');
    expect(about(one, `It is installed in home (${fixture.team.id})`)?.level).toBe('OK');
    expect(problems(one)).toEqual([]);

    fixture.slack.world.installs.pop();
    const revoked = problems(await admin.diagnosePlugin('slack'));
    expect(revoked).toMatchObject([{ title: `Slack does not take the token for ${fixture.team.id} (invalid_auth).` }]);
    await fixture.configure({ clientSecret: 'another-client-secret' });
    const other = problems(await admin.diagnosePlugin('slack'));
    expect(about(other, 'client ID and secret (bad_client_secret)')).toBeDefined();
    expect(about(other, `The token for ${fixture.team.id}`)?.title).toContain('another client secret');
  });

  it('says that nothing answers where a port leads nowhere', async () => {
    const port = String(await freePort());
    const { place, token } = await stopped({});
    await configure(place, { botToken: token, signingSecret: '0123456789abcdef0123456789abcdef', port });
    const found = await place.admin.diagnosePlugin('slack');
    expect(about(found, `Nothing answers at http://127.0.0.1:${port}/slack/events`)?.level).toBe('WARNING');
    expect(about(found, 'does not look like one')).toBeUndefined();
  });
});
