import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../src/stack/ports.js';

/**
 * Starts the time-skipping server at this path; `teardown` ends it. The SDK gives it 5 s, in which a busy machine may not even
 * have read its 84 MB, and cannot tell why it did not start: so it is tried up to `attempts` times before that is an error.
 */
export async function startTimeSkipping(path: string, attempts = 4): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path }, port: await freePort() },
      client: { identity: 'test' },
    });
  } catch (error) {
    if (attempts <= 1) throw error;
    return startTimeSkipping(path, attempts - 1);
  }
}
