/** What a page survives: a reload, a gateway that ends, a browser that keeps nothing, whatever a model writes, and whatever people type with. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings } from './accessible.js';
import { picture } from './browser.js';
import { ask, asked, askForLong, type ConsoleFixture, goTo, lastTurn, openConsoleFixture } from './fixture.js';

let place: ConsoleFixture;
beforeAll(async () => {
  place = await openConsoleFixture();
});
afterAll(() => place?.close());

/** A member of their own for each test, by a link as a bot gives it. */
let people = 0;
const newPerson = async (options?: Parameters<ConsoleFixture['asMember']>[1]) => {
  const externalId = `person-${people++}`;
  const opened = await place.asMember(externalId, options);
  await opened.page.getByLabel('Your message').waitFor();
  return { ...opened, ref: { platform: 'discord', externalId } };
};

const send = async (page: Page, prompt: string) => {
  await page.getByLabel('Your message').fill(prompt);
  await page.keyboard.press('Enter');
};

const written = (page: Page) => lastTurn(page).locator('.verdicts').waitFor();

/** What was stored for a member. */
const stored = async (ref: { platform: string; externalId: string }) => {
  const member = await place.gateway.client.member(ref);
  return (await place.gateway.client.generations(member?.id ?? '')).nodes;
};

/** Puts turns into what the tab keeps, and loads the page anew: they are shown like replies that were just written. */
async function showReplies(page: Page, externalId: string, texts: readonly string[]): Promise<void> {
  const turns = texts.map((text, i) => ({
    key: `t${i}`,
    prompt: `Question ${i}`,
    status: 'COMPLETE',
    replies: [{ id: `r${i}`, text }],
    roles: {},
  }));
  const name = `palate.conversation/discord//${externalId}`;
  await page.evaluate(([key, value]) => sessionStorage.setItem(key, value), [name, JSON.stringify(turns)]);
  await page.reload();
  await page
    .locator('.turn')
    .nth(texts.length - 1)
    .waitFor();
}

describe('a question that is being answered', () => {
  it('is there after a reload, and its replies are the same ones', async () => {
    const { page, close, ref } = await newPerson();
    await askForLong(page);
    await send(page, 'Tell me a long story about a harbour.');
    await page.locator('.reply-writing .markdown').nth(1).waitFor();
    await page.reload();
    await asked(page, 'Tell me a long story about a harbour.').waitFor();
    await written(page);
    const generations = await stored(ref);
    expect(generations).toHaveLength(1);
    expect(generations[0].candidates.map(({ finishReason }) => finishReason)).not.toContain('CANCELLED');
    expect(await page.locator('.turn').count()).toBe(1);
    const shown = await page.locator('.reply .markdown').allInnerTexts();
    expect(shown.map(plain)).toEqual(generations[0].candidates.map(({ text }) => plain(text)));
    await page.keyboard.press('1');
    await page.getByTestId('version').getByText('Taste v1').waitFor();
    await close();
  });

  it('is answered by itself when the gateway ended in the middle of it and is back', async () => {
    const { page, close, ref } = await newPerson();
    await askForLong(page);
    await send(page, 'Tell me a long story about a mountain.');
    await page.locator('.reply-writing .markdown').first().waitFor();
    await place.cut();
    await lastTurn(page).getByText('It goes on as soon as Palate answers again').waitFor();
    await picture(page, 'away');
    await place.startAgain();
    await written(page);
    expect(await stored(ref)).toHaveLength(1);
    expect(await page.locator('.turn').count()).toBe(1);
    await close();
  });

  it('is there after a reload also when it failed', async () => {
    const { page, close } = await newPerson();
    await askForLong(page);
    await send(page, 'Tell me about the sea.');
    await page.locator('.reply-writing').first().waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await lastTurn(page).getByRole('button', { name: 'Write again' }).waitFor();
    await page.reload();
    await asked(page, 'Tell me about the sea.').waitFor();
    await lastTurn(page).getByRole('button', { name: 'Write again' }).click();
    await written(page);
    await close();
  });

  it('of a round goes on with the round', async () => {
    const { page, close } = await newPerson();
    await goTo(page, 'Tune');
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.locator('.reply-open').nth(3).waitFor();
    await page.keyboard.press('2');
    await page.getByLabel('Question 2 of 10').waitFor();
    await page.reload();
    await page.getByLabel('Question 2 of 10').waitFor();
    await page.locator('.reply-open').nth(3).waitFor();
    await page.keyboard.press('x');
    await page.getByLabel('Question 3 of 10').waitFor();
    await close();
  });
});

