/** The console from its sources, as `npm run dev` serves it, in front of a gateway. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { consoleServer } from '../../dev/console-server.mjs';
import { createPalateClient } from '../../src/client/index.js';
import { type Harness, KEY, startHarness } from '../gateway/harness.js';

let harness: Harness;
let server: Awaited<ReturnType<typeof consoleServer>>;
let page: string;
beforeAll(async () => {
  harness = await startHarness();
  server = await consoleServer(harness.url, { port: 0 });
  await server.listen();
  page = server.resolvedUrls?.local[0] ?? '';
});
afterAll(async () => {
  await server?.close();
  await harness?.stop();
});

const textAt = async (path: string) => (await fetch(new URL(path, page))).text();

it('serves the page so that it takes changes, with React as it is for development', async () => {
  expect(await textAt('/')).toContain('/@vite/client');
  const source = await textAt('/app.tsx');
  expect(source).toContain('import.meta.hot');
  expect(source).toContain('jsxDEV');
  const [runtime] = /"[^"]*jsx-dev-runtime[^"]*"/.exec(source) ?? [];
  expect(await textAt(JSON.parse(runtime ?? '""'))).toContain('react-jsx-dev-runtime.development');
});

it('hands everything else to the gateway, which takes the page for one of its own', async () => {
  expect(await textAt('/healthz')).toBe('{"status":"ok"}');
  // As a browser: with the page's origin.
  const origin = new URL(page).origin;
  const client = createPalateClient({
    url: page,
    key: KEY,
    fetch: (input, init) => fetch(input, { ...init, headers: { ...(init?.headers as object), origin } }),
    webSocket: class extends WebSocket {
      constructor(url: string, protocols: string) {
        super(url, protocols, { origin });
      }
    },
  });
  expect(await client.viewer()).toMatchObject({ scope: 'ADMIN' });
  const member = { platform: 'test', externalId: 'ada' };
  const kinds: string[] = [];
  for await (const event of client.generateStream({ member, prompt: 'hello' })) kinds.push(event.__typename);
  expect(kinds.at(-1)).toBe('GenerationFinished');
  await client.close();
});
