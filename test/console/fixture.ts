/** A gateway with the real model, a browser, and the few steps that every test of the console takes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Limits } from '../../src/common/config.js';
import { type GatewayProcess, startGatewayProcess } from '../e2e/gateway-process.js';
import { launchBrowser, type OpenedPage, openPage } from './browser.js';
import { buildConsole } from './built.js';

export interface ConsoleFixture {
  gateway: GatewayProcess;
  browser: Browser;
  key: string;
  /** A page that was opened with the admin's link. */
  asAdmin(options?: BrowserContextOptions): Promise<OpenedPage>;
  /** A page that was opened with a link a bot gave. */
  asMember(externalId: string, options?: BrowserContextOptions): Promise<OpenedPage>;
  /** Ends the gateway as a power cut would. */
  cut(): Promise<void>;
  /** Starts it again where it was. */
  startAgain(): Promise<void>;
  close(): Promise<void>;
}

/** Long enough to be read, and to be stopped. */
const LIMITS = { maxTokensDefault: 24 };

/** @param limits those of the service; replies are short, for all that they are looked at for */
export async function openConsoleFixture(limits: Partial<Limits> = LIMITS): Promise<ConsoleFixture> {
  buildConsole();
  const data = await mkdtemp(join(tmpdir(), 'palate-console-'));
  const gateway = await startGatewayProcess(data, { limits });
  const key = (await readFile(join(data, 'admin-key'), 'utf8')).trim();
  const browser = await launchBrowser();
  const { url } = gateway;
  const place: ConsoleFixture = {
    gateway,
    browser,
    key,
    asAdmin: (options) => openPage(browser, `${url}/#key=${key}`, options),
    asMember: async (externalId, options) => {
      const member = { platform: 'discord', externalId };
      const link = await place.gateway.client.createMemberToken(member);
      return openPage(browser, `${url}/#token=${link.token}`, options);
    },
    cut: () => place.gateway.kill(),
    startAgain: async () => {
      place.gateway = await startGatewayProcess(data, { limits, port: Number(new URL(url).port) });
    },
    close: async () => {
      await browser.close();
      await place.gateway.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
  return place;
}

/** Asks in the chat and waits until all replies are written. */
export async function ask(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Your message').fill(prompt);
  // On a touch screen Enter alone makes a line.
  await page.keyboard.press('Control+Enter');
  await asked(page, prompt).waitFor();
  await lastTurn(page).locator('.verdicts').waitFor();
}

/** What is asked from now on is answered at four times the usual length: for what happens in the middle of a reply. */
export async function askForLong(page: Page): Promise<void> {
  await page.getByLabel('Length').selectOption({ index: 3 });
}

export async function askForUsual(page: Page): Promise<void> {
  await page.getByLabel('Length').selectOption({ index: 1 });
}

export const lastTurn = (page: Page) => page.locator('.turn').last();

/** The last question, where it is that one: a model may well say the same. */
export const asked = (page: Page, prompt: string) => lastTurn(page).locator('.asked').getByText(prompt);

/** Chooses by key and waits until the training that it led to is done; resolves with the version that the page shows. */
export async function chooseByKey(page: Page, key: string): Promise<number> {
  await page.keyboard.press(key);
  await lastTurn(page).locator('[data-testid=training][data-status=SUCCEEDED]').waitFor();
  return versionOf(page, await version(page));
}

async function version(page: Page): Promise<number> {
  const words = (await lastTurn(page).getByTestId('training').textContent()) ?? '';
  return Number(/→ (\d+)/.exec(words)?.[1]);
}

/** Waits until the page's head shows that version. */
async function versionOf(page: Page, expected: number): Promise<number> {
  await page.getByTestId('version').getByText(`Taste v${expected}`, { exact: true }).waitFor();
  return expected;
}

export async function goTo(page: Page, name: 'Chat' | 'Tune' | 'Taste' | 'Live' | 'Set-up'): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
}

/** Where the page's map shows the member's taste. */
export async function placeOnMap(page: Page): Promise<{ x: number; y: number }> {
  const map = page.getByTestId('map');
  await map.waitFor();
  return { x: Number(await map.getAttribute('data-x')), y: Number(await map.getAttribute('data-y')) };
}
