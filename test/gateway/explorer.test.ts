import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isForExplorer } from '../../src/gateway/pages/explorer.js';
import { launchBrowser, openPage } from '../console/browser.js';
import { buildExplorer } from '../console/built.js';
import { type Harness, KEY, post, startHarness } from './harness.js';

let harness: Harness;

beforeAll(async () => {
  buildExplorer();
  harness = await startHarness();
});
afterAll(() => harness.stop());

const SUBSCRIPTION = `subscription {
  generationStream(input: { member: { platform: "test", externalId: "ada" }, prompt: "hi" }) { __typename }
}`;
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

describe('isForExplorer', () => {
  it.each([
    ['a browser that opens the address', 'GET', BROWSER, true],
    ['a browser that asks whether it is there', 'HEAD', BROWSER, true],
    ['a program', 'GET', { accept: '*/*' }, false],
    ['a program that does not say what it takes', 'GET', {}, false],
    ['a program with a key', 'GET', { ...BROWSER, authorization: `Bearer ${KEY}` }, false],
    ['an operation', 'POST', BROWSER, false],
  ])('%s', (_, method, headers, expected) => {
    expect(isForExplorer({ method, headers })).toBe(expected);
  });
});

describe('the explorer', () => {
  it('shows a browser a page without a script of its own, and a policy that allows none', async () => {
    const response = await fetch(`${harness.url}/graphql`, { headers: BROWSER });
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html; charset=utf-8$/i);
    expect(page).toContain('Sign in');
    expect(page).not.toContain('%NONCE%');
    const inline = [...page.matchAll(/<script\b([^>]*)>([^<]*)/g)].filter(
      ([, attributes, text]) => text.trim() !== '' || !attributes.includes('src="./explorer/'),
    );
    expect(inline).toEqual([]);
    expect(page).not.toMatch(/<style|\son\w+=|https?:/i);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'/);
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe/);
  });

  it('makes a nonce for every page', async () => {
    const nonces = await Promise.all(
      [1, 2, 3].map(async () => {
        const response = await fetch(`${harness.url}/graphql`, { headers: BROWSER });
        const [, nonce] = /'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '') ?? [];
        expect(await response.text()).toContain(`nonce="${nonce}"`);
        return nonce;
      }),
    );
    expect(new Set(nonces).size).toBe(3);
  });

  it('says nothing of the contract before it has a key', async () => {
    const page = await (await fetch(`${harness.url}/graphql`, { headers: BROWSER })).text();
    const [, script] = /<script[^>]* src="\.\/([^"]+)"/.exec(page) ?? [];
    for (const text of [page, await (await fetch(`${harness.url}/${script}`)).text()])
      expect(text).not.toMatch(/submitFeedback|generate\b/);
    expect((await fetch(`${harness.url}/graphql?query={__typename}`)).status).toBe(401);
  });

  it('serves its files from this service, compressed or not, to be kept for good', async () => {
    const page = await (await fetch(`${harness.url}/graphql`, { headers: BROWSER })).text();
    const files = [...page.matchAll(/(?:src|href)="\.\/(explorer\/[^"]+)"/g)].map(([, name]) => name);
    expect(files.map((name) => name.replace(/^.*\./, '')).sort()).toEqual(['css', 'js']);
    for (const name of files) {
      const url = `${harness.url}/${name}`;
      const compressed = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
      expect(compressed.headers.get('content-encoding')).toBe('gzip');
      expect(compressed.headers.get('content-type')).toMatch(/^text\/(javascript|css); charset=utf-8$/);
      expect(compressed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(compressed.headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; frame-ancestors 'none'",
      );
      const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
      expect(plain.headers.get('content-encoding')).toBeNull();
      expect(await plain.text()).toBe(await compressed.text());
    }
  });

  it('signs a browser in, runs an operation, and hears a subscription', async () => {
    const browser = await launchBrowser();
    try {
      const { page, complaints, strangers } = await openPage(browser, `${harness.url}/graphql`);
      await page.fill('#key', 'wrong');
      await page.click('text=Sign in');
      await page.waitForSelector('#message:has-text("This key is not known here")');
      await page.fill('#key', KEY);
      await page.click('text=Sign in');
      const editor = page.locator('.graphiql-query-editor .view-lines');
      const run = page.locator('.graphiql-execute-button');
      const told = (where: string) => async () => (await page.locator(where).textContent())?.replaceAll('\u00a0', ' ');
      // The operation that stands there at first. The button does nothing before the editor has it.
      await expect.poll(told('.graphiql-query-editor .view-lines')).toMatch(/viewer/);
      await run.click();
      await expect.poll(told('.result-window')).toMatch(/"scope": "ADMIN"/);
      await editor.click();
      await page.keyboard.press('ControlOrMeta+A');
      // Not typed: the editor would close the brackets too.
      await page.evaluate(`(() => {
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', ${JSON.stringify(SUBSCRIPTION)});
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
      })()`);
      await expect.poll(told('.graphiql-query-editor .view-lines')).toMatch(/^subscription/);
      await run.click();
      await expect.poll(told('.result-window')).toMatch(/"__typename": "GenerationFinished"/);
      expect(strangers).toEqual([]);
      // The wrong key was answered with 401, which a browser reports.
      expect(complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('serves nothing else', async () => {
    for (const name of ['', 'graphiql', '../package.json', 'favicon.ico']) {
      expect((await fetch(`${harness.url}/explorer/${name}`)).status).toBe(404);
    }
  });

  it('gets the whole contract for its manual within the limits', async () => {
    const query = getIntrospectionQuery({
      schemaDescription: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      inputValueDeprecation: true,
    });
    const { data, errors } = await post(harness, query);
    expect(errors).toBeUndefined();
    const schema = buildClientSchema(data as unknown as IntrospectionQuery);
    expect(schema.description).toMatch(/The way through this API/);
    expect(schema.getQueryType()?.getFields().pool.description).toBeTruthy();
  });
});
