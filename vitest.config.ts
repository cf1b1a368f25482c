import { defineConfig } from 'vitest/config';

/** Two cores are what the smallest machine that must run this suite has. */
const MAX_WORKERS = 2;

export default defineConfig({
  test: {
    maxWorkers: MAX_WORKERS,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          globalSetup: ['test/support/build-workers.ts'],
          include: [
            'src/**/*.test.ts',
            'ui/**/*.test.{ts,tsx}',
            'test/{property,contract,tidy,support,scripts}/**/*.test.ts',
            'bench/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'conformance',
          globalSetup: ['test/support/build-workers.ts'],
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Real processes, real sockets, real waiting: one file at a time, so that no test's load
        // is another's latency.
        extends: true,
        test: {
          name: 'e2e',
          globalSetup: ['test/support/build-all.ts'],
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          globalSetup: ['test/support/build-all.ts'],
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
