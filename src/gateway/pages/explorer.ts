/** The explorer for browsers: the contract as a manual and an editor for operations, at GET /graphql, without the network. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Hono } from 'hono';
import { NONCE } from 'hono/secure-headers';
import { PalateError } from '../../common/errors.js';
import { installationFolder } from '../../common/installation.js';
import { type HttpEnv, policyOf } from '../transports/app.js';
import { builtFiles } from './built-files.js';

/** What the page may do. Scripts come from this service only, none is in the page. */
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  workerSrc: ["'self'"],
  connectSrc: ["'self'"],
  // The editor makes its styles as it goes; the nonce lets it.
  styleSrc: ["'self'", NONCE],
  // It places its lines with style attributes.
  styleSrcAttr: ["'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'", 'data:'],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** What its files may do: a worker obeys the policy that its own file came with, and loads parts of itself. */
const FILE_POLICY = { defaultSrc: ["'none'"], scriptSrc: ["'self'"], frameAncestors: ["'none'"] };

/** What stands in the built page where each answer has a nonce of its own; its vite.config.ts writes it. */
const NONCE_PLACE = /%NONCE%/g;

/** Whether a request comes from somebody who opened the address in a browser, and not from a program that wants data. */
export function isForExplorer({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return headers.authorization === undefined && /\btext\/html\b/.test(headers.accept ?? '');
}

/** The page at `path`, which is for everybody because it says nothing before it has a key, and its files. */
export function explorerPages(path: string): Hono<HttpEnv> {
  const folder = join(installationFolder(), 'dist', 'explorer');
  const policy = policyOf(POLICY);
  const pages = new Hono<HttpEnv>();
  pages.get(path, async (c, next) => {
    if (!isForExplorer(c.env.incoming)) return next();
    await policy(c, async () => {
      const page = await readFile(join(folder, 'index.html'), 'utf8').catch(() => {
        throw new PalateError(
          'NOT_FOUND',
          'The explorer was not built. Run `npm run build` where Palate is installed.',
        );
      });
      c.res = c.html(page.replace(NONCE_PLACE, c.get('secureHeadersNonce') ?? ''));
    });
  });
  pages.get('/explorer/*', policyOf(FILE_POLICY), builtFiles(folder));
  return pages;
}
