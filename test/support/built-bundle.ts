import type * as Bundles from '../../src/temporal/workflow-bundle.js';

/** A workflow bundle as a worker of this kind loads it, from what is built; made at the first asking. */
export async function builtBundle(kind: Partial<Bundles.BundleKind>): Promise<{ codePath: string } | { code: string }> {
  const { href } = new URL('../../dist/temporal/workflow-bundle.js', import.meta.url);
  const { workflowBundle } = (await import(href)) as typeof Bundles;
  return workflowBundle({ versioned: false, traced: false, encrypted: false, ...kind });
}
