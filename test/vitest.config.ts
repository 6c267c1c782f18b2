/**
 * How the tests run: from any working directory, on two cores, files in parallel except those that move real packets.
 * Neighbours: test/support/setup.ts (nothing may be left behind). Forks, not threads: a fault in the addon ends one file, not the run.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const long = process.env.SLUICE_LONG === '1';

const shared = {
  root,
  environment: 'node' as const,
  pool: 'forks' as const,
  setupFiles: ['test/support/setup.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
  restoreMocks: true,
};

export default defineConfig({
  root,
  test: {
    globalSetup: ['test/support/global.ts'],
    maxWorkers: 2,
    projects: [
      {
        root,
        test: {
          ...shared,
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: ['test/packets/**', ...(long ? [] : ['test/**/*.long.test.ts'])],
        },
      },
      {
        root,
        test: {
          ...shared,
          name: 'packets',
          include: ['test/packets/**/*.test.ts'],
          exclude: long ? [] : ['test/**/*.long.test.ts'],
          // Latency and silence are measured here, so nothing else may run beside it.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
