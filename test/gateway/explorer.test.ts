import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isForExplorer } from '../../src/gateway/explorer.js';
import { type Harness, KEY, post, startHarness } from './harness.js';

let harness: Harness;
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

beforeAll(async () => {
  if (!existsSync(path('../../dist/explorer')))
    execFileSync(process.execPath, [path('../../src/gateway/build-explorer.mjs')]);
  harness = await startHarness();
});
afterAll(() => harness.stop());

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
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page).toContain('Sign in');
    const inline = [...page.matchAll(/<script\b([^>]*)>([^<]*)/g)].filter(
      ([, attributes, text]) => text.trim() !== '' || !attributes.includes('src="explorer/'),
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
        expect(await response.text()).toContain(`data-nonce="${nonce}"`);
        return nonce;
      }),
    );
    expect(new Set(nonces).size).toBe(3);
  });

  it('says nothing of the contract before it has a key', async () => {
    for (const path of ['/graphql', '/explorer/page.js']) {
      const text = await (await fetch(`${harness.url}${path}`, { headers: BROWSER })).text();
      expect(text).not.toMatch(/submitFeedback|generate\b/);
    }
    expect((await fetch(`${harness.url}/graphql?query={__typename}`)).status).toBe(401);
  });

  it.each([
    ['page.js', 'text/javascript; charset=utf-8'],
    ['page.css', 'text/css; charset=utf-8'],
    ['graphiql.js', 'text/javascript; charset=utf-8'],
    ['graphiql.css', 'text/css; charset=utf-8'],
    ['editorWorkerService.js', 'text/javascript; charset=utf-8'],
    ['json.js', 'text/javascript; charset=utf-8'],
    ['graphql.js', 'text/javascript; charset=utf-8'],
  ])('serves %s from this service, compressed or not, and once', async (name, type) => {
    const url = `${harness.url}/explorer/${name}`;
    const compressed = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
    expect(compressed.headers.get('content-encoding')).toBe('gzip');
    expect(compressed.headers.get('content-type')).toBe(type);
    const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const text = await plain.text();
    expect(text).toBe(await compressed.text());
    const etag = plain.headers.get('etag') ?? '';
    expect(etag).toBe(compressed.headers.get('etag'));
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
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
