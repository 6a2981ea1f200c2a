/** What the Discord bot says of itself is how it is: refused for good, away for a while, back again. */
import { afterEach, expect, it } from 'vitest';
import { CLOSE } from '../../discord/gateway.js';
import { type BotHouse, openBotHouse } from './house.js';

let house: BotHouse;
afterEach(() => house.close());

const plugin = (holds: Parameters<BotHouse['place']['until']>[1]) => house.place.until('discord', holds);
const said = (text: RegExp) => plugin(({ message }) => text.test(message ?? ''));
const found = async () => (await house.place.admin.diagnosePlugin('discord')).map(({ title }) => title).join('\n');

it.each([
  ['a token that is no longer known', CLOSE.authenticationFailed, /does not know this token.*Reset Token/],
  ['an intent that was switched off', CLOSE.disallowedIntents, /message content intent is not switched on/],
  ['intents that are not taken', CLOSE.invalidIntents, /message content intent is not switched on/],
] as const)('waits for other settings after %s', async (_, code, message) => {
  house = await openBotHouse();
  house.discord.gateway.closeAll(code);
  expect(await plugin(({ status }) => status === 'UNCONFIGURED')).toMatchObject({
    message: expect.stringMatching(message),
  });
  expect(await found()).toMatch(message);
  expect(house.discord.gateway.open).toBe(0);
  // What was mended there is taken up when an admin says so.
  await house.place.admin.startPlugin('discord');
  await said(/^Connected as/);
  await house.reply(house.ask(house.ada, 'hello'));
});

it('waits for another token when the API refuses this one', async () => {
  house = await openBotHouse();
  const { application } = house.discord.world;
  const { token } = application;
  application.token = 'another';
  house.ask(house.ada, 'hello');
  await plugin(({ status, message }) => status === 'UNCONFIGURED' && /does not know this token/.test(message ?? ''));
  application.token = token;
});

it('says since when Discord is away, and recovers by itself', async () => {
  house = await openBotHouse();
  await said(/^Connected as/);
  house.discord.gateway.away = true;
  house.discord.gateway.cut();
  await plugin(({ status, message }) => status === 'UNWELL' && /was lost at \d\d:\d\d:\d\d UTC/.test(message ?? ''));
  expect(await found()).toMatch(/connection to Discord was lost/);
  // Long enough for three bad answers in a row: it is not started anew for them.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  house.discord.gateway.away = false;
  await plugin(
    ({ status, message, restarts }) => status === 'RUNNING' && restarts === 0 && /^Connected/.test(message ?? ''),
  );
  await house.reply(house.ask(house.ada, 'hello'));
});

it('says since when the API is out of order, and looks whether it is back', async () => {
  house = await openBotHouse();
  const { faults } = house.discord.rest;
  faults.add({ path: /./, times: 10_000, when: 'before', answer: 503 });
  house.ask(house.ada, 'hello');
  await plugin(
    ({ status, message }) => status === 'UNWELL' && /API has been in trouble since .*503/.test(message ?? ''),
  );
  faults.clear();
  await said(/^Connected as/);
});
