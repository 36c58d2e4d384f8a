import { rgb, type PDFDocument, type PDFFont, type PDFPage } from '@cantoo/pdf-lib';
import { fittingSize, printable } from './lettering.js';
import { signersOf, type Envelope } from './model.js';
import type { Fonts } from './signed-pdf.js';

const PAGE = { width: 612, height: 792, margin: 56 };
const DARK = rgb(0.1, 0.12, 0.18);
const GREY = rgb(0.4, 0.43, 0.5);
const RULE = rgb(0.85, 0.87, 0.9);
const SIGNER_HEIGHT = 74;

/** Appends the Certificate of Completion: what was signed, and by whom, when (UTC) and from where (Atlas notes 12). */
export function addCertificate(pdf: PDFDocument, envelope: Envelope, fonts: Fonts): void {
  let page = pdf.addPage([PAGE.width, PAGE.height]);
  let y = PAGE.height - PAGE.margin - 20;
  text(page, 'Certificate of Completion', PAGE.margin, y, fonts.bold, 20);
  y -= 32;
  const facts: [string, string][] = [
    ['Envelope', envelope.id],
    ['Document', envelope.document.name],
    ['Document SHA-256', envelope.document.sha256],
    ['Original pages', String(envelope.document.pages ?? 'unknown')],
    ['Sent (UTC)', envelope.sentAt ?? ''],
    ['Completed (UTC)', envelope.signedAt ?? ''],
    ['Legal framework', envelope.legalFramework],
  ];
  for (const [name, value] of facts) {
    text(page, name, PAGE.margin, y, fonts.regular, 9, GREY);
    text(page, value, PAGE.margin + 120, y, fonts.regular, 9);
    y -= 16;
  }
  y -= 14;
  for (const party of signersOf(envelope)) {
    if (y < PAGE.margin + SIGNER_HEIGHT) {
      page = pdf.addPage([PAGE.width, PAGE.height]);
      y = PAGE.height - PAGE.margin;
    }
    const line = { start: { x: PAGE.margin, y }, end: { x: PAGE.width - PAGE.margin, y }, thickness: 0.6, color: RULE };
    page.drawLine(line);
    const role = party.role === null ? '' : ` (${party.role})`;
    text(
      page,
      `${party.order}. ${party.signature ?? party.name ?? party.email}${role}`,
      PAGE.margin,
      y - 18,
      fonts.bold,
      11,
    );
    text(
      page,
      party.signature ?? '',
      PAGE.width - PAGE.margin - 180,
      y - 36,
      fonts.signature,
      18,
      rgb(0.07, 0.15, 0.42),
      180,
    );
    text(page, party.email, PAGE.margin, y - 33, fonts.regular, 9);
    text(
      page,
      `Signed ${party.signedAt ?? ''} (UTC) from ${party.ip ?? 'unknown'}`,
      PAGE.margin,
      y - 47,
      fonts.regular,
      9,
      GREY,
    );
    y -= SIGNER_HEIGHT;
  }
}

function text(
  page: PDFPage,
  raw: string,
  x: number,
  y: number,
  font: PDFFont,
  size: number,
  color = DARK,
  width = PAGE.width - PAGE.margin - x,
): void {
  const letters = printable(raw, font);
  page.drawText(letters, { x, y, size: fittingSize(letters, font, size, width), font, color });
}
