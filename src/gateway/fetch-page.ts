/** What is at the gateway's address while its model is fetched: how far that is, for people and for programs. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FetchProgress } from '../language-model/fetching.js';
import { type Address, listen } from './listen.js';
import { basePathOf, targetOf } from './target.js';

/** Seconds after which the page looks again, and programs should. */
const AGAIN_SECONDS = 2;

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 30rem; margin: 20vh auto 0; padding: 0 1rem; font: 16px/1.55 system-ui, sans-serif; }
progress { width: 100%; accent-color: #a81f56; }
`;
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'`;

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
  const server = createServer((request, response) =>
    answer(request, response, progress, basePathOf(address.publicUrl)),
  );
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

function answer(
  { url, headers }: IncomingMessage,
  response: ServerResponse,
  fetched: FetchProgress | undefined,
  basePath: string,
): void {
  const path = targetOf(url, basePath).path || '/';
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Connection', 'close');
  const html = path === '/' && headers.accept?.includes('text/html');
  response.statusCode = path === '/healthz' || html ? 200 : 503;
  if (html) {
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(pageOf(fetched));
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  if (response.statusCode === 503) response.setHeader('Retry-After', AGAIN_SECONDS);
  response.end(JSON.stringify(bodyOf(path, fetched)));
}

function bodyOf(path: string, fetched: FetchProgress | undefined): object {
  if (path === '/healthz') return { status: 'ok' };
  if (path === '/readyz') return { status: 'fetching the model', ...fetched };
  const message = `The model is still being fetched${fetched ? `: ${amountOf(fetched)}` : ''}. Try again in a moment.`;
  return { errors: [{ message, extensions: { code: 'MODEL_UNAVAILABLE', retryAfterMs: 1_000 * AGAIN_SECONDS } }] };
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
