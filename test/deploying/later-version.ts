/**
 * The workflows of a later release, which note in a deal's memo that its contract is one of the second version: one command more. `releases.ts`
 * makes other releases of the bundle of this file by another CHANGE.
 */
import { patched, setWorkflowOptions, upsertMemo } from '@temporalio/workflow';
import { signDeal as firstVersion } from '../../src/workflows/versioned.js';

export {
  backfillFromCrm,
  docusignMonitorSync,
  docusignUserSync,
  ledger,
  shadowDraft,
  takeFromCrm,
} from '../../src/workflows/versioned.js';

const CHANGE: string = 'patched';

export async function signDeal(...args: Parameters<typeof firstVersion>): ReturnType<typeof firstVersion> {
  if (CHANGE === 'careless' || (CHANGE === 'patched' && patched('second-version'))) upsertMemo({ version: 2 });
  return firstVersion(...args);
}
setWorkflowOptions({ versioningBehavior: 'PINNED' }, signDeal);
