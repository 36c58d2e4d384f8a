/** The signed PDF's way from the provider into the document store. Its bytes never pass through Temporal. */
import { activityInfo, log } from '@temporalio/activity';
import type { Party } from '../deal/party.js';
import type { SignedPdf } from '../deal/snapshot.js';
import { DocumentError, type DocumentStore } from '../documents/documents.js';
import { inspectSignedPdf } from '../documents/signed-pdf.js';
import type { SigningProvider } from '../signing/provider.js';
import { translated, tryLater } from './failures.js';

export interface FilingDeps {
  provider: SigningProvider;
  store: DocumentStore;
}

export function createFilingActivities({ provider, store }: FilingDeps) {
  /** Roles that were signed by another address than was asked: signers may hand their turn on at the provider's page. */
  async function reassignedIn(envelopeId: string, asked: readonly Party[]): Promise<string[]> {
    const signers = (await provider.signers(envelopeId)) ?? [];
    const addresses = asked.filter(({ kind }) => kind === 'signer').map(({ email }) => email.toLowerCase());
    return signers.filter(({ email }, turn) => email.toLowerCase() !== addresses[turn]).map(({ role }) => role);
  }

  /** Fetches, checks and files the signed PDF. What an earlier try has filed is kept, since a provider may draw the same contract anew. */
  async function fileSignedPdf({
    envelopeId,
    parties,
  }: {
    dealId: string;
    envelopeId: string;
    parties: Party[];
  }): Promise<SignedPdf & { reassigned?: string[] }> {
    return translated(async () => {
      const key = `${activityInfo().workflowExecution?.workflowId ?? 'unknown'}/${envelopeId}.pdf`;
      const filed = await store.find(key);
      const bytes = filed?.bytes ?? (await provider.downloadSigned(envelopeId));
      const facts = await inspected(bytes);
      const { uri } = filed ?? (await store.put(key, bytes, facts.sha256));
      log.info('signed PDF filed', { envelope_id: envelopeId, bytes: facts.bytes, pages: facts.pages });
      return { uri, ...facts, reassigned: await reassignedIn(envelopeId, parties) };
    });
  }

  return { fileSignedPdf };
}

/** A cut-off or empty download is fetched again: it says nothing of the contract (providers are known to serve 0 bytes for a while). */
async function inspected(bytes: Uint8Array): Promise<{ bytes: number; pages: number; sha256: string }> {
  try {
    return await inspectSignedPdf(bytes);
  } catch (error) {
    if (error instanceof DocumentError) throw tryLater('signed-pdf-unreadable', error.message);
    throw error;
  }
}
