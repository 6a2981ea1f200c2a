/** Builds the explorer into dist/explorer: hashed files, nothing inline, nothing from elsewhere, so that a strict policy can hold. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { compression } from 'vite-plugin-compression2';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path('.'),
  base: './',
  plugins: [compression({ include: /\.(js|css)$/, algorithms: ['gzip'] })],
  define: { 'process.env.NODE_ENV': '"production"' },
  // The gateway puts a nonce of its own into each answer.
  html: { cspNonce: '%NONCE%' },
  build: {
    outDir: path('../../../../dist/explorer'),
    // The page is served at /graphql, so its files are at /explorer/.
    assetsDir: 'explorer',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // It is an editor, with everything that it can do: about five megabytes.
    chunkSizeWarningLimit: 8_000,
    // "use client" and its like say nothing where everything runs in the browser.
    rolldownOptions: { onwarn: (warning, tell) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && tell(warning) },
  },
  worker: { format: 'es' },
});
