/** What watches over the process asks: whether it lives, whether it is ready, and what it counted. */
import { Hono } from 'hono';
import { PalateError } from '../../common/errors.js';
import type { Services } from '../../services/services.js';
import { type Authenticate, requireViewer } from '../auth.js';
import { isFromThisMachine, type Metrics } from '../metrics.js';
import type { HttpEnv } from './app.js';
import { retryAfter, sendJson } from './refusal.js';

export interface HealthParts {
  services: Pick<Services, 'pool' | 'database'>;
  authenticate: Authenticate;
  metrics: Metrics;
  /** Whether the process is on its way down. */
  stopping: () => boolean;
}

export function healthRoutes({ services, authenticate, metrics, stopping }: HealthParts): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>();
  routes.get('/healthz', (c) => sendJson(c, 200, { status: 'ok' }));
  routes.get('/readyz', async (c) => {
    if (stopping()) return sendJson(c, 503, { status: 'stopping' });
    if (!services.pool.status().ready) return sendJson(c, 503, { status: 'model unavailable' });
    const problem = await services.database.check();
    if (!problem) return sendJson(c, 200, { status: 'ready' });
    retryAfter(c, problem.retryAfterMs);
    return sendJson(c, 503, { status: 'database unavailable', reason: problem.message });
  });
  // For admin keys, and for programs on this machine without any.
  routes.get('/metrics', async (c) => {
    const { incoming } = c.env;
    if (incoming.headers.authorization !== undefined || !isFromThisMachine(incoming)) {
      const { scope } = await requireViewer(authenticate, incoming.headers.authorization);
      if (scope !== 'ADMIN') throw new PalateError('FORBIDDEN', 'This is for admin keys.');
    }
    return c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType });
  });
  return routes;
}
