/** What is downloaded: the documents as they were signed, and the certificate. */
import { PDFDocument, rgb, StandardFonts, type PDFFont, type PDFPage } from '@cantoo/pdf-lib';
import { randomUUID } from 'node:crypto';
import { fittingSize, printable } from '../lettering.js';
import { signersOf, type Envelope, type EnvelopeDocument, type Tab } from './envelope.js';
import { stamp } from './present.js';

const INK = rgb(0.07, 0.15, 0.42);

/** One PDF of these documents, with the envelope's id on each page and what signers filled in, and of the certificate where it is wanted. */
export async function drawPdf(
  envelope: Envelope,
  documents: readonly EnvelopeDocument[],
  { certificate, stable }: { certificate: boolean; stable: boolean },
): Promise<Buffer> {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (const document of [...documents].sort((one, other) => one.order - other.order)) {
    const original = await PDFDocument.load(document.bytes, { updateMetadata: false });
    const pages = await pdf.copyPages(original, original.getPageIndices());
    for (const page of pages) {
      pdf.addPage(page);
      write(page, font, `Docusign Envelope ID: ${envelope.envelopeId.toUpperCase()}`, 20, page.getHeight() - 14, 7);
    }
    drawTabs(envelope, document, pages, font);
  }
  if (certificate) drawCertificate(pdf, envelope, font);
  if (!stable) pdf.setKeywords([randomUUID()]);
  return Buffer.from(await pdf.save());
}

function drawTabs(envelope: Envelope, document: EnvelopeDocument, pages: readonly PDFPage[], font: PDFFont): void {
  for (const signer of signersOf(envelope)) {
    if (signer.status !== 'completed') continue;
    for (const tab of signer.tabs.filter(({ documentId }) => documentId === document.documentId)) {
      const page = pages[tab.pageNumber - 1];
      if (page) write(page, font, textOf(tab, signer.name), tab.x, page.getHeight() - tab.y, 10);
    }
  }
}

function textOf(tab: Tab, signer: string): string {
  if (tab.type === 'signHereTabs') return `Signed by: ${signer}`;
  return tab.type === 'initialHereTabs' ? signer.slice(0, 1) : (tab.value ?? '');
}

function drawCertificate(pdf: PDFDocument, envelope: Envelope, font: PDFFont): void {
  const pages = envelope.documents.reduce((sum, document) => sum + document.pages.length, 0);
  const status = envelope.status.slice(0, 1).toUpperCase() + envelope.status.slice(1);
  const time = (at: number | null): string => (at === null ? 'none' : stamp(at));
  const lines = [
    `Envelope Id: ${envelope.envelopeId.toUpperCase()}`,
    `Status: ${status}`,
    `Subject: ${envelope.emailSubject}`,
    `Document Pages: ${pages}`,
    `Envelope Sent: ${time(envelope.sentAt)}`,
    `Completed: ${time(envelope.completedAt)}`,
    'Signer Events',
    ...signersOf(envelope).flatMap(({ name, email, sentAt, deliveredAt, signedAt }) => [
      name,
      email,
      `Sent: ${time(sentAt)}  Viewed: ${time(deliveredAt)}  Signed: ${time(signedAt)}`,
    ]),
  ];
  const perPage = 44;
  for (let start = 0; start < lines.length; start += perPage) {
    const page = pdf.addPage([612, 792]);
    write(page, font, 'Certificate Of Completion', 40, 740, 14);
    for (const [index, line] of lines.slice(start, start + perPage).entries())
      write(page, font, line, 40, 710 - index * 15, 9);
  }
}

function write(page: PDFPage, font: PDFFont, raw: string, x: number, y: number, size: number): void {
  const text = printable(raw, font);
  if (text === '') return;
  page.drawText(text, {
    x,
    y,
    size: fittingSize(text, font, size, Math.max(40, page.getWidth() - x - 10)),
    font,
    color: INK,
  });
}
