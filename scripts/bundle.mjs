// Builds the workflow bundles that workers run, and notes which build this is: dist/workflow-bundle.js, the same for workers with versions in
// dist/versioned-workflow-bundle.js, and dist/build-id. Part of `npm run build`.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { buildId } from './build-id.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const quiet = () => undefined;

async function bundle(workflows, target) {
  const { code } = await bundleWorkflowCode({
    workflowsPath: at(`../dist/workflows/${workflows}`),
    workflowInterceptorModules: [at('../dist/workflows/log-attributes.js')],
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
  });
  await writeFile(at(`../dist/${target}`), code);
}

await bundle('index.js', 'workflow-bundle.js');
await bundle('versioned.js', 'versioned-workflow-bundle.js');
await writeFile(at('../dist/build-id'), buildId(at('..'), process.env));
