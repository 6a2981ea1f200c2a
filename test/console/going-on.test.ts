/** Replies that are cut at their longest are gone on with, and a question that has to wait says where it stands. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings } from './accessible.js';
import { picture } from './browser.js';
import { ask, type ConsoleFixture, goTo, lastTurn, openConsoleFixture } from './fixture.js';

let place: ConsoleFixture;
beforeAll(async () => {
  // The usual lengths, of which these tests name some.
  place = await openConsoleFixture({});
});
afterAll(() => place?.close());

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

interface Asked {
  prompt: string;
  key: string;
  continues?: string;
  maxTokens: number;
  history: { role: string; content: string }[];
}

/** What the page asks the gateway for, in order. */
function watchQuestions(page: Page): Asked[] {
  const asked: Asked[] = [];
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      const input = JSON.parse(String(payload)).payload?.variables?.input;
      if (input) asked.push(input);
    }),
  );
  return asked;
}

/** The composer's button from the next load of the page on: what it says, in order. */
async function watchComposer(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    new MutationObserver(() => {
      const button = document.querySelector('.composer button')?.textContent;
      if (button && button !== said.at(-1)) said.push(button);
    }).observe(document, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { said: string[] }).said);
}

/** Asks, again where the reply happened to end by itself, until it is cut at its longest. */
async function askUntilCut(page: Page, prompt: string, reply: 1 | 2): Promise<void> {
  await ask(page, prompt);
  while (!(await page.getByRole('button', { name: `Continue reply ${reply}` }).isVisible())) {
    await lastTurn(page).getByRole('button', { name: 'Write again' }).click();
    await written(page);
  }
}

/** Waits until nothing is being written. */
const written = async (page: Page) => {
  await page.getByRole('button', { name: 'Send' }).waitFor();
};

const storedText = (page: Page, name: string, reply: number) =>
  page.evaluate(
    ([key, place]) =>
      JSON.parse(sessionStorage.getItem(String(key)) ?? '[]').at(-1).replies[Number(place)].text as string,
    [`palate.conversation/discord//${name}`, reply],
  );

describe('a reply that was cut at its longest', () => {
  it('says so, goes on in its card as often as it is asked to, and is whole in the history', async () => {
    const { page, close, complaints } = await place.asMember('goes-on');
    const asked = watchQuestions(page);
    await page.reload();
    await page.getByLabel('Length').selectOption({ label: 'about 50 words' });
    await askUntilCut(page, 'Tell me a very long story about a lighthouse and its keeper.', 1);
    const first = page.getByTestId('reply-1');
    await first.getByText('Cut off here: it reached its longest.').waitFor();
    expect(await findings(page)).toEqual([]);
    await picture(page, 'cut');
    const begun = await storedText(page, 'goes-on', 0);
    await first.getByRole('button', { name: 'Continue reply 1' }).click();
    await written(page);
    const longer = await storedText(page, 'goes-on', 0);
    expect(longer.startsWith(begun)).toBe(true);
    expect(longer.length).toBeGreaterThan(begun.length);
    await picture(page, 'continued');
    if (await first.getByRole('button', { name: 'Continue reply 1' }).isVisible()) {
      await first.getByRole('button', { name: 'Continue reply 1' }).click();
      await written(page);
    }
    const whole = await storedText(page, 'goes-on', 0);
    const continuations = asked.filter(({ continues }) => continues !== undefined);
    const question = asked[asked.length - continuations.length - 1];
    expect(question).toMatchObject({ maxTokens: 64, history: [] });
    expect(continuations.length).toBeGreaterThan(0);
    for (const { prompt, history, continues } of continuations) {
      expect({ prompt, history }).toEqual({ prompt: question.prompt, history: question.history });
      expect(typeof continues).toBe('string');
    }
    expect(new Set(continuations.map(({ continues }) => continues)).size).toBe(continuations.length);
    await page.keyboard.press('1');
    await page.getByTestId('version').getByText('Taste v1').waitFor();
    await ask(page, 'And what became of the keeper?');
    expect(asked.at(-1)?.history.at(-1)).toEqual({ role: 'ASSISTANT', content: whole.trim() });
    expect(complaints).toEqual([]);
    await close();
  });

  it('goes on after a reload in the middle of it, and does not say anything twice', async () => {
    const { page, close } = await place.asMember('reloads');
    await page.getByLabel('Length').selectOption({ label: 'about 100 words' });
    await askUntilCut(page, 'Tell me a very long story about a railway.', 2);
    const begun = await storedText(page, 'reloads', 1);
    await page.getByTestId('reply-2').getByRole('button', { name: 'Continue reply 2' }).click();
    await page.getByTestId('reply-2').locator('.reply-text[aria-busy=true]').waitFor();
    const buttons = await watchComposer(page);
    await page.reload();
    await written(page);
    // What goes on is said to go on from the first look at the page: there is no moment in which more can be sent.
    expect(await buttons()).toEqual(['Stop', 'Send']);
    const whole = await storedText(page, 'reloads', 1);
    expect(whole.startsWith(begun)).toBe(true);
    const added = whole.slice(begun.length);
    expect(added.length).toBeGreaterThan(0);
    const member = await place.gateway.client.member({ platform: 'discord', externalId: 'reloads' });
    const { nodes } = await place.gateway.client.generations(member?.id ?? '');
    expect(nodes[0].candidates).toHaveLength(1);
    expect(nodes[1].candidates).toHaveLength(2);
    expect(nodes[0].candidates.map(({ text }) => text)).toEqual([added]);
    await close();
  });
});

it('keeps the length that was chosen for the next visit of this browser', async () => {
  const { page, close } = await place.asMember('brief');
  const length = page.getByLabel('Length');
  await length.selectOption({ label: 'about 50 words' });
  await page.getByRole('button', { name: 'Sign out' }).click();
  const { token } = await place.gateway.client.createMemberToken({ platform: 'discord', externalId: 'brief' });
  await page.goto(`${place.gateway.url}/#token=${token}`);
  await length.waitFor();
  expect(await length.inputValue()).toBe('64');
  await close();
});

it('says where a question stands that has to wait, and about how long', async () => {
  const others = Array.from({ length: 6 }, (_, i) => {
    const abort = new AbortController();
    const member = { platform: 'discord', externalId: `other-${i}` };
    const input = { member, prompt: 'Write a long story.', candidateCount: 8, maxTokens: 1_024 };
    const events = place.gateway.client.generateStream(input, { signal: abort.signal });
    return { abort, read: (async () => void (await drain(events)))() };
  });
  const { page, close } = await place.asMember('patient');
  await page.getByLabel('Your message').fill('Am I next?');
  await page.keyboard.press('Enter');
  await lastTurn(page)
    .getByTestId('waiting')
    .getByText(/before yours|You are next/)
    .waitFor();
  await picture(page, 'waiting');
  expect(await findings(page)).toEqual([]);
  await page.reload();
  await lastTurn(page)
    .getByTestId('waiting')
    .getByText(/before yours|You are next/)
    .waitFor();
  for (const { abort } of others) abort.abort();
  await lastTurn(page).locator('.verdicts').waitFor();
  await Promise.allSettled(others.map(({ read }) => read));
  await goTo(page, 'Taste');
  await close();
});
