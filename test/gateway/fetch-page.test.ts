import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { withFetchPage } from '../../src/gateway/pages/fetch-page.js';
import type { FetchProgress } from '../../src/language-model/fetching.js';

let port: number;
let url: string;
beforeEach(async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  url = `http://127.0.0.1:${port}`;
  await new Promise((resolve) => server.close(resolve));
});

const look = (headers: Record<string, string> = { accept: 'text/html' }, path = '/') =>
  fetch(`${url}${path}`, { headers });
const during = <T>(act: (tell: (progress: FetchProgress) => void) => Promise<T>, heard: FetchProgress[] = []) =>
  withFetchPage({ host: '127.0.0.1', port }, (progress) => heard.push(progress), act);

const HALF = { received: 52e6, total: 104e6, source: 'the <hub>' };

describe('while the model is fetched', () => {
  it('a browser sees how far that is, and looks again', async () => {
    const heard: FetchProgress[] = [];
    const done = await during(async (tell) => {
      expect(await (await look()).text()).toContain('Looking for it');
      tell(HALF);
      const page = await look();
      expect(page.status).toBe(200);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      const html = await page.text();
      expect(html).toContain('max="104000000" value="52000000"');
      expect(html).toContain('52 of 104 MB from the &#60;hub&#62;');
      expect(html).toContain('http-equiv="refresh"');
      tell({ received: 3e6, source: 'somewhere' });
      expect(await (await look()).text()).toMatch(/<progress aria-label="[^"]+"><\/progress><br>3 MB from somewhere/);
      return 'the model';
    }, heard);
    expect(done).toBe('the model');
    expect(heard).toHaveLength(2);
  });

  it('programs are told to wait, and that the process lives', async () => {
    await during(async (tell) => {
      tell(HALF);
      const alive = await look({}, '/healthz');
      expect([alive.status, await alive.json()]).toEqual([200, { status: 'ok' }]);
      const ready = await look({}, '/readyz?verbose');
      expect([ready.status, await ready.json()]).toEqual([503, { status: 'fetching the model', ...HALF }]);
      const graphql = await fetch(`${url}/graphql`, { method: 'POST', body: '{}' });
      expect([graphql.status, graphql.headers.get('retry-after')]).toEqual([503, '2']);
      const { errors } = (await graphql.json()) as { errors: object[] };
      expect(errors).toEqual([
        {
          message: 'The model is still being fetched: 52 of 104 MB. Try again in a moment.',
          extensions: { code: 'MODEL_UNAVAILABLE', retryAfterMs: 2_000 },
        },
      ]);
    });
  });

  it('the port is free again afterwards, whether it was had or not, and whoever keeps a connection open', async () => {
    await during(async () => {
      await look();
    });
    await expect(look()).rejects.toThrow();
    await expect(during(() => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
    await expect(look()).rejects.toThrow();
  });

  it('a port that is taken is complained about before anything is fetched', async () => {
    await during(async () => {
      let fetched = false;
      const second = during(async () => {
        fetched = true;
      });
      await expect(second).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(String(port)) });
      expect(fetched).toBe(false);
    });
  });
});
