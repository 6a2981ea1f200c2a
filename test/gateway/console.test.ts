/** The console as the gateway serves it: the built page, its files, and nothing else of the disk. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildConsole } from '../console/built.js';
import { type Harness, startHarness } from './harness.js';

let harness: Harness;

beforeAll(async () => {
  buildConsole();
  harness = await startHarness();
});

afterAll(() => harness?.stop());

const page = async () => (await fetch(`${harness.url}/`)).text();

it('serves a page that runs nothing inline and names nothing outside', async () => {
  const answer = await fetch(`${harness.url}/`);
  expect(answer.headers.get('cache-control')).toBe('no-cache');
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  const html = await answer.text();
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|https?:\/\//);
  expect(html).toMatch(/<script type="module"[^>]* src="\.\/assets\/[\w-]+\.js"/);
});

it('says that the page is still the same to who has it', async () => {
  const etag = (await fetch(`${harness.url}/`)).headers.get('etag') as string;
  expect((await fetch(`${harness.url}/`, { headers: { 'if-none-match': etag } })).status).toBe(304);
});

it('lets its files be kept for good, because their names change with their content', async () => {
  const names = [...(await page()).matchAll(/assets\/[\w.-]+/g)].map(([name]) => name);
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) {
    const answer = await fetch(`${harness.url}/${name}`, { headers: { 'accept-encoding': 'gzip, br' } });
    expect([name, answer.status, answer.headers.get('cache-control')]).toEqual([
      name,
      200,
      'public, max-age=31536000, immutable',
    ]);
    expect(answer.headers.get('content-encoding')).toBe('br');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

it.each(['nothing.js', '../index.html', '..%2f..%2fpackage.json', '%2e%2e/server.js', ''])(
  'has nothing at /assets/%s',
  async (name) => {
    const answer = await fetch(`${harness.url}/assets/${name}`);
    expect(await answer.text()).not.toContain('"palate"');
    if (answer.status === 200) expect(answer.url).toBe(`${harness.url}/`);
    else expect(answer.status).toBe(404);
  },
);
