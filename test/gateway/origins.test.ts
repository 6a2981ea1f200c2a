import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { originsOf } from '../../src/gateway/transports/origins.js';
import { ALLOWED_ORIGIN, codes, type Harness, KEY, post, startHarness } from './harness.js';

const FOREIGN = 'https://elsewhere.example';

describe('the page that a request comes from', () => {
  const origins = originsOf([ALLOWED_ORIGIN, 'http://localhost:5173']);
  it.each([
    ['no page at all', undefined, 'palate.example', null],
    ['a page that the settings name', ALLOWED_ORIGIN, 'palate.example', ALLOWED_ORIGIN],
    ['another page that they name', 'http://localhost:5173', 'localhost:4000', 'http://localhost:5173'],
    ['a page of this gateway', 'http://localhost:4000', 'localhost:4000', 'http://localhost:4000'],
    ['a page of this gateway behind TLS', 'https://palate.example', 'Palate.example', 'https://palate.example'],
  ])('may be %s', (_, origin, host, expected) => {
    expect(origins.require({ headers: { origin, host } })).toBe(expected);
  });

  it.each([
    ['a page of another place', FOREIGN, 'palate.example'],
    ['a page of another port', 'http://localhost:8080', 'localhost:4000'],
    ['a page without a place', 'null', 'palate.example'],
    ['a page of a place whose name begins alike', `${ALLOWED_ORIGIN}.evil.example`, 'palate.example'],
    ['a page of a place whose name ends alike', 'https://evil-console.example', 'palate.example'],
    ['a named place over another scheme', 'http://console.example', 'palate.example'],
    ['a page of a browser extension', 'chrome-extension://palate.example', 'palate.example'],
    ['a file', 'file://', ''],
    ['nonsense', 'palate.example', 'palate.example'],
  ])('may not be %s', (_, origin, host) => {
    expect(() => origins.require({ headers: { origin, host } })).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN', message: expect.stringContaining('PALATE_ALLOWED_ORIGINS') }),
    );
  });
});

describe('a browser', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.stop());

  const ask = (origin: string, headers: Record<string, string> = {}) =>
    post(harness, '{ viewer { scope } }', {}, { headers: { origin, ...headers } });
  const preflight = (origin: string) =>
    fetch(`${harness.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });

  it('is answered on the pages that may, and told that they may', async () => {
    for (const origin of [ALLOWED_ORIGIN, harness.url]) {
      const first = await preflight(origin);
      expect(first.status).toBe(204);
      expect(first.headers.get('access-control-allow-origin')).toBe(origin);
      expect(first.headers.get('access-control-allow-headers')).toContain('authorization');
      expect(first.headers.get('access-control-allow-credentials')).toBeNull();
      expect(first.headers.get('vary')).toContain('Origin');
      const answer = await ask(origin);
      expect(answer.data).toEqual({ viewer: { scope: 'ADMIN' } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('vary')).toContain('Origin');
    }
  });

  it('is refused on all other pages, whatever key they have', async () => {
    const first = await preflight(FOREIGN);
    expect(first.status).toBe(403);
    expect(first.headers.get('access-control-allow-origin')).toBeNull();
    for (const origin of [FOREIGN, 'null']) {
      const answer = await ask(origin);
      expect(answer.status).toBe(403);
      expect(codes(answer)).toEqual(['FORBIDDEN']);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('still needs a key on a page that may', async () => {
    const answer = await ask(ALLOWED_ORIGIN, { authorization: 'Bearer wrong' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('access-control-allow-origin')).toBe(ALLOWED_ORIGIN);
  });

  it('opens WebSockets from the pages that may, and from no other', async () => {
    const connect = (origin: string) =>
      new WebSocket(`${harness.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { origin });
    const welcome = connect(ALLOWED_ORIGIN);
    await once(welcome, 'open');
    welcome.close();
    const [error] = await once(connect(FOREIGN), 'error');
    expect(String(error)).toContain('403');
  });

  it('cannot be made to send a request without asking first', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const answer = await ask(harness.url, { 'content-type': type });
      expect([answer.status, codes(answer)]).toEqual([400, ['BAD_USER_INPUT']]);
    }
    const simple = await fetch(`${harness.url}/graphql?query={viewer{scope}}`, {
      headers: { authorization: `Bearer ${KEY}` },
    });
    expect(simple.status).toBe(400);
  });
});
