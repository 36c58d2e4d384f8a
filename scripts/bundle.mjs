// Builds the workflow bundle that every worker runs: dist/workflow-bundle.js. Part of `npm run build`.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const quiet = () => undefined;
const { code } = await bundleWorkflowCode({
  workflowsPath: at('../dist/workflows/index.js'),
  workflowInterceptorModules: [at('../dist/workflows/log-attributes.js')],
  logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
});
await writeFile(at('../dist/workflow-bundle.js'), code);
