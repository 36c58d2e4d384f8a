// Builds the workflow bundles that workers run, the plain one and the one for encrypted payloads. Part of `npm run build`.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const quiet = () => undefined;

async function bundle(file, converters) {
  const { code } = await bundleWorkflowCode({
    workflowsPath: at('../dist/workflows/index.js'),
    workflowInterceptorModules: [at('../dist/workflows/log-attributes.js')],
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
    ...converters,
  });
  await writeFile(at(`../dist/${file}`), code);
}

await bundle('workflow-bundle.js', {});
// What workflows fail with is encoded inside the bundle, which cannot ask whether there are keys.
await bundle('workflow-bundle-encrypted.js', { failureConverterPath: at('../dist/workflows/encoded-failures.js') });
