/** What the Slack bot says of itself is how it is: refused for good, away for a while, back again. */
import { afterEach, expect, it } from 'vitest';
import { type BotFixture, openBotFixture } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture.close());

const plugin = (holds: Parameters<BotFixture['place']['until']>[1]) => fixture.place.until('slack', holds);
const said = (text: RegExp) => plugin(({ message }) => text.test(message ?? ''));
const found = async () => (await fixture.place.admin.diagnosePlugin('slack')).map(({ title }) => title).join('\n');

/** From now on Slack does not know the bot's token. */
function revoke(): () => void {
  const { token } = fixture.install;
  fixture.install.token = 'xoxb-another';
  return () => {
    fixture.install.token = token;
  };
}

it.each(['http', 'socket'] as const)(
  'waits for another token when Slack takes this one no more, over %s',
  async (transport) => {
    fixture = await openBotFixture({ transport });
    await said(/^Connected in 1 workspace/);
    const restore = revoke();
    fixture.ask(fixture.ada, 'hello');
    const { message } = await plugin(({ status }) => status === 'UNCONFIGURED');
    expect(message).toMatch(/does not take the bot token \(invalid_auth\).*OAuth & Permissions/);
    expect(await found()).toMatch(/does not take the bot token/);
    expect(fixture.slack.sockets.size).toBe(0);
    restore();
    await fixture.place.admin.startPlugin('slack');
    await said(/^Connected in 1 workspace/);
  },
);

it('hears at once that it was removed from its workspace', async () => {
  fixture = await openBotFixture();
  await said(/^Connected/);
  fixture.slack.people.uninstall(fixture.team);
  await plugin(({ status, message }) => status === 'UNCONFIGURED' && /bot token/.test(message ?? ''));
});

it('waits for another app-level token when Slack takes this one no more', async () => {
  fixture = await openBotFixture();
  await said(/^Connected/);
  const { secrets } = fixture.slack;
  const { appToken } = secrets;
  secrets.appToken = 'xapp-another';
  fixture.slack.sockets.cut();
  await plugin(
    ({ status, message }) => status === 'UNCONFIGURED' && /app-level token \(invalid_auth\)/.test(message ?? ''),
  );
  secrets.appToken = appToken;
});

it('says since when Slack is away, and recovers by itself', async () => {
  fixture = await openBotFixture();
  await said(/^Connected/);
  fixture.slack.sockets.away = true;
  fixture.slack.sockets.cut();
  await plugin(({ status, message }) => status === 'UNWELL' && /was lost at \d\d:\d\d:\d\d UTC/.test(message ?? ''));
  expect(await found()).toMatch(/connection to Slack was lost/);
  fixture.slack.sockets.away = false;
  await plugin(({ status, restarts }) => status === 'RUNNING' && restarts === 0);
  await said(/^Connected in 1 workspace/);
  await fixture.reply(fixture.ask(fixture.ada, 'hello'));
});
