/** The files of a built page. Their names carry a digest of their content, so browsers may keep them for good. */
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from '../transports/app.js';

const FOR_GOOD = 'public, max-age=31536000, immutable';

/** What lies in the folder under the path that is asked for; compressed as the build left it, for who takes that. */
export function builtFiles(folder: string): MiddlewareHandler<HttpEnv> {
  // The folder is not its root, which it would miss aloud on the terminal where nothing was built.
  const serve = serveStatic<HttpEnv>({ rewriteRequestPath: (path) => join(folder, path), precompressed: true });
  return async (c, next) => {
    const found = await serve(c, next);
    // What follows where there is no such file is not a Response, whatever its type says.
    if (found instanceof Response) found.headers.set('Cache-Control', FOR_GOOD);
    return found;
  };
}
