// The console as it is developed: Vite serves its sources, and hands everything else to a running gateway.
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

/** What the gateway answers, WebSocket included. */
const GATEWAY_PATHS = ['/graphql', '/explorer', '/healthz', '/readyz', '/metrics'];

/** @param gateway its address; the page's own Host is passed on, so that the gateway takes the page for one of its own */
export function consoleServer(gateway, { port } = {}) {
  return createServer({
    configFile: fileURLToPath(new URL('../src/console/vite.config.ts', import.meta.url)),
    logLevel: 'warn',
    define: { 'process.env.NODE_ENV': '"development"' },
    server: { host: '127.0.0.1', port, proxy: Object.fromEntries(GATEWAY_PATHS.map((path) => [path, { target: gateway, ws: true }])) },
  });
}
