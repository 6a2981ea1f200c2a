import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One copy of graphql for sources and packages alike: Node takes the CommonJS one, so the tests do.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts', 'bots/**/*.test.ts'],
    // Worker threads started from TypeScript sources load through tsx as well.
    execArgv: ['--import', './test/support/register-typescript.mjs'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