const plain = (text: string) => text.replace(/[*_`#>\s\\]|^\d+\.|^- /gm, '');

describe('a browser that keeps nothing', () => {
  const FORBIDDEN = () => {
    for (const name of ['sessionStorage', 'localStorage']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
    }
  };
  const FULL = () => {
    Storage.prototype.setItem = () => {
      throw new DOMException('no room', 'QuotaExceededError');
    };
  };
  it.each([
    ['because it is forbidden', FORBIDDEN],
    ['because it is full', FULL],
  ])('%s, has a page that works', async (_, script) => {
    const context = await place.browser.newContext({ locale: 'en-GB' });
    await context.addInitScript(script);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${place.gateway.url}/#key=${place.key}`);
    await page.getByLabel('Length').selectOption({ index: 0 });
    await ask(page, 'Say something short.');
    await page.keyboard.press('1');
    await page.locator('[data-testid=training][data-status=SUCCEEDED]').waitFor();
    for (const name of ['Tune', 'Taste', 'Live', 'Set-up'] as const) {
      await goTo(page, name);
      await page.locator('main h1').waitFor();
    }
    await goTo(page, 'Chat');
    await asked(page, 'Say something short.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel(/Your key, or the link/).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});

it('shows whatever a model wrote, and the rest of the page goes on', async () => {
  const { page, close, complaints, strangers, ref } = await newPerson();
  const table = `|${'a|'.repeat(1_500)}\n|${'-|'.repeat(1_500)}\n${'|a|b|c\n'.repeat(2_000)}`;
  const texts = [
    `${'- '.repeat(1_000)}end of list`,
    `${'1. '.repeat(1_000)}end of numbers`,
    `${'>'.repeat(5_000)} end of quotes`,
    `${'*a **b '.repeat(3_000)}end of emphasis`,
    `${'[a](http://b.example/c) '.repeat(3_000)}end of links`,
    `${table}end of table`,
    `${'x'.repeat(100_000)} end of line`,
    '<img src="https://evil.example/a.png" onerror="document.title=1"><script>document.title=2</script> ![end of HTML](https://evil.example/b.png)',
    '[end of links](#key=palate_admin_stolen) and [another](/#token=a.b.c)',
    '- [x] done\n- [ ] open\n\na note[^1]\n\n[^1]: end of notes\n\n# A heading\n\n| a | b |\n|---|---|\n| 1 | 2 |',
  ];
  await showReplies(page, ref.externalId, texts);
  for (const end of texts.map((text) => /end of \w+/.exec(text)?.[0] ?? '')) {
    await page.getByText(end).first().waitFor();
  }
  expect(await page.locator('.reply-text img, .reply-text script, .reply-text input').count()).toBe(0);
  expect(await page.locator('.reply-text a[href*="key="], .reply-text a[href*="token="]').count()).toBe(0);
  expect(await page.title()).toBe('Chat · Palate');
  const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(content).toBe(width);
  expect(await findings(page)).toEqual([]);
  await send(page, 'Are you still there?');
  await asked(page, 'Are you still there?').waitFor();
  // What stands above goes with the question, and reading it is not what is looked at.
  await page.getByRole('button', { name: 'Stop' }).click();
  await lastTurn(page).getByRole('button', { name: 'Write again' }).waitFor();
  expect([complaints, strangers]).toEqual([[], []]);
  await close();
});

describe('typing', () => {
  const press = (page: Page, enter: { keyCode: number; isComposing?: boolean }) =>
    page.evaluate((how) => {
      const pressed = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...how });
      document.querySelector('textarea')?.dispatchEvent(pressed);
    }, enter);

  it('a word that is still being composed is not sent by the Enter that ends it, in Safari either', async () => {
    const { page, close } = await newPerson();
    const field = page.getByLabel('Your message');
    await field.fill('こんにちは');
    await press(page, { keyCode: 229 });
    await press(page, { keyCode: 13, isComposing: true });
    expect(await page.locator('.turn').count()).toBe(0);
    expect(await field.inputValue()).toBe('こんにちは');
    await press(page, { keyCode: 13 });
    await page.locator('.turn').waitFor();
    await close();
  });

  it('on a touch screen Enter makes a line, and the button sends', async () => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
    const { page, close } = await newPerson(phone);
    const field = page.getByLabel('Your message');
    await field.fill('one');
    await field.press('Enter');
    await page.keyboard.type('two');
    expect(await field.inputValue()).toBe('one\ntwo');
    expect(await field.getAttribute('enterkeyhint')).toBe('enter');
    await picture(page, 'phone-typing');
    await page.getByRole('button', { name: 'Send' }).tap();
    await page.locator('.turn .asked').getByText('one\ntwo').waitFor();
    await close();
  });

  it('what is too long says so and stays, instead of being cut', async () => {
    const { page, close } = await newPerson();
    await page.getByLabel('Your message').fill('word '.repeat(2_000));
    await page.getByText('9,999 characters; 8,000 fit into one message.').waitFor();
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
    await page.keyboard.press('Enter');
    expect(await page.locator('.turn').count()).toBe(0);
    expect(await findings(page)).toEqual([]);
    await picture(page, 'too-long');
    await close();
  });
});

