/** What HTTP says to whoever is refused before anything was executed. */
import type { GraphQLFormattedError } from 'graphql';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorCode } from '../../common/errors.js';
import type { HttpEnv } from './app.js';

const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  NOT_FOUND: 404,
  STORE_UNAVAILABLE: 503,
};

/** The errors as JSON, with the status of the first. */
export function refuse(c: Context<HttpEnv>, errors: readonly GraphQLFormattedError[], type = JSON_TYPE): Response {
  const { code, retryAfterMs, limit } = errors[0].extensions as unknown as Refused;
  const status = code === 'LIMIT_EXCEEDED' ? statusOfLimit(retryAfterMs, limit) : (STATUS[code] ?? 500);
  retryAfter(c, retryAfterMs);
  if (status === 401) c.header('WWW-Authenticate', 'Bearer realm="palate"');
  // What is left of a body that was refused is not worth reading.
  if (!c.env.incoming.complete) c.header('Connection', 'close');
  return sendJson(c, status, { errors }, type);
}

interface Refused {
  code: ErrorCode;
  retryAfterMs?: number;
  limit?: string;
}

/** Three things have this code: asking too often, a document that asks for too much, and a body that is too long. */
function statusOfLimit(retryAfterMs: number | undefined, limit: string | undefined): ContentfulStatusCode {
  if (retryAfterMs !== undefined) return 429;
  return limit !== undefined ? 400 : 413;
}

export function retryAfter(c: Context<HttpEnv>, milliseconds: number | undefined): void {
  if (milliseconds !== undefined) c.header('Retry-After', String(Math.ceil(milliseconds / 1_000)));
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function sendJson(c: Context, status: ContentfulStatusCode, body: unknown, type = JSON_TYPE): Response {
  return c.body(JSON.stringify(body), status, { 'Content-Type': type });
}
