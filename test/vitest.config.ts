/**
 * How the tests run: from any working directory, files in parallel except those that measure how long packets take.
 * Neighbours: test/support/setup.ts (nothing may be left behind). Forks, not threads: a fault in the addon ends one file, not the run.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const long = process.env.SLUICE_LONG === '1';

/** Latency, rates and silence are measured here, so nothing else may run beside them. */
const timed = ['bandwidth', 'bond', 'flips', 'flips.long', 'policy', 'restart'].map(
  (name) => `test/packets/${name}.test.ts`,
);

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
    projects: [
      {
        root,
        test: {
          ...shared,
          name: 'rooms',
          // One more than cores: most wait for a switch or a daemon of theirs.
          maxWorkers: 3,
          include: ['test/**/*.test.ts'],
          exclude: ['test/packets/**', ...(long ? [] : ['test/**/*.long.test.ts'])],
        },
      },
      {
        root,
        test: {
          ...shared,
          name: 'packets',
          maxWorkers: 3,
          include: ['test/packets/**/*.test.ts'],
          exclude: [...timed, ...(long ? [] : ['test/**/*.long.test.ts'])],
          testTimeout: 90_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          ...shared,
          name: 'timed',
          maxWorkers: 1,
          include: timed,
          exclude: long ? [] : ['test/**/*.long.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
