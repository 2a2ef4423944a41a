import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

/** Pure tests share a process; tests with processes, ports or global state end in `.world.test.ts` and are isolated. */
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['{base,formats,engines,adapters,reconcilers,apps,tools}/**/*.test.ts'],
          exclude: ['**/*.world.test.ts', '**/node_modules/**'],
          isolate: false,
          // One for each core; without saying so a core is left for what is idle here.
          maxWorkers: '100%',
          // Seconds are for a machine that does other things; every one of these tests takes far less.
          testTimeout: 120_000,
          pool: 'threads',
        },
      },
      {
        test: {
          name: 'world',
          include: [
            '{base,formats,engines,adapters,reconcilers,apps,tools,test}/**/*.world.test.ts',
          ],
          exclude: ['**/node_modules/**'],
          pool: 'forks',
          // Most of them wait for other processes more than they work.
          maxWorkers: 2,
          testTimeout: 240_000,
          // Some install clients, which compile for minutes where there is no cache.
          hookTimeout: 1_200_000,
        },
      },
    ],
  },
});

export default config;
