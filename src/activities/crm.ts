/** The deal's writes to the CRM: short and repeatable, so they run as local activities. */
import { activityInfo } from '@temporalio/activity';
import { CrmError, type Crm } from '../crm/crm.js';
import type { SignedPdf } from '../deal/snapshot.js';
import type { CrmRecord } from '../deal/state.js';
import type { DocumentStore } from '../documents/documents.js';
import { translated } from './failures.js';

export interface CrmDeps {
  crm: Crm;
  store: DocumentStore;
}

export function createCrmActivities({ crm, store }: CrmDeps) {
  /** Writes the deal as it stands. */
  async function recordInCrm(record: CrmRecord): Promise<'taken' | 'gone'> {
    return unlessGone(() => crm.record(record, writeId(`v${record.version}`)));
  }

  /** Attaches the filed PDF to the CRM's deal, once, and only then tells it that the contract is completed. */
  async function completeInCrm({
    envelopeId,
    pdf,
    record,
  }: {
    envelopeId: string;
    pdf: SignedPdf;
    record: CrmRecord;
  }): Promise<'taken' | 'gone'> {
    const owner = { dealId: record.dealId, round: record.round, envelopeId };
    return unlessGone(async () => {
      await crm.attach(owner, pdf, () => store.get(pdf.uri), writeId(`attach/${pdf.sha256}`));
      await crm.record(record, writeId(`v${record.version}`));
    });
  }

  return { recordInCrm, completeInCrm };
}

/** A CRM that has deleted the deal is an answer the deal can go on with, not a failure. */
async function unlessGone(write: () => Promise<void>): Promise<'taken' | 'gone'> {
  return translated(async () => {
    try {
      await write();
      return 'taken';
    } catch (error) {
      if (error instanceof CrmError && error.kind === 'gone') return 'gone';
      throw error;
    }
  });
}

/** Names one write for good: the CRM may drop a second one of the same name. */
function writeId(write: string): string {
  return `${activityInfo().workflowExecution?.workflowId ?? 'unknown'}/crm/${write}`;
}
