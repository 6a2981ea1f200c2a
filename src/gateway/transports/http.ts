/** HTTP: what there is, each line a path; what stands above a line happens before it. */
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { GraphQLFormattedError } from 'graphql';
import { PalateError } from '../../common/errors.js';
import { consolePages } from '../pages/console.js';
import { explorerPages } from '../pages/explorer.js';
import { createHttpApp } from './app.js';
import { type GraphQLOverHttpParts, graphqlOverHttp } from './graphql-over-http.js';
import { type HealthParts, healthRoutes } from './health.js';
import { type Origins, originRules } from './origins.js';
import { refuse, sendJson } from './refusal.js';
import { targetOf } from './target.js';

export const GRAPHQL_PATH = '/graphql';

export interface HttpParts extends GraphQLOverHttpParts, HealthParts {
  origins: Origins;
  /** The path of the gateway's public address, as `targetOf` takes it. */
  basePath: string;
  formatError(error: unknown): GraphQLFormattedError;
}

/** Answers requests of node:http. */
export function createHttp(parts: HttpParts): RequestListener {
  const { basePath, stopping, formatError } = parts;
  const app = createHttpApp(basePath);
  app.onError((error, c) => refuse(c, [formatError(error)]));
  app.notFound((c) => {
    const message = `There is nothing at ${c.req.path}. GraphQL is at ${GRAPHQL_PATH}.`;
    return refuse(c, [formatError(new PalateError('NOT_FOUND', message))]);
  });
  app.use(async (c, next) => {
    // The pages' files are named relative to them, so the address of the first ends with a slash.
    if (targetOf(c.env.incoming.url, basePath).path === '') return c.redirect(`${basePath}/`, 308);
    await next();
    // A connection that stays open would keep the server from closing.
    if (stopping()) c.header('Connection', 'close');
  });
  app.route('/', healthRoutes(parts));
  app.route('/', consolePages());
  app.route('/', explorerPages(GRAPHQL_PATH));
  app.use(GRAPHQL_PATH, ...originRules(parts.origins));
  app.on(['GET', 'POST'], GRAPHQL_PATH, graphqlOverHttp(parts));
  app.all(GRAPHQL_PATH, (c) => {
    const error = formatError(new PalateError('BAD_USER_INPUT', `Send a POST, or a GET; not ${c.req.method}.`));
    c.header('Allow', 'GET, POST');
    return sendJson(c, 405, { errors: [error] });
  });
  const listener = getRequestListener(app.fetch, {
    // For requests of HTTP/1.0, which need not name a host.
    hostname: 'localhost',
    // What Hono cannot make an address of.
    errorHandler: () => badTarget(formatError),
  });
  return (request, response) => void listener(request, response);
}

function badTarget(formatError: HttpParts['formatError']): Response {
  const error = formatError(new PalateError('BAD_USER_INPUT', 'The address or the Host header cannot be read.'));
  return Response.json({ errors: [error] }, { status: 400, headers: { Connection: 'close' } });
}
