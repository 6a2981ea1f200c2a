/** The console for everybody: by keyboard alone, with a screen reader, in the dark, on a phone, on a slow link, with a wrong key. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings } from './accessible.js';
import { openPage, picture } from './browser.js';
import { ask, type ConsoleFixture, goTo, openConsoleFixture } from './fixture.js';

let place: ConsoleFixture;
beforeAll(async () => {
  place = await openConsoleFixture();
  const member = { platform: 'web', externalId: 'admin' };
  const { client } = place.gateway;
  for (let i = 0; i < 3; i++) {
    const { id, candidates } = await client.generate({
      member,
      prompt: `Question ${i}?`,
      maxTokens: 12,
      candidateCount: 3,
    });
    await client.submitFeedback({ generationId: id, verdict: 'CHOSEN', chosenCandidateId: candidates[i].id });
  }
});
afterAll(() => place?.close());

const PAGES = ['Chat', 'Tune', 'Taste', 'Live', 'Set-up'] as const;

async function openPageOf(page: Page, name: (typeof PAGES)[number]): Promise<void> {
  await goTo(page, name);
  await page.locator(`.page-${name.toLowerCase().replace('-', '')} h1`).waitFor();
  await settled(page);
}

async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => document.querySelector('.loading') === null);
}

describe.each(['light', 'dark'] as const)('in the %s', (colorScheme) => {
  it('has nothing that a screen reader or weak eyes stumble over', async () => {
    const { page, close } = await place.asAdmin({ colorScheme, reducedMotion: 'reduce' });
    await ask(page, 'Say something short.');
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('1');
    await page.locator('[data-testid=training][data-status=SUCCEEDED]').waitFor();
    expect(await findings(page)).toEqual([]);
    await picture(page, `chat-${colorScheme}`);
    for (const name of PAGES.slice(1)) {
      await openPageOf(page, name);
      expect(await findings(page)).toEqual([]);
      await picture(page, `${name.toLowerCase()}-${colorScheme}`, true);
    }
    for (const tab of ['Keys', 'Links for members', 'Models', 'Limits']) {
      await page.getByRole('tab', { name: tab }).click();
      await settled(page);
      expect(await findings(page)).toEqual([]);
      await picture(page, `${tab.toLowerCase().replaceAll(' ', '-')}-${colorScheme}`, true);
    }
    await goTo(page, 'Taste');
    await page.getByRole('button', { name: 'Forget me' }).click();
    expect(await findings(page)).toEqual([]);
    await close();
  });
});

it('is used by keyboard alone, from the first key to the vote', async () => {
  const { page, close } = await openPage(place.browser, place.gateway.url);
  await page.getByLabel(/Your key, or the link/).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type(place.key);
  await page.keyboard.press('Enter');
  await page.getByLabel('Your message').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the page');
  await page.keyboard.press('Enter');
  for (let i = 0; i < 12 && (await focused(page)) !== 'TEXTAREA'; i++) await page.keyboard.press('Tab');
  await page.keyboard.type('What is a keyboard?');
  await page.keyboard.press('Enter');
  await page.locator('.verdicts').waitFor();
  await page.keyboard.press('x');
  await page.getByText('Only a choice between replies trains your taste.').waitFor();
  await page.keyboard.type('2 things');
  expect(await page.getByLabel('Your message').inputValue()).toBe('2 things');
  expect(await page.locator('.reply-chosen').count()).toBe(0);
  await close();
});

const focused = (page: Page) => page.evaluate(() => document.activeElement?.tagName);

describe('on a phone', () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

  it('fits every page into its width, and takes a swipe for a choice', async () => {
    const { page, close } = await place.asAdmin(phone);
    await page.getByText('Welcome back').waitFor();
    await picture(page, 'phone-welcome');
    await ask(page, 'Say hello.');
    await picture(page, 'phone-replies');
    await swipe(page, '[data-testid=reply-2]');
    await page.locator('[data-testid=reply-2].reply-chosen').waitFor();
    await page.locator('[data-testid=training][data-status=SUCCEEDED]').waitFor();
    for (const name of PAGES) {
      await openPageOf(page, name);
      const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      expect([name, content]).toEqual([name, width]);
      await picture(page, `phone-${name.toLowerCase()}`, true);
    }
    await close();
  });

  async function swipe(page: Page, selector: string): Promise<void> {
    const box = await page.locator(selector).boundingBox();
    if (!box) throw new Error(`${selector} is not there`);
    const session = await page.context().newCDPSession(page);
    const y = box.y + 30;
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x?: number) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: x === undefined ? [] : [{ x, y }] });
    await touch('touchStart', box.x + 40);
    for (let step = 1; step <= 8; step++) await touch('touchMove', box.x + 40 + step * 20);
    await touch('touchEnd');
  }
});

it('says while it waits on a slow link, and comes up', async () => {
  const context = await place.browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: 50_000,
    uploadThroughput: 20_000,
  });
  await page.goto(`${place.gateway.url}/#key=${place.key}`);
  await page.getByText('Opening the console').waitFor();
  await picture(page, 'opening');
  await page.getByLabel('Your message').waitFor();
  await context.close();
});

it('asks for a key, says what is wrong with one, and takes the whole link as well', async () => {
  const { page, close } = await openPage(place.browser, place.gateway.url);
  expect(await findings(page)).toEqual([]);
  const field = page.getByLabel(/Your key, or the link/);
  await field.fill('not the key');
  await page.keyboard.press('Enter');
  await page.getByText('That is no key and no link').waitFor();
  await field.fill('palate_admin_wrong');
  await page.keyboard.press('Enter');
  await page.getByText(/not known here/).waitFor();
  expect(await findings(page)).toEqual([]);
  await picture(page, 'sign-in');
  await field.fill(`${place.gateway.url}/#key=${place.key}`);
  await page.keyboard.press('Enter');
  await page.getByLabel('Your message').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await field.waitFor();
  expect(await page.evaluate(() => globalThis.sessionStorage.length)).toBe(0);
  await close();
});

it('shows what a model wrote as text, never as a page', async () => {
  const { page, close, strangers, complaints } = await place.asAdmin();
  await page.getByLabel('Your message').waitFor();
  const hostile =
    '<img src=x onerror="document.title=1"> ![p](https://evil.example/p.png) [l](javascript:alert(1)) <script>document.title=2</script>\n\n```\n<b>code</b>\n```';
  // What the tab keeps is shown like a reply that was just written.
  await page.evaluate((text) => {
    const turn = {
      key: 'a',
      prompt: 'Show me.',
      status: 'COMPLETE',
      generationId: 'none',
      replies: [{ id: 'r', text }],
      encoderVersion: 0,
      stopped: false,
      verdict: null,
      chosenId: null,
      feedbackId: null,
      held: false,
      roles: {},
      jobId: null,
      problem: null,
    };
    sessionStorage.setItem('palate.conversation/web//admin', JSON.stringify([turn]));
  }, hostile);
  await page.reload();
  await page.locator('.reply-text pre').waitFor();
  expect(await page.locator('.reply-text img, .reply-text script, .reply-text b').count()).toBe(0);
  expect(await page.locator('.reply-text').textContent()).toContain('<b>code</b>');
  expect(await page.locator('.reply-text a').count()).toBe(0);
  expect(await page.title()).toBe('Chat · Palate');
  expect([strangers, complaints]).toEqual([[], []]);
  await close();
});
