/** What the Slack bot says of itself is how it is: refused for good, away for a while, back again. */
import { afterEach, expect, it } from 'vitest';
import { type BotHouse, openBotHouse } from './house.js';

let house: BotHouse;
afterEach(() => house.close());

const plugin = (holds: Parameters<BotHouse['place']['until']>[1]) => house.place.until('slack', holds);
const said = (text: RegExp) => plugin(({ message }) => text.test(message ?? ''));
const found = async () => (await house.place.admin.diagnosePlugin('slack')).map(({ title }) => title).join('\n');

/** From now on Slack does not know the bot's token. */
function revoke(): () => void {
  const { token } = house.install;
  house.install.token = 'xoxb-another';
  return () => {
    house.install.token = token;
  };
}

it.each(['http', 'socket'] as const)(
  'waits for another token when Slack takes this one no more, over %s',
  async (transport) => {
    house = await openBotHouse({ transport });
    await said(/^Connected in 1 workspace/);
    const restore = revoke();
    house.ask(house.ada, 'hello');
    const { message } = await plugin(({ status }) => status === 'UNCONFIGURED');
    expect(message).toMatch(/does not take the bot token \(invalid_auth\).*OAuth & Permissions/);
    expect(await found()).toMatch(/does not take the bot token/);
    expect(house.slack.sockets.size).toBe(0);
    restore();
    await house.place.admin.startPlugin('slack');
    await said(/^Connected in 1 workspace/);
  },
);

it('hears at once that it was removed from its workspace', async () => {
  house = await openBotHouse();
  await said(/^Connected/);
  house.slack.people.uninstall(house.team);
  await plugin(({ status, message }) => status === 'UNCONFIGURED' && /bot token/.test(message ?? ''));
});

it('waits for another app-level token when Slack takes this one no more', async () => {
  house = await openBotHouse();
  await said(/^Connected/);
  const { secrets } = house.slack;
  const { appToken } = secrets;
  secrets.appToken = 'xapp-another';
  house.slack.sockets.cut();
  await plugin(
    ({ status, message }) => status === 'UNCONFIGURED' && /app-level token \(invalid_auth\)/.test(message ?? ''),
  );
  secrets.appToken = appToken;
});

it('says since when Slack is away, and recovers by itself', async () => {
  house = await openBotHouse();
  await said(/^Connected/);
  house.slack.sockets.away = true;
  house.slack.sockets.cut();
  await plugin(({ status, message }) => status === 'UNWELL' && /was lost at \d\d:\d\d:\d\d UTC/.test(message ?? ''));
  expect(await found()).toMatch(/connection to Slack was lost/);
  house.slack.sockets.away = false;
  await plugin(({ status, restarts }) => status === 'RUNNING' && restarts === 0);
  await said(/^Connected in 1 workspace/);
  await house.reply(house.ask(house.ada, 'hello'));
});
