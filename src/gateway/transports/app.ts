/** What the gateway's HTTP and the page before it have in common: how paths are found, and what every answer carries. */
import type { HttpBindings } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import { type SecureHeadersVariables, secureHeaders } from 'hono/secure-headers';
import { targetOf } from './target.js';

/** Hono over node:http. */
export type HttpEnv = { Bindings: HttpBindings; Variables: SecureHeadersVariables };

/** What a browser may do with an answer. Of several on the way to one, the last holds. */
export function policyOf(contentSecurityPolicy: ContentSecurityPolicy): MiddlewareHandler<HttpEnv> {
  // TLS is the proxy's in front, and so is what is promised about it.
  return secureHeaders({ strictTransportSecurity: false, contentSecurityPolicy, overwrite: false });
}

type ContentSecurityPolicy = NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy'];

/**
 * An app whose paths begin at the gateway's own root, whether a proxy cuts off the path below which people reach it or not.
 * @param basePath the path of the gateway's public address, as `targetOf` takes it
 */
export function createHttpApp(basePath: string): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>({
    // Hono would take the path of a whole address as it stands, and decode it.
    getPath: (_, { env } = {}) => targetOf(env?.incoming.url, basePath).path || '/',
  });
  app.use(policyOf({ defaultSrc: ["'none'"], frameAncestors: ["'none'"] }));
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store');
    await next();
  });
  return app;
}
