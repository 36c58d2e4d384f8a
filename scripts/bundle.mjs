// Builds the workflow bundles of every worker: dist/workflow-bundle.js, and dist/workflow-bundle-traced.js for workers that trace, since
// OpenTelemetry costs memory with each cached deal. Part of `npm run build`.
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const quiet = () => undefined;
const logAttributes = at('../dist/workflows/log-attributes.js');
const openTelemetry = createRequire(import.meta.url).resolve(
  '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors',
);
const BUNDLES = {
  'workflow-bundle.js': [logAttributes],
  'workflow-bundle-traced.js': [openTelemetry, at('../dist/tracing/workflow-links.js'), logAttributes],
};

for (const [name, workflowInterceptorModules] of Object.entries(BUNDLES)) {
  const { code } = await bundleWorkflowCode({
    workflowsPath: at('../dist/workflows/index.js'),
    workflowInterceptorModules,
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
  });
  await writeFile(at(`../dist/${name}`), code);
}
