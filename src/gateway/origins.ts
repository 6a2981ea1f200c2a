/**
 * Which web pages may talk to the gateway. A browser names the page in the Origin header; programs send none. Pages of this gateway
 * may, pages of other places only where the settings name them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PalateError } from '../common/errors.js';

/** Decides about the page that a request comes from. */
export interface Origins {
  /** The origin to answer to, null for a request that names none. @throws PalateError FORBIDDEN for a page that may not */
  require(request: Pick<IncomingMessage, 'headers'>): string | null;
}

/** Seconds for which a browser may remember what it was told about a page. */
const PREFLIGHT_SECONDS = 600;
const ALLOWED_METHODS = 'GET, POST';
const ALLOWED_HEADERS = 'authorization, content-type, apollo-require-preflight';

/** `allowed` are origins as browsers write them: scheme, host and port, nothing behind. */
export function originsOf(allowed: readonly string[]): Origins {
  const known = new Set(allowed);
  return {
    require({ headers }) {
      const { origin, host } = headers;
      if (origin === undefined) return null;
      if (known.has(origin) || isOwnPage(origin, host)) return origin;
      throw new PalateError(
        'FORBIDDEN',
        'Pages of this origin may not use this service. Its operator can name the origin in PALATE_ALLOWED_ORIGINS.',
      );
    },
  };
}

/** A page that this gateway served. The scheme is not compared: in front of it a proxy may speak TLS. */
function isOwnPage(origin: string, host: string | undefined): boolean {
  try {
    const page = new URL(origin);
    return (page.protocol === 'http:' || page.protocol === 'https:') && page.host === host?.toLowerCase();
  } catch {
    return false;
  }
}

/** Lets the page read the answer. A cache must not hand it to another page. */
export function allowOrigin(response: ServerResponse, origin: string | null): void {
  response.setHeader('Vary', 'Origin');
  if (origin !== null) response.setHeader('Access-Control-Allow-Origin', origin);
}

/** Answers what a browser asks before it sends a request with a key. Cookies are never allowed: nothing here reads any. */
export function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    'Access-Control-Allow-Methods': ALLOWED_METHODS,
    'Access-Control-Allow-Headers': ALLOWED_HEADERS,
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
  });
  response.end();
}
