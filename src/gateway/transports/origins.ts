/**
 * Which web pages may talk to the gateway. A browser names the page in the Origin header; programs send none. Pages of this gateway
 * may, pages of other places only where the settings name them.
 */
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { PalateError } from '../../common/errors.js';
import type { HttpEnv } from './app.js';

/** Decides about the page that a request comes from. */
export interface Origins {
  /** The origin to answer to, null for a request that names none. @throws PalateError FORBIDDEN for a page that may not */
  require(request: Pick<IncomingMessage, 'headers'>): string | null;
}

/** Seconds for which a browser may remember what it was told about a page. */
const PREFLIGHT_SECONDS = 600;

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

/** Refuses pages that may not ask, then lets the others read their answers. Cookies are never allowed: nothing here reads any. */
export function originRules(origins: Origins): [MiddlewareHandler<HttpEnv>, MiddlewareHandler<HttpEnv>] {
  return [
    // Hono's rules for origins leave it to the browser to turn a page away; here its requests do nothing at all.
    (c, next) => {
      origins.require(c.env.incoming);
      return next();
    },
    cors({
      origin: (origin) => origin || null,
      allowMethods: ['GET', 'POST'],
      allowHeaders: ['authorization', 'content-type', 'apollo-require-preflight'],
      maxAge: PREFLIGHT_SECONDS,
    }),
  ];
}
