import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { basePathOf, targetOf } from '../../src/gateway/transports/target.js';
import { buildExplorer } from '../console/built.js';
import { type Harness, KEY, RawSocket, startHarness } from './harness.js';

describe('targetOf', () => {
  it.each([
    ['/', '', '/', ''],
    ['/graphql?query=x', '', '/graphql', '?query=x'],
    ['/graphql?a=http://b/c?d', '', '/graphql', '?a=http://b/c?d'],
    ['http://palate.example:4000/graphql?query=x', '', '/graphql', '?query=x'],
    ['HTTPS://palate.example/healthz', '', '/healthz', ''],
    ['http://palate.example', '', '/', ''],
    ['http://palate.example?x', '', '/', '?x'],
    ['*', '', '*', ''],
    ['', '', '/', ''],
    [undefined, '', '/', ''],
    ['/palate/graphql', '/palate', '/graphql', ''],
    ['/palate/', '/palate', '/', ''],
    ['/palate', '/palate', '', ''],
    ['/palate?x', '/palate', '', '?x'],
    ['/palates/graphql', '/palate', '/palates/graphql', ''],
    ['/graphql', '/palate', '/graphql', ''],
    ['http://palate.example/a/b/readyz', '/a/b', '/readyz', ''],
  ])('%s below "%s" is %s', (url, base, path, search) => {
    expect(targetOf(url, base)).toEqual({ path, search });
  });
});

describe('basePathOf', () => {
  it.each([
    [undefined, ''],
    ['https://palate.example', ''],
    ['https://example.org/palate', '/palate'],
    ['https://example.org/a/b/', '/a/b'],
  ])('%s', (url, base) => {
    expect(basePathOf(url)).toBe(base);
  });
});

describe('a gateway that is reached below a path', () => {
  let harness: Harness;
  beforeAll(async () => {
    buildExplorer();
    harness = await startHarness(DEFAULT_LIMITS, { publicUrl: 'https://example.org/palate' });
  });
  afterAll(() => harness.stop());
  const html = { accept: 'text/html' };

  it.each(['/palate', ''])('answers below "%s", whether a proxy cuts the path off or not', async (base) => {
    const at = (path: string, init: RequestInit = {}) => fetch(`${harness.url}${base}${path}`, init);
    expect((await at('/')).headers.get('content-type')).toContain('text/html');
    expect(await (await at('/readyz')).json()).toEqual({ status: 'ready' });
    expect((await at('/graphql', { headers: html })).status).toBe(200);
    expect((await at('/graphql')).status).toBe(401);
    const socket = new RawSocket(harness.url, `${base}/graphql`);
    await new Promise<void>((resolve) => socket.socket.once('open', () => resolve()));
    socket.socket.close();
  });

  it('names every file of its pages relative to them, so that they are found below any path', async () => {
    for (const path of ['/palate/', '/palate/graphql']) {
      const address = `${harness.url}${path}`;
      const page = await (await fetch(address, { headers: html })).text();
      const files = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file]) => file);
      for (const file of files.filter((name) => !name.startsWith('data:'))) {
        expect(file).toMatch(/^(?![/\w]+:)[^/]/);
        expect((await fetch(new URL(file, address))).status, file).toBe(200);
      }
    }
  });

  it('sends a browser that left the last slash out to where the files are', async () => {
    const answer = await fetch(`${harness.url}/palate`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, '/palate/']);
  });

  it('takes its own pages for its own behind a proxy that names another host', async () => {
    const preflight = (origin: string) =>
      fetch(`${harness.url}/graphql`, { method: 'OPTIONS', headers: { origin } }).then(({ status }) => status);
    expect(await preflight('https://example.org')).toBe(204);
    expect(await preflight('https://elsewhere.example')).toBe(403);
  });
});

describe('a whole address as the target of a request', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  it('is answered like its path', async () => {
    const body = JSON.stringify({ query: '{ viewer { scope } }' });
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    expect(await send(harness, 'GET', '/healthz')).toEqual([200, { status: 'ok' }]);
    expect(await send(harness, 'POST', '/graphql', headers, body)).toEqual([
      200,
      { data: { viewer: { scope: 'ADMIN' } } },
    ]);
    const query = encodeURIComponent('{ viewer { scope } }');
    const got = await send(harness, 'GET', `/graphql?query=${query}`, { ...headers, 'apollo-require-preflight': '1' });
    expect(got).toEqual([200, { data: { viewer: { scope: 'ADMIN' } } }]);
  });

  function send({ gateway }: Harness, method: string, path: string, headers = {}, body?: string) {
    return new Promise<[number | undefined, unknown]>((resolve, reject) => {
      const request = http.request(
        { port: gateway.port, host: '127.0.0.1', method, path: `http://palate.example${path}`, headers },
        async (response) => {
          let text = '';
          for await (const chunk of response) text += chunk;
          resolve([response.statusCode, JSON.parse(text)]);
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }
});
