/** `countersign evidence`: what happened to a deal, by whom and when, in one folder that proves itself. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DealSnapshot, SignedPdf } from '../../deal/snapshot.js';
import { DocumentError } from '../../documents/documents.js';
import { certificateIn } from '../../signing/certificate.js';
import { chain, sha256, type Entry } from './chain.js';

export const LINES = 'evidence.jsonl';

/** Everything that is known of a deal. */
export interface Facts {
  workflowId: string;
  runId: string;
  snapshot: DealSnapshot;
  history: readonly Entry[];
  /** What the document store holds at a uri. Throws when it cannot be fetched. */
  filed: (uri: string) => Promise<Uint8Array>;
}

export interface Exported {
  folder: string;
  entries: number;
  /** Hash of the last line. */
  head: string;
  files: string[];
  /** What could not be put in, in words. */
  missing: string[];
}

/** Writes the folder, which must be new or empty. Throws when it is not, or when the signed PDF is not the one the deal filed. */
export async function exportEvidence(facts: Facts, folder: string): Promise<Exported> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty: name a new folder by --out`);
  const missing: string[] = [];
  const files = await filesOf(facts, missing);
  const entries = [...entriesOf(facts), ...files.map(({ entry }) => entry), ...missing.map(missingEntry)];
  const { text, head } = chain(entries);
  for (const { name, bytes } of files) await writeFile(join(folder, name), bytes, { flag: 'wx' });
  await writeFile(join(folder, LINES), text, { flag: 'wx' });
  return { folder, entries: entries.length, head, files: files.map(({ name }) => name), missing };
}

const missingEntry = (what: string): Entry => ({ kind: 'missing', what });

function entriesOf({ workflowId, runId, snapshot, history }: Facts): Entry[] {
  const { dealId, round, documentType, provider, stage, since, credits, envelopeId, revision, replaced } = snapshot;
  return [
    {
      kind: 'deal',
      exportedAt: new Date().toISOString(),
      ...{ dealId, round, documentType, provider, workflowId, runId, stage, since, credits },
      progress: snapshot.parties,
    },
    ...replaced.map((envelope) => ({ kind: 'envelope', state: 'replaced', ...envelope })),
    ...(envelopeId === null
      ? []
      : [{ kind: 'envelope', state: 'last', envelopeId, revision, apiKeyId: snapshot.apiKeyId }]),
    ...snapshot.timeline.map((entry) => ({ kind: 'timeline', ...entry })),
    ...history,
  ];
}

interface EvidenceFile {
  name: string;
  bytes: Uint8Array;
  entry: Entry;
}

async function filesOf({ snapshot: { signedPdf }, filed }: Facts, missing: string[]): Promise<EvidenceFile[]> {
  if (!signedPdf) {
    missing.push('no signed PDF was filed');
    return [];
  }
  const signed = await asFiled('PDF', signedPdf, filed);
  const certificate = (await filedCertificate(signedPdf, filed, missing)) ?? (await cutOut(signed));
  if (!certificate) missing.push('the signed PDF has no page that is recognised as the provider’s certificate');
  return [fileOf('signed.pdf', signed, { uri: signedPdf.uri }), ...(certificate ? [certificate] : [])];
}

/** Undefined when none was filed or it is gone, which the signed PDF makes up for. */
async function filedCertificate(
  { certificate }: SignedPdf,
  filed: Facts['filed'],
  missing: string[],
): Promise<EvidenceFile | undefined> {
  if (!certificate) return undefined;
  try {
    return fileOf('certificate.pdf', await asFiled('certificate', certificate, filed), { uri: certificate.uri });
  } catch (error) {
    if (!(error instanceof DocumentError) || error.kind !== 'missing') throw error;
    missing.push(
      'the certificate as it was filed is no longer in the document store: the one here is of the signed PDF',
    );
    return undefined;
  }
}

async function asFiled(
  what: string,
  { uri, sha256: expected }: { uri: string; sha256: string },
  filed: Facts['filed'],
): Promise<Uint8Array> {
  const bytes = await filed(uri);
  if (sha256(bytes) === expected) return bytes;
  throw new Error(`the ${what} in the document store is not the one that was filed: its SHA-256 should be ${expected}`);
}

/** The certificate as it stands in the signed PDF. */
async function cutOut(signed: Uint8Array): Promise<EvidenceFile | undefined> {
  const certificate = await certificateIn(signed);
  if (!certificate) return undefined;
  const { bytes, firstPage: fromPage, pages } = certificate;
  return fileOf('certificate.pdf', bytes, { of: 'signed.pdf', fromPage, pages });
}

function fileOf(name: string, bytes: Uint8Array, facts: Record<string, unknown>): EvidenceFile {
  return { name, bytes, entry: { kind: 'file', name, sha256: sha256(bytes), bytes: bytes.length, ...facts } };
}
