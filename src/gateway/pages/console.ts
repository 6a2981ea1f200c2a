/** The console for browsers: its built files, served under a policy that lets the page run nothing inline and ask nobody else. */
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { installationFolder } from '../../common/installation.js';
import { type HttpEnv, policyOf } from '../transports/app.js';
import { builtFiles } from './built-files.js';
import { FRONT_PAGE } from './front-page.js';

const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** The page, or a page that says that it was not built. It is for everybody, because it says nothing before it has a key. */
export function consolePages(): Hono<HttpEnv> {
  const folder = join(installationFolder(), 'dist', 'console');
  const pages = new Hono<HttpEnv>();
  pages.get(
    '/',
    policyOf(POLICY),
    etag(),
    async (c, next) => {
      c.header('Cache-Control', 'no-cache');
      await next();
    },
    serveStatic({ path: join(folder, 'index.html') }),
    (c) => c.html(FRONT_PAGE),
  );
  pages.get('/assets/*', builtFiles(folder));
  return pages;
}
