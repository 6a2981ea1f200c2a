/** Builds the console into dist/console: hashed files, nothing inline, nothing from elsewhere, so that a strict policy can hold. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compression } from 'vite-plugin-compression2';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path('.'),
  base: './',
  plugins: [react(), compression({ include: /\.(js|css|svg)$/ })],
  // Whatever the environment says: what is built is what is served.
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    outDir: path('../../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Browsers have a WebSocket of their own; the client asks for the package only where there is none.
    rollupOptions: { external: ['ws'] },
  },
});
