/** An admin presses Check beside a plugin's settings, in a browser, against the local Discord. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Discord, startDiscord } from '../fakes/discord/server.js';
import { ADMIN_KEY, openPluginFixture, type PluginFixture } from '../plugins/fixture.js';
import { launchBrowser, openPage, picture } from './browser.js';
import { buildConsole } from './built.js';
import { goTo } from './fixture.js';

let discord: Discord;
let place: PluginFixture;
let browser: Browser;

beforeAll(async () => {
  buildConsole();
  discord = await startDiscord();
  place = await openPluginFixture({ plugins: ['discord'] });
  await place.admin.stopPlugin('discord');
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await place.close();
  await discord.stop();
});

it('shows whether members are asked before anything is learned from them, also before the bot has ever started', async () => {
  const opened = await openPage(browser, `${place.url}/#key=${ADMIN_KEY}`);
  const { page } = opened;
  await goTo(page, 'Set-up');
  const asks = page.getByRole('switch', { name: 'Ask members of discord' });
  await asks.waitFor();
  expect((await place.admin.platform('discord')).asksConsent).toBe(false);
  expect([await asks.getAttribute('aria-checked'), await asks.isDisabled()]).toEqual(['true', true]);

  await place.admin.configurePlugin('discord', { values: [{ name: 'askConsent', value: 'false' }] });
  await page.reload();
  await asks.waitFor();
  expect([await asks.getAttribute('aria-checked'), await asks.isDisabled()]).toEqual(['false', false]);
  await asks.click();
  await page.locator('[role=switch][aria-checked=true]').waitFor();
  expect((await place.admin.platform('discord')).asksConsent).toBe(true);
  await place.admin.configurePlugin('discord', { values: [{ name: 'askConsent', value: null }] });
  await place.admin.setPlatform('discord', { asksConsent: false });
  expect(opened.complaints).toEqual([]);
  await opened.close();
});

it('shows what is wrong with a plugin’s settings, the worst first, with addresses to press', async () => {
  const opened = await openPage(browser, `${place.url}/#key=${ADMIN_KEY}`);
  const { page } = opened;
  const check = page.getByRole('button', { name: 'Check discord' });
  const findings = page.locator('.findings .finding');
  await goTo(page, 'Set-up');
  await check.click();
  await findings.getByText('it needs "Bot token"').waitFor();

  const set = (token: string) =>
    place.admin.configurePlugin('discord', {
      values: [
        { name: 'token', value: token },
        { name: 'api', value: discord.api },
      ],
    });
  await set('not-the-token-that-was-given');
  await check.click();
  await findings.getByText('Discord does not know the token.').waitFor();
  expect(await findings.first().textContent()).toContain('problem');
  const portal = findings.first().getByRole('link');
  expect(await portal.getAttribute('href')).toBe('https://discord.com/developers/applications');

  await set(discord.token);
  await check.click();
  await findings.getByText('The token is good').waitFor();
  const link = await findings.filter({ hasText: 'in no server' }).getByRole('link').getAttribute('href');
  expect(new URL(link ?? '').searchParams.get('client_id')).toBe(discord.world.application.id);
  expect(await findings.first().textContent()).toContain('look at it');
  await picture(page, 'set-up-check', true);
  expect(opened.complaints).toEqual([]);
  await opened.close();
});
