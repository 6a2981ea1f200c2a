/** What is at the gateway's address while its model is fetched: how far that is, for people and for programs. */
import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ErrorCode } from '../../common/errors.js';
import type { FetchProgress } from '../../language-model/fetching.js';
import { createHttpApp, type HttpEnv, policyOf } from '../transports/app.js';
import { type Address, listen } from '../transports/listen.js';
import { basePathOf } from '../transports/target.js';

/** Seconds after which the page looks again, and programs should. */
const AGAIN_SECONDS = 2;

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 30rem; margin: 20vh auto 0; padding: 0 1rem; font: 16px/1.55 system-ui, sans-serif; }
progress { width: 100%; accent-color: #a81f56; }
`;
const POLICY = {
  defaultSrc: ["'none'"],
  styleSrc: [`'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`],
  frameAncestors: ["'none'"],
};

/**
 * Shows how far `fetch` is for as long as it runs; it tells by calling what it is given, and `onFetch` hears it too. The page is for everybody, like the console before
 * it has a key; `/readyz` and GraphQL are answered with 503.
 * @throws PalateError CONFLICT when the port is taken, BAD_USER_INPUT when the address is not this machine's; what `fetch` throws
 */
export async function withFetchPage<T>(
  address: Address & { publicUrl?: string },
  onFetch: (progress: FetchProgress) => void,
  fetch: (tell: (progress: FetchProgress) => void) => Promise<T>,
): Promise<T> {
  let progress: FetchProgress | undefined;
  const app = fetchApp(basePathOf(address.publicUrl), () => progress);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await listen(server, address);
  try {
    return await fetch((now) => {
      progress = now;
      onFetch(now);
    });
  } finally {
    const closed = new Promise((resolve) => server.close(resolve));
    // Nothing is answered here that would be worth waiting for.
    server.closeAllConnections();
    await closed;
  }
}

function fetchApp(basePath: string, fetched: () => FetchProgress | undefined): Hono<HttpEnv> {
  const app = createHttpApp(basePath);
  const later = { 'Retry-After': String(AGAIN_SECONDS) };
  app.use(async (c, next) => {
    c.header('Connection', 'close');
    await next();
  });
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) => c.json({ status: 'fetching the model', ...fetched() }, 503, later));
  app.get('/', policyOf(POLICY), (c, next) =>
    c.req.header('accept')?.includes('text/html') ? Promise.resolve(c.html(pageOf(fetched()))) : next(),
  );
  app.all('*', (c) => {
    const amount = fetched();
    const message = `The model is still being fetched${amount ? `: ${amountOf(amount)}` : ''}. Try again in a moment.`;
    const extensions = { code: 'MODEL_UNAVAILABLE' satisfies ErrorCode, retryAfterMs: 1_000 * AGAIN_SECONDS };
    return c.json({ errors: [{ message, extensions }] }, 503, later);
  });
  return app;
}

function pageOf(fetched: FetchProgress | undefined): string {
  const { total } = fetched ?? {};
  const bar = fetched && total ? ` max="${total}" value="${Math.min(fetched.received, total)}"` : '';
  const amount = fetched ? `${amountOf(fetched)} from ${escapeHtml(fetched.source)}` : 'Looking for it';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="${AGAIN_SECONDS}">
<title>Palate is fetching its model</title>
<style>${STYLE}</style>
<h1>Palate is fetching its model</h1>
<p><progress aria-label="Fetched so far"${bar}></progress><br>${amount}</p>
<p>This happens once. The console opens here as soon as the model is there.</p>
</html>
`;
}

function amountOf({ received, total }: FetchProgress): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  return total ? `${megabytes(received)} of ${megabytes(total)} MB` : `${megabytes(received)} MB`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
