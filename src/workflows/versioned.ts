/**
 * The workflows as workers with versions run them (docs/deploying.md): a deal ends on the code that it began with; what runs for ever, or comes
 * back by itself, goes on with the code of today. A bundle of its own, since Temporal refuses these declarations from workers without versions.
 */
import { setWorkflowOptions } from '@temporalio/workflow';
import {
  backfillFromCrm,
  docusignMonitorSync,
  docusignUserSync,
  ledger,
  shadowDraft,
  signDeal,
  takeFromCrm,
} from './index.js';

setWorkflowOptions({ versioningBehavior: 'PINNED' }, signDeal);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, ledger);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, backfillFromCrm);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, takeFromCrm);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, docusignMonitorSync);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, docusignUserSync);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, shadowDraft);

export * from './index.js';
