/** The signed PDF's way from the provider into the document store. Its bytes never pass through Temporal. */
import { activityInfo, log } from '@temporalio/activity';
import type { Party } from '../deal/party.js';
import type { FiledCertificate, SignedPdf } from '../deal/snapshot.js';
import { DocumentError, type DocumentStore } from '../documents/documents.js';
import { sha256Of } from '../documents/recognise.js';
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

  /** The certificate that lies in the store under `key`, put there when it does not yet. Null when the provider has none or it cannot be had. */
  async function certificateBeside(key: string, envelopeId: string, signed: Uint8Array) {
    const there = await store.find(key);
    if (there) return factsOf(there);
    const bytes = await certificateOf(envelopeId, signed);
    return bytes && factsOf(await put(key, bytes, sha256Of(bytes)));
  }

  /** Another try may have filed other bytes at the same moment: the first ones count. */
  async function put(key: string, bytes: Uint8Array, sha256: string): Promise<{ uri: string; bytes: Uint8Array }> {
    try {
      return { ...(await store.put(key, bytes, sha256)), bytes };
    } catch (error) {
      if (!(error instanceof DocumentError) || error.kind !== 'refused') throw error;
      const first = await store.find(key);
      if (!first) throw error;
      return first;
    }
  }

  /** A certificate that cannot be had keeps no signed PDF from being filed. */
  async function certificateOf(envelopeId: string, signed: Uint8Array): Promise<Uint8Array | null> {
    try {
      const bytes = await provider.certificate(envelopeId, signed);
      if (!bytes) log.info('the signed PDF has no certificate beside it', { envelope_id: envelopeId });
      return bytes;
    } catch (error) {
      const why = error instanceof Error ? error.name : 'unknown';
      log.warn('the certificate of completion could not be had: it is not filed', { envelope_id: envelopeId, why });
      return null;
    }
  }

  /** Nothing but a signed PDF that can be read is put into the store. */
  async function fetched(envelopeId: string, key: string) {
    const bytes = await provider.downloadSigned(envelopeId);
    const facts = await inspected(bytes);
    const filed = await put(key, bytes, facts.sha256);
    return filed.bytes === bytes ? { ...filed, facts } : checked(filed);
  }

  async function checked(filed: { uri: string; bytes: Uint8Array }) {
    return { ...filed, facts: await inspected(filed.bytes) };
  }

  /**
   * Fetches, checks and files the signed PDF and, beside it, its certificate. What an earlier try has filed is kept, since a provider may draw
   * the same contract anew.
   */
  async function fileSignedPdf({
    envelopeId,
    parties,
  }: {
    dealId: string;
    envelopeId: string;
    parties: Party[];
  }): Promise<SignedPdf & { reassigned?: string[] }> {
    return translated(async () => {
      const place = `${activityInfo().workflowExecution?.workflowId ?? 'unknown'}/${envelopeId}`;
      const there = await store.find(`${place}.pdf`);
      const { uri, bytes, facts } = await (there ? checked(there) : fetched(envelopeId, `${place}.pdf`));
      log.info('signed PDF filed', { envelope_id: envelopeId, bytes: facts.bytes, pages: facts.pages });
      const certificate = await certificateBeside(`${place}.certificate.pdf`, envelopeId, bytes);
      return { uri, ...facts, certificate, reassigned: await reassignedIn(envelopeId, parties) };
    });
  }

  return { fileSignedPdf };
}

function factsOf({ uri, bytes }: { uri: string; bytes: Uint8Array }): FiledCertificate {
  return { uri, sha256: sha256Of(bytes), bytes: bytes.length };
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
