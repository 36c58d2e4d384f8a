/** `countersign evidence`: what happened to a deal, by whom and when, in one folder that proves itself. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DealSnapshot } from '../../deal/snapshot.js';
import { chain, sha256, type Entry } from './chain.js';

export const LINES = 'evidence.jsonl';

/** Everything that is known of a deal. */
export interface Facts {
  workflowId: string;
  runId: string;
  snapshot: DealSnapshot;
  history: readonly Entry[];
  /** Undefined when none is filed. Throws when it cannot be fetched. */
  signedPdf: () => Promise<Uint8Array | undefined>;
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

async function filesOf({ snapshot, signedPdf: fetch }: Facts, missing: string[]): Promise<EvidenceFile[]> {
  const { signedPdf: filed } = snapshot;
  const bytes = filed ? await fetch() : undefined;
  if (!filed || !bytes) {
    missing.push(filed ? 'the signed PDF is no longer in the document store' : 'no signed PDF was filed');
    return [];
  }
  if (sha256(bytes) !== filed.sha256)
    throw new Error(
      `the PDF in the document store is not the one that was filed: its SHA-256 should be ${filed.sha256}`,
    );
  const files = [fileOf('signed.pdf', bytes, { uri: filed.uri })];
  // Reading PDFs is much code, which no other command should wait for.
  const { certificateIn } = await import('./certificate.js');
  const certificate = await certificateIn(bytes);
  if (!certificate) missing.push('the signed PDF has no page that is recognised as the provider’s certificate');
  else
    files.push(
      fileOf('certificate.pdf', certificate.bytes, {
        of: 'signed.pdf',
        fromPage: certificate.firstPage,
        pages: certificate.pages,
      }),
    );
  return files;
}

function fileOf(name: string, bytes: Uint8Array, facts: Record<string, unknown>): EvidenceFile {
  return { name, bytes, entry: { kind: 'file', name, sha256: sha256(bytes), bytes: bytes.length, ...facts } };
}
