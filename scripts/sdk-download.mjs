// Lets the SDK fetch one of its servers into a folder, as its tests do: `node scripts/sdk-download.mjs dev|time-skipping FOLDER`.
// A process of its own, because a download of the SDK's native part cannot be called off.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [kind, downloadDir] = process.argv.slice(2);
const server = { executable: { type: 'cached-download', downloadDir, ttl: '3650 days' } };

try {
  const started =
    kind === 'dev'
      ? await TestWorkflowEnvironment.createLocal({ server })
      : await TestWorkflowEnvironment.createTimeSkipping({ server });
  await started.teardown();
} catch (error) {
  // The cause is said last: "error sending request ...: dns error: failed to lookup address".
  const said = error instanceof Error ? error.message : String(error);
  console.error(said.split(/: (?=client error|error sending)/).at(-1));
  process.exitCode = 1;
}
