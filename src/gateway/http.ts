/** HTTP: a handful of paths on node:http, each a function from a request to a response. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HeaderMap } from '@apollo/server';
import type { Limits } from '../common/config.js';
import { type ErrorCode, PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import type { Services } from '../services/services.js';
import { type Authenticate, requireViewer } from './auth.js';
import { CONSOLE_PATH, sendConsole, sendConsoleFile } from './console.js';
import type { ContextFor } from './context.js';
import type { Engine } from './engine.js';
import { EXPLORER_PATH, isForExplorer, sendExplorer, sendExplorerFile } from './explorer.js';
import { isFromThisMachine, type Metrics } from './metrics.js';
import { allowOrigin, answerPreflight, type Origins } from './origins.js';
import type { Quotas } from './quotas.js';
import { targetOf } from './target.js';

export const GRAPHQL_PATH = '/graphql';
const METRICS_PATH = '/metrics';

export interface HttpParts {
  engine: Engine;
  services: Services;
  authenticate: Authenticate;
  contextFor: ContextFor;
  quotas: Quotas;
  limits: Limits;
  metrics: Metrics;
  log: Log;
  origins: Origins;
  /** The path of the gateway's public address, as `targetOf` takes it. */
  basePath: string;
  /** Whether the process is on its way down. */
  stopping: () => boolean;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** HTTP status of an error that ends a request before GraphQL sees it. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  NOT_FOUND: 404,
  LIMIT_EXCEEDED: 413,
  STORE_UNAVAILABLE: 503,
};

/** Answers one request; never throws. */
export async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: HttpParts,
): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
  const { path } = targetOf(request.url, parts.basePath);
  try {
    // The page's files are named relative to it, so its address ends with a slash.
    if (path === '') response.writeHead(308, { Location: `${parts.basePath}/` }).end();
    else if (path === '/') await sendConsole(request, response);
    else if (path === '/healthz') send(response, 200, { status: 'ok' });
    else if (path === '/readyz') await answerReadiness(response, parts);
    else if (path === METRICS_PATH) await answerMetrics(request, response, parts);
    else if (path === GRAPHQL_PATH && isForExplorer(request)) sendExplorer(response);
    else if (path === GRAPHQL_PATH) await answerGraphQL(request, response, parts);
    else if (path.startsWith(CONSOLE_PATH)) {
      await sendConsoleFile(request, response, path.slice(CONSOLE_PATH.length));
    } else if (path.startsWith(EXPLORER_PATH)) {
      await sendExplorerFile(request, response, path.slice(EXPLORER_PATH.length));
    } else throw new PalateError('NOT_FOUND', `There is nothing at ${path}. GraphQL is at ${GRAPHQL_PATH}.`);
  } catch (error) {
    const [formatted] = parts.engine.format([error]);
    const retryAfterMs = formatted.extensions?.retryAfterMs as number | undefined;
    const code = formatted.extensions?.code as ErrorCode;
    // What ends a request for having asked too often has the same code as what is too long.
    const status = code === 'LIMIT_EXCEEDED' && retryAfterMs !== undefined ? 429 : (STATUS[code] ?? 500);
    retryAfter(response, retryAfterMs);
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="palate"');
    // What is left of a body that was refused is not worth reading.
    if (!request.complete) response.setHeader('Connection', 'close');
    send(response, status, { errors: [formatted] });
  }
}

async function answerReadiness(response: ServerResponse, { services, stopping }: HttpParts): Promise<void> {
  if (stopping()) return send(response, 503, { status: 'stopping' });
  if (!services.pool.status().ready) return send(response, 503, { status: 'model unavailable' });
  const problem = await services.database.check();
  if (!problem) return send(response, 200, { status: 'ready' });
  retryAfter(response, problem.retryAfterMs);
  send(response, 503, { status: 'database unavailable', reason: problem.message });
}

