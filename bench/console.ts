/**
 * Claim: the console's first load is under 200 KB of compressed JavaScript, and it answers a key or a click within 100 ms while two
 * replies stream. The browser itself says both: what came over the wire, and the time from each interaction to the next paint.
 */
import type { Page } from 'playwright-core';
import { launchBrowser } from '../test/console/browser.js';
import { buildConsole } from '../test/console/built.js';
import { startGateway } from './gateway-under-test.js';
import { type ConsoleOptions, writeResult } from './report.js';
import { distribution } from './statistics.js';

export async function benchConsole({ rounds, settings }: ConsoleOptions): Promise<void> {
  buildConsole();
  const gateway = await startGateway(settings);
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ viewport: { width: 1180, height: 820 }, locale: 'en-GB' });
    const page = await context.newPage();
    const sizes = countScripts(page);
    await page.goto(`${gateway.url}/#key=${gateway.key}`);
    await page.getByLabel('Your message').waitFor();
    await page.waitForLoadState('networkidle');
    const firstLoad = sizes.kilobytes();
    await observeInteractions(page);
    for (let round = 0; round < rounds; round++) await interactWhileStreaming(page, round);
    const withReplies = sizes.kilobytes();
    const durations = (await page.evaluate('globalThis.palateDurations')) as number[];
    const milliseconds = { 'interaction to next paint': distribution(durations) };
    console.table({ 'compressed JavaScript, KB': { 'first load': firstLoad, 'with a reply': withReplies } });
    console.table(milliseconds);
    await writeResult('console', {
      rounds,
      interactions: durations.length,
      kilobytes: { firstLoad, withReplies },
      milliseconds,
    });
  } finally {
    await browser.close();
    await gateway.stop();
  }
}

/** Adds up what scripts weigh as they come over the wire. */
function countScripts(page: Page): { kilobytes(): number } {
  let bytes = 0;
  page.on('requestfinished', async (request) => {
    if (request.resourceType() !== 'script') return;
    bytes += (await request.sizes()).responseBodySize;
  });
  return { kilobytes: () => Math.round(bytes / 100) / 10 };
}

/** From here on the page keeps the time from each key and click to the next paint, milliseconds, as Event Timing rounds it (8). */
async function observeInteractions(page: Page): Promise<void> {
  await page.evaluate(`
    globalThis.palateDurations = [];
    globalThis.palateSeen = new Map();
    new PerformanceObserver((list) => {
      for (const { interactionId, duration } of list.getEntries()) {
        if (!interactionId) continue;
        const known = palateSeen.get(interactionId);
        if (known === undefined) palateSeen.set(interactionId, palateDurations.push(duration) - 1);
        else palateDurations[known] = Math.max(palateDurations[known], duration);
      }
    }).observe({ type: 'event', durationThreshold: 16 });
  `);
}

const QUESTIONS = [
  'Explain how a sailing boat moves.',
  'Write a list of ten garden plants.',
  'Tell a story about a clock.',
];

/** Asks, and while both replies grow types the next message and scrolls by keys. */
async function interactWhileStreaming(page: Page, round: number): Promise<void> {
  const field = page.getByLabel('Your message');
  await field.fill(QUESTIONS[round % QUESTIONS.length]);
  await page.keyboard.press('Enter');
  await page.locator('.reply-writing .markdown').nth(1).waitFor({ timeout: 60_000 });
  for (let i = 0; (await page.locator('.reply-writing').count()) > 0 && i < 200; i++) {
    await page.keyboard.press('abcdefghij '[i % 11]);
    await page.waitForTimeout(120);
  }
  await field.fill('');
  await page.locator('.turn').last().locator('.verdicts').waitFor({ timeout: 60_000 });
  await page.getByTestId('reply-1').last().getByRole('button').click();
  await page.locator('.turn').last().getByTestId('training').waitFor();
}
