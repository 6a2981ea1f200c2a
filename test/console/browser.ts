/** A browser for tests: the Chromium that comes as a package, driven headless. Pictures of pages are kept as test output. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContextOptions, chromium as driver, type Page } from 'playwright-core';

/** Ignored by git. */
export const PICTURES = fileURLToPath(new URL('../../test-output/console', import.meta.url));

/** Meant for the cloud functions that the package is made for: one process for all pages, and no protection between them. */
const UNWANTED = [
  '--single-process',
  '--no-zygote',
  '--disable-web-security',
  '--allow-running-insecure-content',
  '--disable-site-isolation-trials',
];

export async function launchBrowser(): Promise<Browser> {
  // No WebGL: nothing here draws by it.
  chromium.setGraphicsMode = false;
  const args = chromium.args.filter((argument) => !UNWANTED.includes(argument));
  return driver.launch({ executablePath: await chromium.executablePath(), args, headless: true });
}

export interface OpenedPage {
  page: Page;
  /** What the browser complained about: errors of scripts, and what the page's policy forbade. */
  complaints: string[];
  /** Addresses outside of the gateway that the page asked for. */
  strangers: string[];
  close(): Promise<void>;
}

/** A page in a browser profile of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: { width: 1180, height: 820 },
    locale: 'en-GB',
    // What moves is drawn sixty times a second by the processor that the model needs.
    reducedMotion: 'reduce',
    ...options,
  });
  // Test files run side by side, and so does the model.
  context.setDefaultTimeout(240_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const strangers: string[] = [];
  const origin = new URL(url).origin;
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket connection/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.protocol.startsWith('http') && asked.origin !== origin) strangers.push(request.url());
  });
  await page.goto(url);
  return { page, complaints, strangers, close: () => context.close() };
}

export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage, animations: 'disabled' });
}
