import { writeFile, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

export const BUNDLE = fileURLToPath(
  new URL('../../node_modules/.cache/countersign/test-workflows.js', import.meta.url),
);

/** Bundles the workflows of the sources under test once for all test files. */
export default async function setup(): Promise<void> {
  const code = await bundleOf();
  await mkdir(fileURLToPath(new URL('.', `file://${BUNDLE}`)), { recursive: true });
  await writeFile(BUNDLE, code);
}

/** The code of the sources' workflows; `failureConverter` is a file of src/workflows/. */
export async function bundleOf(failureConverter?: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    workflowInterceptorModules: [fileURLToPath(new URL('../../src/workflows/log-attributes.ts', import.meta.url))],
    logger: new DefaultLogger('WARN'),
    ...(failureConverter !== undefined && {
      failureConverterPath: fileURLToPath(new URL(`../../src/workflows/${failureConverter}`, import.meta.url)),
    }),
  });
  return code;
}
