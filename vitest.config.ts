import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One copy of graphql for sources and packages alike: Node takes the CommonJS one, so the tests do.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts', 'bots/**/*.test.ts'],
    globalSetup: './test/support/compile-sources.ts',
    // Processes that tests start from TypeScript load it as well.
    execArgv: ['--import', './test/support/register-typescript.mjs'],
    pool: 'forks',
    maxWorkers: 3,
    expect: { poll: { timeout: 30_000 } },
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
