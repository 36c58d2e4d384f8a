import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

export interface Releases {
  /** The workflows as they are. */
  first: string;
  /** With a command more, behind a patch. */
  patched: string;
  /** With the same command and no patch: every deal that began before meets a command that its history does not have. */
  careless: string;
}

/** Workflow bundles of three releases, for workers with versions. */
export async function bundleReleases(): Promise<Releases> {
  const workflowsPath = fileURLToPath(new URL('later-version.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const changed = (to: string): string => {
    const release = code.replace("const CHANGE = 'patched'", `const CHANGE = '${to}'`);
    if (release === code) throw new Error('the bundle has no CHANGE to replace');
    return release;
  };
  return { first: changed('none'), patched: code, careless: changed('careless') };
}