function retryAfter(response: ServerResponse, milliseconds: number | undefined): void {
  if (milliseconds !== undefined) response.setHeader('Retry-After', Math.ceil(milliseconds / 1_000));
}

/** For admin keys, and for programs on this machine without any. */
async function answerMetrics(request: IncomingMessage, response: ServerResponse, parts: HttpParts): Promise<void> {
  if (request.headers.authorization !== undefined || !isFromThisMachine(request)) {
    const { scope } = await requireViewer(parts.authenticate, request.headers.authorization);
    if (scope !== 'ADMIN') throw new PalateError('FORBIDDEN', 'This is for admin keys.');
  }
  const text = await parts.metrics.text();
  response.writeHead(200, { 'Content-Type': parts.metrics.contentType });
  response.end(text);
}

async function answerGraphQL(request: IncomingMessage, response: ServerResponse, parts: HttpParts): Promise<void> {
  const { engine, limits } = parts;
  allowOrigin(response, parts.origins.require(request));
  if (request.method === 'OPTIONS') return answerPreflight(response);
  const viewer = await requireViewer(parts.authenticate, request.headers.authorization);
  parts.quotas.operation(viewer);
  const body = request.method === 'POST' ? parseBody(request, await readBody(request, limits.bodyBytes)) : undefined;
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const answer = await engine.apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: request.method ?? 'GET',
      headers,
      search: unicodeSearch(targetOf(request.url).search),
      body,
    },
    context: async () => parts.contextFor(viewer, gone.signal),
  });
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  // A connection that stays open would keep the server from closing.
  if (parts.stopping()) response.setHeader('Connection', 'close');
  response.statusCode = answer.status ?? 200;
  if (answer.body.kind === 'complete') {
    response.end(answer.body.string);
    return;
  }
  for await (const chunk of answer.body.asyncIterator) response.write(chunk);
  response.end();
}

/**
 * The body of a request, as text.
 * @throws PalateError LIMIT_EXCEEDED as soon as it is known to be too long
 */
async function readBody(request: IncomingMessage, maximum: number): Promise<string> {
  const tooLong = () =>
    new PalateError('LIMIT_EXCEEDED', `The request is longer than ${maximum} bytes. Send less at once.`);
  if (Number(request.headers['content-length'] ?? 0) > maximum) throw tooLong();
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new PalateError('BAD_USER_INPUT', 'Compressed requests are not taken. Send the body as it is.');
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maximum) throw tooLong();
    chunks.push(chunk);
  }
  return unicodeOf(Buffer.concat(chunks));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** @throws PalateError BAD_USER_INPUT for bytes that are no UTF-8: reading them anyway would change the text */
export function unicodeOf(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new PalateError('BAD_USER_INPUT', 'The request is not UTF-8. Encode the text as UTF-8, as JSON asks for.');
  }
}

/** The search of an address, whose escapes stand for UTF-8 as well. @throws PalateError BAD_USER_INPUT where they do not */
function unicodeSearch(search: string): string {
  try {
    decodeURIComponent(search);
    return search;
  } catch {
    throw new PalateError('BAD_USER_INPUT', 'The escapes in the address are not UTF-8. Escape the text as UTF-8.');
  }
}

/** What Apollo expects as a body: the JSON, or nothing where the content is of another type (which it refuses). */
function parseBody(request: IncomingMessage, text: string): unknown {
  const [type, ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  if (type.trim() !== 'application/json') return undefined;
  if (parameters.some((parameter) => /^\s*charset=(?!"?utf-?8"?\s*$)/.test(parameter)))
    throw new PalateError('BAD_USER_INPUT', 'JSON is taken as UTF-8 only. Leave the charset out.');
  try {
    return JSON.parse(text);
  } catch {
    throw new PalateError('BAD_USER_INPUT', 'The body is not JSON. Send { "query": ..., "variables": ... }.');
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = status;
  response.setHeader('Content-Type', JSON_TYPE);
  response.end(JSON.stringify(body));
}
