import type { ViteDevServer } from 'vite';

export function consoleServer(gateway: string, options?: { port?: number }): Promise<ViteDevServer>;
