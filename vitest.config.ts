import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { configDefaults, defineConfig } from 'vitest/config';

/** What starts whole stacks takes minutes and mostly waits: it goes first, so that nothing long is left when all else has ended. */
const LONG = /\/test\/(scenarios|soak|chaos|bench)\//;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/**
 * Files that share processes, since loading the product for each takes longer than most of them. Not so those that run a worker of Temporal, which
 * a process can be set up for only once, or that replace modules.
 */
const SHARING =
  'test/{config,crm,deal,deploy,documents,docusign,gateway,sandbox,security,signing}/**/!(feeds|feeds-killed|file-store|temporal-deals).test.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    // Temporal's native module and the servers the tests start want processes of their own; two cores want few of them.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, SHARING],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'sharing', include: [SHARING], isolate: false },
      },
    ],
  },
});
