import { PDFDocument } from '@cantoo/pdf-lib';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Party } from '../../src/deal/party.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { certificateIn } from '../../src/signing/certificate.js';
import { createAtlasClient } from '../../src/signing/atlas/client.js';
import { createAtlasProvider } from '../../src/signing/atlas/provider.js';

/** A signed PDF with one page for each text. */
async function aSigned(...pages: string[]): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  for (const text of pages) pdf.addPage([400, 200]).drawText(text, { x: 20, y: 100, size: 10 });
  return pdf.save();
}

async function textsOf(bytes: Uint8Array | undefined): Promise<string[]> {
  const task = getDocument({ data: new Uint8Array(bytes ?? []), verbosity: 0 });
  const pdf = await task.promise;
  const texts: string[] = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const { items } = await (await pdf.getPage(number)).getTextContent();
    texts.push(items.map((item) => ('str' in item ? item.str : '')).join(''));
  }
  await task.destroy();
  return texts;
}

describe('the certificate in a signed PDF', () => {
  it('is cut out from its heading to the end', async () => {
    const certificate = await certificateIn(
      await aSigned('Order form', 'Terms', 'Certificate of Completion', '2. Bob, signed'),
    );
    expect(certificate).toMatchObject({ firstPage: 3, pages: 2 });
    expect(await textsOf(certificate?.bytes)).toEqual(['Certificate of Completion', '2. Bob, signed']);
  });

  it('is not taken for the page of the contract that speaks of certificates', async () => {
    const contract = ['Payment is due upon a certificate of completion by the architect', 'Terms'];
    const certificate = await certificateIn(await aSigned(...contract, 'CERTIFICATE OF COMPLETION'));
    expect(await textsOf(certificate?.bytes)).toEqual(['CERTIFICATE OF COMPLETION']);
  });

  it('is whole when it has its heading on each page', async () => {
    const pages = ['Signing record, page 1', 'Signing record, page 2'];
    expect(await textsOf((await certificateIn(await aSigned('Order form', ...pages)))?.bytes)).toEqual(pages);
  });

  it('has the same bytes each time', async () => {
    const signed = await aSigned('Order form', 'Certificate of Completion');
    const before = Buffer.from(signed);
    const [one, other] = [await certificateIn(signed), await certificateIn(signed)];
    expect(Buffer.from(one?.bytes ?? []).equals(other?.bytes ?? Buffer.from('none'))).toBe(true);
    expect(before.equals(signed)).toBe(true);
  });

  it('is not found where there is none', async () => {
    expect(await certificateIn(await aSigned('Order form', 'Terms'))).toBeUndefined();
  });

  it('cannot be had from bytes that are no PDF', async () => {
    await expect(certificateIn(Buffer.from('no PDF'))).rejects.toThrow();
  });

  it('of an envelope with many signers goes on over its pages', async () => {
    const sandbox = await startSandbox({ settings: { detection_ms: 20 } });
    const provider = createAtlasProvider(createAtlasClient({ baseUrl: sandbox.url, apiKey: 'sandbox-key' }));
    onTestFinished(async () => {
      await provider.close();
      await sandbox.stop();
    });
    const parties = Array.from({ length: 8 }, (_, at): Party => ({
      ...{ email: `signer-${at + 1}@customer.test`, role: `Signer ${at + 1}`, order: at + 1, kind: 'signer' },
    }));
    const bytes = await aSigned('Order form', 'Terms: certificate of completion of the works. Signature: ____________');
    const { envelopeId } = await provider.createEnvelope(
      {
        document: { name: 'order-form.pdf', contentType: 'application/pdf', bytes },
        ...{ transport: 'multipart', parties, webhookUrl: 'http://127.0.0.1:1/webhooks/atlas' },
        ...{ externalId: 'deal-1/r1', clientReferenceId: '1' },
      },
      'create',
    );
    const { fieldsVersion } = await vi.waitFor(async () => {
      const reading = await provider.readEnvelope(envelopeId);
      expect(reading.fieldsStatus).toBe('ready');
      return reading;
    }, 10_000);
    await provider.sendEnvelope(envelopeId, { parties, fieldsVersion }, 'send');
    for (let turn = 1; turn <= parties.length; turn += 1) {
      await fetch(`${sandbox.url}/_sandbox/envelopes/${envelopeId}/sign`, { method: 'POST' });
    }
    const certificate = await provider.certificate(envelopeId, await provider.downloadSigned(envelopeId));
    const [first, second, ...more] = await textsOf(certificate ?? undefined);
    expect(first).toContain('Certificate of Completion');
    expect(second).toContain('signer-8@customer.test');
    expect(more).toEqual([]);
  });
});