it('lets Hebrew and Arabic run from right to left, wherever people and models write', async () => {
  const { page, close, ref } = await newPerson();
  await showReplies(page, ref.externalId, [
    'שלום! זו **תשובה** קצרה.\n\n- אחת\n- שתיים\n\n> ציטוט\n\nAnd an English end.',
  ]);
  // The text stands plain until what reads Markdown is loaded.
  await page.locator('.markdown ul').waitFor();
  await page.getByLabel('Your message').fill('مرحبا كيف حالك؟');
  const direction = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((e) => getComputedStyle(e).direction);
  const directions = ['textarea', '.markdown p', '.markdown ul', '.markdown blockquote'].map(direction);
  expect(await Promise.all(directions)).toEqual(['rtl', 'rtl', 'rtl', 'rtl']);
  expect(
    await page
      .locator('.markdown p')
      .last()
      .evaluate((e) => getComputedStyle(e).direction),
  ).toBe('ltr');
  await picture(page, 'right-to-left');
  await ask(page, 'مرحبا كيف حالك؟');
  expect(await direction('.turn:last-child .asked')).toBe('rtl');
  expect(await findings(page)).toEqual([]);
  await goTo(page, 'Taste');
  await page.locator('main h1').waitFor();
  for (const input of await page.locator('input:not([type=file]), textarea').all()) {
    expect(await input.getAttribute('dir')).toBe('auto');
  }
  await close();
});

it.each(['en-US@posix', 'C'])('has every page where the browser calls its language %s', async (language) => {
  const context = await place.browser.newContext();
  await context.addInitScript((name) => {
    Object.defineProperty(Navigator.prototype, 'language', { get: () => name, configurable: true });
  }, language);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${place.gateway.url}/#key=${place.key}`);
  await page.getByLabel('Your message').waitFor();
  await goTo(page, 'Live');
  await page.locator('.chart canvas').waitFor();
  await goTo(page, 'Set-up');
  await page.getByRole('tab', { name: 'Links for members' }).click();
  await page.getByLabel('Member', { exact: true }).fill('somebody');
  await page.getByRole('button', { name: 'Make a link' }).click();
  await page.getByText(/Good until/).waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

it('says of an address that leads nowhere, or to another’s page, that it does, and leads back', async () => {
  const { page, close } = await newPerson();
  await page.goto(`${place.gateway.url}/#/recipes`);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  expect(await findings(page)).toEqual([]);
  await picture(page, 'no-such-page');
  await page.getByRole('link', { name: 'Go to the chat' }).click();
  await page.getByLabel('Your message').waitFor();
  await page.goto(`${place.gateway.url}/#/setup`);
  await page.getByRole('heading', { name: 'This page is for admins' }).waitFor();
  await close();
});

it('says of a file that is too large for a taste that it is', async () => {
  const { page, close, complaints } = await newPerson();
  await ask(page, 'Hello?');
  await goTo(page, 'Taste');
  const file = page.getByLabel('File of a taste');
  await file.setInputFiles({ name: 'holiday.txt', mimeType: 'text/plain', buffer: Buffer.alloc(5_000_000, 'a') });
  await page.getByText('This is too long. holiday.txt has 5,000,000 bytes').waitFor();
  await file.setInputFiles({ name: 'other.txt', mimeType: 'text/plain', buffer: Buffer.from('no taste') });
  await page.getByText(/This was not accepted|This does not go/).waitFor();
  expect(complaints).toEqual([]);
  await close();
});
