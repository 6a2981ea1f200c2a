import { defineConfig } from 'vitest/config';
import { PROJECTS, testFiles } from './test/support/projects.js';

const files = testFiles();

export default defineConfig({
  // One copy of graphql for sources and packages alike: Node takes the CommonJS one, so the tests do.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    globalSetup: ['./test/support/compile-sources.ts', './test/store/shared-server.ts'],
    // Processes that tests start from TypeScript load it as well.
    execArgv: ['--import', './test/support/register-typescript.mjs'],
    pool: 'forks',
    maxWorkers: 3,
    // Only what hangs takes so long: how fast something is, the benches measure, and a busy machine is no fault.
    expect: { poll: { timeout: 120_000 } },
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Files share a process, one after another: what each would load and compile again is there.
    isolate: false,
    projects: PROJECTS.map((name) => ({ extends: true as const, test: { name, include: files[name] } })),
  },
});
