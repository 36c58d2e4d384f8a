import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PDFDocument } from '@cantoo/pdf-lib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256, type Entry } from '../../../src/cli/evidence/chain.js';
import { exportEvidence, type Facts } from '../../../src/cli/evidence/export.js';
import { verifyEvidence } from '../../../src/cli/evidence/verify.js';
import type { SignedPdf } from '../../../src/deal/snapshot.js';
import { DocumentError } from '../../../src/documents/documents.js';
import { aSnapshot } from '../../gateway/console/a-console.js';

async function signedPages(...texts: string[]): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  for (const text of texts) pdf.addPage([400, 200]).drawText(text, { x: 20, y: 100 });
  return pdf.save();
}
const signed = await signedPages('Order form', 'Certificate of Completion');
const certificate = Buffer.from('the certificate as it was filed');
const asFiled = (uri: string, bytes: Uint8Array) => ({ uri, sha256: sha256(bytes), bytes: bytes.length });

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-evidence-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** Evidence of a deal whose store holds `held`, by uri. */
async function exporting(signedPdf: SignedPdf | null, held: Record<string, Uint8Array> = {}) {
  const facts: Facts = {
    workflowId: 'deal-42',
    runId: 'run-1',
    snapshot: { ...aSnapshot('completed'), signedPdf },
    history: [],
    filed: async (uri) =>
      held[uri] ?? Promise.reject(new DocumentError('missing', 'There is no such file in DOCUMENT_STORE.')),
  };
  const result = await exportEvidence(facts, join(home, 'evidence'));
  expect(await verifyEvidence(result.folder)).toMatchObject({ ok: true, files: result.files });
  return result;
}
const entryOf = async (name: string) =>
  (await readFile(join(home, 'evidence', 'evidence.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry)
    .find((entry) => entry.name === name);

describe('the evidence of a signed deal', () => {
  const uris = { pdf: 's3://contracts/deal-42/env_1.pdf', certificate: 's3://contracts/deal-42/env_1.certificate.pdf' };
  const filed = { ...asFiled(uris.pdf, signed), pages: 2, certificate: asFiled(uris.certificate, certificate) };

  it('holds the certificate that was filed', async () => {
    const { files } = await exporting(filed, { [uris.pdf]: signed, [uris.certificate]: certificate });
    expect(files).toEqual(['signed.pdf', 'certificate.pdf']);
    expect(await readFile(join(home, 'evidence', 'certificate.pdf'))).toEqual(certificate);
    expect(await entryOf('certificate.pdf')).toMatchObject({ uri: uris.certificate, sha256: sha256(certificate) });
  });

  it.each([null, undefined])('has it cut out of the signed PDF when it was filed without (%s)', async (none) => {
    const { certificate: _filed, ...alone } = filed;
    const { files, missing } = await exporting(none === null ? { ...alone, certificate: null } : alone, {
      [uris.pdf]: signed,
    });
    expect({ files, missing }).toEqual({ files: ['signed.pdf', 'certificate.pdf'], missing: [] });
    expect(await entryOf('certificate.pdf')).toMatchObject({ of: 'signed.pdf', fromPage: 2, pages: 1 });
  });

  it('has it cut out, and says so, when the one that was filed is gone', async () => {
    const { files, missing } = await exporting(filed, { [uris.pdf]: signed });
    expect(files).toEqual(['signed.pdf', 'certificate.pdf']);
    expect(missing).toEqual([expect.stringContaining('as it was filed')]);
    expect(await entryOf('certificate.pdf')).toMatchObject({ of: 'signed.pdf' });
  });

  it('is not written when the signed PDF is gone', async () => {
    await expect(exporting(filed)).rejects.toThrow('There is no such file');
  });

  it('says that there is no certificate when there is none', async () => {
    const without = await signedPages('Order form');
    const { files, missing } = await exporting({ ...asFiled(uris.pdf, without), pages: 1 }, { [uris.pdf]: without });
    expect(files).toEqual(['signed.pdf']);
    expect(missing).toEqual(['the signed PDF has no page that is recognised as the provider’s certificate']);
  });

  it('is not written when what the store holds is not what was filed', async () => {
    await expect(exporting(filed, { [uris.pdf]: certificate })).rejects.toThrow('the PDF in the document store is not');
    await expect(exporting(filed, { [uris.pdf]: signed, [uris.certificate]: signed })).rejects.toThrow(
      'the certificate in the document store is not',
    );
  });

  it('says so when nothing was filed', async () => {
    expect(await exporting(null)).toMatchObject({ files: [], missing: ['no signed PDF was filed'] });
  });
});
