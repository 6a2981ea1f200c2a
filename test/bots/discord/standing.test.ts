/** What the Discord bot says of itself is how it is: refused for good, away for a while, back again. */
import { afterEach, expect, it } from 'vitest';
import { CLOSE } from '../../fakes/discord/gateway.js';
import { type BotFixture, openBotFixture } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture.close());

const plugin = (holds: Parameters<BotFixture['place']['until']>[1]) => fixture.place.until('discord', holds);
const said = (text: RegExp) => plugin(({ message }) => text.test(message ?? ''));
const found = async () => (await fixture.place.admin.diagnosePlugin('discord')).map(({ title }) => title).join('\n');

it.each([
  ['a token that is no longer known', CLOSE.authenticationFailed, /does not know this token.*Reset Token/],
  ['an intent that was switched off', CLOSE.disallowedIntents, /message content intent is not switched on/],
  ['intents that are not taken', CLOSE.invalidIntents, /message content intent is not switched on/],
] as const)('waits for other settings after %s', async (_, code, message) => {
  fixture = await openBotFixture();
  fixture.discord.gateway.closeAll(code);
  expect(await plugin(({ status }) => status === 'UNCONFIGURED')).toMatchObject({
    message: expect.stringMatching(message),
  });
  expect(await found()).toMatch(message);
  expect(fixture.discord.gateway.open).toBe(0);
  // What was mended there is taken up when an admin says so.
  await fixture.place.admin.startPlugin('discord');
  await said(/^Connected as/);
  await fixture.reply(fixture.ask(fixture.ada, 'hello'));
});

it('waits for another token when the API refuses this one', async () => {
  fixture = await openBotFixture();
  const { application } = fixture.discord.world;
  const { token } = application;
  application.token = 'another';
  fixture.ask(fixture.ada, 'hello');
  await plugin(({ status, message }) => status === 'UNCONFIGURED' && /does not know this token/.test(message ?? ''));
  application.token = token;
});

it('says since when Discord is away, and recovers by itself', async () => {
  fixture = await openBotFixture();
  await said(/^Connected as/);
  fixture.discord.gateway.away = true;
  fixture.discord.gateway.cut();
  await plugin(({ status, message }) => status === 'UNWELL' && /was lost at \d\d:\d\d:\d\d UTC/.test(message ?? ''));
  expect(await found()).toMatch(/connection to Discord was lost/);
  // Long enough for three bad answers in a row: it is not started anew for them.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  fixture.discord.gateway.away = false;
  await plugin(
    ({ status, message, restarts }) => status === 'RUNNING' && restarts === 0 && /^Connected/.test(message ?? ''),
  );
  await fixture.reply(fixture.ask(fixture.ada, 'hello'));
});

it('says since when the API is out of order, and looks whether it is back', async () => {
  fixture = await openBotFixture();
  const { faults } = fixture.discord.rest;
  faults.add({ path: /./, times: 10_000, when: 'before', answer: 503 });
  fixture.ask(fixture.ada, 'hello');
  await plugin(
    ({ status, message }) => status === 'UNWELL' && /API has been in trouble since .*503/.test(message ?? ''),
  );
  faults.clear();
  await said(/^Connected as/);
});
